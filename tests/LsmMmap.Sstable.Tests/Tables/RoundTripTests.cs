// Tables of every shape against the sorted list they were made from: gets at many sequences,
// cursors both ways, seeks at and between all keys, random walks.

using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;
using LsmMmap.Sstable.Tests.Support;

namespace LsmMmap.Sstable.Tests.Tables;

public sealed class RoundTripTests
{
    public static TheoryData<string, int, int> Shapes()
    {
        var data = new TheoryData<string, int, int>();
        string[] shapes =
            ["small", "plain", "random", "versions", "values", "keys", "tiny", "long"];
        foreach (string shape in shapes)
        {
            foreach (int blockBytes in new[] { 1024, 4096, 16_384, 65_536 })
            {
                foreach (int codec in new[] { 0, 1 })
                    data.Add(shape, blockBytes, codec);
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Table_AgainstSortedList_AgreesEverywhere(string shape, int blockBytes, int codec)
    {
        int seed = Seeds.Next(blockBytes + codec);
        var random = new Random(seed);
        string context = $"{shape} {blockBytes} {codec} seed {seed}";
        List<TestEntry> entries = Seeds.Entries(random, ShapeOf(shape));
        var options = new TableOptions { BlockBytes = blockBytes, Codec = (BlockCodec)codec };
        foreach (BlockReadMode mode in Enum.GetValues<BlockReadMode>())
        {
            var indexCache = new IndexCache(random.Next(2) * 1_000_000);
            var blockCache = new InflatedBlockCache(random.Next(2) * 2_000_000);
            using TestTable table = TestTable.Make(entries, options, mode, indexCache, blockCache);
            CheckGets(table, random, context);
            CheckScans(table, context);
            CheckSeeks(table, random, context);
            CheckWalk(table, random, context);
            Assert.Empty(TestTable.Verify(table.Reader));
            Assert.Equal(
                table.Summary.FileChecksum, TableReader.FileChecksum(table.Bytes));
        }
    }

    private static EntryShape ShapeOf(string shape) => shape switch
    {
        "small" => new EntryShape(1500),
        "plain" => new EntryShape(1500) { IsPlain = true, VersionsMax = 1, KeyBytesMin = 8 },
        "random" => new EntryShape(1500) { IsKeyDense = false, KeyBytesMin = 4 },
        "versions" => new EntryShape(2500) { VersionsMax = 400, KeyBytesMax = 3 },
        "values" => new EntryShape(400) { ValueBytesMax = 3000 },
        "keys" => new EntryShape(60) { KeyBytesMax = 65_535, ValueBytesMax = 900 },
        "tiny" => new EntryShape(3),
        _ => new EntryShape(40) { ValueBytesMax = 200_000, VersionsMax = 2 },
    };

    private static void CheckGets(TestTable table, Random random, string context)
    {
        foreach (TestEntry entry in table.Entries)
        {
            table.CheckGet(entry.Key, entry.Tag, context);
            table.CheckGet(entry.Key, EntryTag.SeekAt(EntryTag.SequenceMax), context);
            table.CheckGet(entry.Key, EntryTag.SeekAt((ulong)random.Next(1100)), context);
            table.CheckGet(Near(random, entry.Key), EntryTag.SeekAt(1000), context);
        }
    }

    private static void CheckScans(TestTable table, string context)
    {
        using var cursor = new TableCursor();
        foreach (bool sequential in new[] { false, true })
        {
            cursor.Reset(table.Reader, sequential);
            Assert.False(cursor.IsValid);
            cursor.SeekToFirst();
            for (int i = 0; i <= table.Entries.Count; i++)
            {
                table.CheckAt(cursor, i, context);
                Assert.Equal(i + 1 < table.Entries.Count, cursor.Next());
            }
            cursor.SeekToLast();
            for (int i = table.Entries.Count - 1; i >= -1; i--)
            {
                table.CheckAt(cursor, i, context);
                Assert.Equal(i > 0, cursor.Previous());
            }
        }
    }

    private static void CheckSeeks(TestTable table, Random random, string context)
    {
        using var cursor = new TableCursor();
        cursor.Reset(table.Reader, sequentialRead: random.Next(2) == 0);
        foreach (TestEntry entry in table.Entries)
        {
            CheckSeek(table, cursor, entry.Key, entry.Tag, context);
            CheckSeek(table, cursor, entry.Key, entry.Tag + 1, context);
            CheckSeek(table, cursor, entry.Key, entry.Tag - 1, context);
            CheckSeek(table, cursor, entry.Key, ulong.MaxValue, context);
            CheckSeek(table, cursor, Near(random, entry.Key), (ulong)random.Next(300_000), context);
        }
        CheckSeek(table, cursor, [], ulong.MaxValue, context);
        byte[] last = [.. Enumerable.Repeat((byte)0xFF, 70)];
        CheckSeek(table, cursor, last, 0, context);
    }

    private static void CheckSeek(
        TestTable table, TableCursor cursor, byte[] key, ulong tag, string context)
    {
        int at = table.LowerBound(key, tag);
        Assert.Equal(at < table.Entries.Count, cursor.Seek(key, tag));
        table.CheckAt(cursor, at, context);
        bool isExact = at < table.Entries.Count && table.Entries[at].Tag == tag
            && table.Entries[at].Key.AsSpan().SequenceEqual(key);
        int before = isExact ? at : at - 1;
        Assert.Equal(before >= 0, cursor.SeekForPrevious(key, tag));
        table.CheckAt(cursor, before, context);
    }

    private static void CheckWalk(TestTable table, Random random, string context)
    {
        using var cursor = new TableCursor();
        cursor.Reset(table.Reader, sequentialRead: random.Next(2) == 0);
        int at = -1;
        for (int step = 0; step < 2000; step++)
        {
            int choice = random.Next(100);
            bool isInside = at >= 0 && at < table.Entries.Count;
            if (choice < 4 || !isInside)
            {
                at = random.Next(table.Entries.Count);
                cursor.Seek(table.Entries[at].Key, table.Entries[at].Tag);
            }
            else if (step / 100 % 2 == 0 ^ choice < 20)
            {
                at++;
                cursor.Next();
            }
            else
            {
                at--;
                cursor.Previous();
            }
            table.CheckAt(cursor, at, context);
        }
    }

    /// <summary>A key close to another: one byte more, fewer or different.</summary>
    private static byte[] Near(Random random, byte[] key)
    {
        int choice = random.Next(3);
        if (choice == 0 && key.Length < InternalKey.UserKeyBytesMax)
            return [.. key, (byte)random.Next(2)];
        if (choice == 1 && key.Length > 0)
            return key[..^1];
        byte[] other = [.. key];
        if (other.Length > 0)
            other[random.Next(other.Length)] ^= (byte)(1 << random.Next(8));
        return other;
    }
}
