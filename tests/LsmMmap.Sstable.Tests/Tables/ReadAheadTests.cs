// What a scan asks of the disk ahead of its use, and that it asks for nothing that is known to be
// in memory.

using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;
using LsmMmap.Sstable.Tests.Support;

namespace LsmMmap.Sstable.Tests.Tables;

public sealed class ReadAheadTests
{
    private const int Entries = 60_000;
    private const int ValueBytes = 100;

    [Fact]
    public void Scan_OfCopiedBlocks_AsksForDoublingWindowsWithoutGaps()
    {
        using TestTable table = Make(BlockReadMode.Copy);
        using var cursor = new TableCursor();
        cursor.Reset(table.Reader, sequentialRead: false);
        Assert.True(cursor.SeekToFirst());
        Assert.Empty(Advised(table));
        long firstEnd = -1;
        for (long before = cursor.BlockOffset; cursor.Next(); before = cursor.BlockOffset)
        {
            if (cursor.BlockOffset != before && firstEnd < 0)
                firstEnd = cursor.BlockOffset;
            AssertAskedFor(table, cursor.BlockOffset, firstEnd);
        }
        AssertDoubling(Advised(table));
        for (int i = 1; i < Advised(table).Count; i++)
        {
            (long offset, long length) = Advised(table)[i - 1];
            Assert.Equal(offset + length, Advised(table)[i].Offset);
        }
    }

    [Fact]
    public void ScanBackward_OfCopiedBlocks_AsksForDoublingWindowsWithoutGaps()
    {
        using TestTable table = Make(BlockReadMode.Copy);
        using var cursor = new TableCursor();
        cursor.Reset(table.Reader, sequentialRead: false);
        Assert.True(cursor.SeekToLast());
        Assert.Empty(Advised(table));
        int seen = 1;
        while (cursor.Previous())
            seen++;
        Assert.Equal(Entries, seen);
        AssertDoubling(Advised(table));
        for (int i = 1; i < Advised(table).Count; i++)
        {
            (long offset, long length) = Advised(table)[i];
            Assert.Equal(Advised(table)[i - 1].Offset, offset + length);
        }
        Assert.Equal(0, Advised(table)[^1].Offset);
    }

    [Fact]
    public void Scan_OfTouchedBlocks_AsksForNothing()
    {
        using TestTable table = Make(BlockReadMode.Direct);
        using var cursor = new TableCursor();
        for (int round = 0; round < 2; round++)
        {
            Advised(table).Clear();
            cursor.Reset(table.Reader, sequentialRead: false);
            int seen = 0;
            for (bool isThere = cursor.SeekToFirst(); isThere; isThere = cursor.Next())
                seen++;
            Assert.Equal(Entries, seen);
            Assert.Equal(round == 0, Advised(table).Count > 0);
        }
    }

    [Fact]
    public void Seek_AfterALongScan_BeginsWithASmallWindow()
    {
        using TestTable table = Make(BlockReadMode.Guarded);
        using var cursor = new TableCursor();
        cursor.Reset(table.Reader, sequentialRead: false);
        for (bool isThere = cursor.SeekToFirst(); isThere; isThere = cursor.Next())
        {
            // To the end.
        }
        Advised(table).Clear();
        TestEntry target = table.Entries[Entries / 2];
        Assert.True(cursor.Seek(target.Key, target.Tag));
        Assert.Empty(Advised(table));
        long block = cursor.BlockOffset;
        while (cursor.BlockOffset == block)
            Assert.True(cursor.Next());
        (long offset, long length) = Assert.Single(Advised(table));
        Assert.Equal(ReadAhead.BytesFirst, length);
        Assert.InRange(cursor.BlockOffset, offset, offset + length - 1);
    }

    /// <summary>Windows were once as long as the values between two blocks, whatever that was.
    /// </summary>
    [Fact]
    public void Scan_OverValuesApart_AsksForThemWhereTheyFitTheWindow()
    {
        using TestTable table = Make(BlockReadMode.Copy, count: 2_000, valueBytes: 3_000);
        using var cursor = new TableCursor();
        cursor.Reset(table.Reader, sequentialRead: false);
        long first = -1;
        for (bool isThere = cursor.SeekToFirst(); isThere; isThere = cursor.Next())
        {
            Assert.Equal(3_000, cursor.Value.Length);
            first = first < 0 ? cursor.BlockOffset : first;
            long block = cursor.BlockOffset;
            Assert.True(block == first || Advised(table).Any(
                range => block >= range.Offset && block < range.Offset + range.Length));
        }
        Assert.All(Advised(table), range => Assert.InRange(
            range.Length, 1, ReadAhead.BytesMax + 4096));
        long asked = Advised(table).Sum(static range => range.Length);
        Assert.InRange(asked, table.Bytes.Length / 4, table.Bytes.Length);
    }

    [Fact]
    public void Announce_BlockThatMayBeOnDisk_AsksForIt()
    {
        foreach (BlockReadMode mode in Enum.GetValues<BlockReadMode>())
        {
            using TestTable table = Make(mode);
            TestEntry entry = table.Entries[Entries / 3];
            Assert.Equal(1, AdviceFor(table, entry));
            // Read once, a mapped block is known to be there; the others may have gone.
            Assert.Equal(mode == BlockReadMode.Direct ? 0 : 1, AdviceFor(table, entry));
        }
    }

    [Fact]
    public void Announce_BlockInTheCache_AsksForNothing()
    {
        // Large enough for any memory of the process's pool, which another test may have stretched.
        using TestTable table = Make(
            BlockReadMode.Direct, new TableOptions { Codec = BlockCodec.Lz4 },
            new InflatedBlockCache(64 << 20));
        TestEntry entry = table.Entries[Entries / 3];
        Assert.Equal(1, AdviceFor(table, entry));
        Assert.Equal(0, AdviceFor(table, entry));
    }

    private static List<(long Offset, long Length)> Advised(TestTable table) =>
        table.Bytes.Advised!;

    private static int AdviceFor(TestTable table, TestEntry entry)
    {
        Advised(table).Clear();
        ulong hash = InternalKey.Hash(entry.Key);
        var probe = default(TableProbe);
        var value = default(TableValue);
        probe.Aim(table.Reader, hash);
        Assert.True(probe.Find(entry.Key, hash, entry.Tag, isLikely: false));
        probe.Announce();
        Assert.True(probe.Search(entry.Key, entry.Tag));
        Assert.True(probe.Take(entry.Key, entry.Tag, ref value));
        Assert.Equal(entry.Value, value.Value.Span.ToArray());
        value.Owner?.Release();
        return Advised(table).Count;
    }

    private static void AssertAskedFor(TestTable table, long block, long secondBlock)
    {
        bool isAsked = Advised(table).Any(
            range => block >= range.Offset && block < range.Offset + range.Length);
        Assert.True(isAsked || secondBlock < 0, $"block {block} was not asked for");
    }

    /// <summary>The last window is cut where the file ends.</summary>
    private static void AssertDoubling(List<(long Offset, long Length)> windows)
    {
        long expected = ReadAhead.BytesFirst;
        foreach ((_, long length) in windows.Take(windows.Count - 1))
        {
            // A block that does not end where the window does is not cut.
            Assert.InRange(length, expected, expected + 4096);
            expected = Math.Min(2 * expected, ReadAhead.BytesMax);
        }
        Assert.Equal(ReadAhead.BytesMax, expected);
    }

    private static TestTable Make(
        BlockReadMode mode, TableOptions? options = null, InflatedBlockCache? cache = null,
        int count = Entries, int valueBytes = ValueBytes)
    {
        var entries = new List<TestEntry>(count);
        for (int i = 0; i < count; i++)
        {
            byte[] key = new byte[8];
            System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(key, i);
            byte[] value = new byte[valueBytes];
            new Random(i).NextBytes(value);
            entries.Add(TestEntry.Put(key, 0, value));
        }
        TestTable table = TestTable.Make(
            entries, options ?? new TableOptions(), mode, new IndexCache(10_000_000), cache);
        table.Bytes.Advised = [];
        return table;
    }
}
