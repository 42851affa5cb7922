// Whatever byte of a table changes, every read gives the right answer or typed damage, and Verify
// finds it: there is no byte in the file that nothing covers.

using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Tables;
using LsmMmap.Sstable.Tests.Support;

namespace LsmMmap.Sstable.Tests.Tables;

public sealed class DamageTests
{
    [Theory]
    [InlineData("raw", 1024)]
    [InlineData("apart", 1024)]
    [InlineData("lz4", 16_384)]
    public void Read_WithOneFlippedBit_IsRightOrDamage(string kind, int blockBytes)
    {
        int seed = Seeds.Next(blockBytes);
        var random = new Random(seed);
        List<TestEntry> entries = SmallEntries(kind, random);
        byte[] file = TestTable.Build(entries, OptionsOf(kind, blockBytes), out _);
        using var bytes = new TestTableBytes(file);
        for (int at = 0; at < file.Length; at++)
        {
            // All eight bits where something stands, one of them in padding.
            int bits = file[at] != 0 ? 8 : 1;
            for (int i = 0; i < bits; i++)
            {
                int bit = bits == 8 ? i : random.Next(8);
                bytes.Content[at] ^= (byte)(1 << bit);
                string context = $"bit {bit} of byte {at}, {kind}, seed {seed}";
                CheckDamaged(bytes, entries, context, at % 3);
                bytes.Content[at] = file[at];
            }
        }
    }

    [Theory]
    [InlineData("raw")]
    [InlineData("lz4")]
    public void Open_WhenTruncatedAnywhere_IsDamage(string kind)
    {
        List<TestEntry> entries = SmallEntries(kind, new Random(1));
        byte[] file = TestTable.Build(entries, OptionsOf(kind, 1024), out _);
        for (int length = 0; length < file.Length; length++)
        {
            using var bytes = new TestTableBytes(file.AsSpan(0, length));
            Assert.Throws<TestDamageException>(() => Open(bytes, BlockReadMode.Direct));
        }
    }

    [Fact]
    public void Open_WhenForeign_IsDamage()
    {
        byte[] foreign = new byte[10_000];
        new Random(2).NextBytes(foreign);
        using var bytes = new TestTableBytes(foreign);
        Assert.Throws<TestDamageException>(() => Open(bytes, BlockReadMode.Direct));
    }

    [Fact]
    public void Open_WhenBytesFollowTheFooter_IsDamage()
    {
        byte[] file = TestTable.Build(
            SmallEntries("raw", new Random(1)), OptionsOf("raw", 1024), out _);
        using var bytes = new TestTableBytes([.. file, .. file[^128..]]);
        Assert.Throws<TestDamageException>(() => Open(bytes, BlockReadMode.Direct));
    }

    [Fact]
    public void Open_WithAnotherTableId_IsDamage()
    {
        byte[] file = TestTable.Build(
            SmallEntries("raw", new Random(1)), OptionsOf("raw", 1024), out _, tableId: 7);
        using var bytes = new TestTableBytes(file);
        Assert.Throws<TestDamageException>(() => Open(bytes, BlockReadMode.Direct));
        Assert.Equal(
            7ul, TableReader.Open(bytes, null, BlockReadMode.Direct, null, null).Footer.TableId);
    }

    [Fact]
    public void Open_WithANewerFormat_NamesBothVersions()
    {
        byte[] file = TestTable.Build(
            SmallEntries("raw", new Random(1)), OptionsOf("raw", 1024), out _);
        Footer footer = Footer.Read(file.AsSpan(file.Length - 128), file.Length, out _)!;
        (footer with { Version = 9 }).Write(file.AsSpan(file.Length - 128));
        using var bytes = new TestTableBytes(file);
        TestNewerFormatException newer = Assert.Throws<TestNewerFormatException>(
            () => Open(bytes, BlockReadMode.Direct));
        Assert.Equal(9, newer.Found);
    }

    [Theory]
    [InlineData("Direct")]
    [InlineData("Guarded")]
    [InlineData("Copy")]
    public void Read_WithTwoBlocksSwapped_IsDamage(string modeName)
    {
        BlockReadMode mode = Enum.Parse<BlockReadMode>(modeName);
        List<TestEntry> entries = Seeds.Entries(new Random(3), new EntryShape(400));
        byte[] file = TestTable.Build(entries, OptionsOf("raw", 1024), out _);
        byte[] first = file[..1024];
        file.AsSpan(1024, 1024).CopyTo(file);
        first.CopyTo(file.AsSpan(1024));
        using var bytes = new TestTableBytes(file);
        TableReader reader = Open(bytes, mode);
        Assert.Throws<TestDamageException>(
            () => TestTable.Get(reader, entries[0].Key, entries[0].Tag));
        Assert.True(TestTable.Verify(reader).Count >= 2);
    }

    [Fact]
    public void Read_WithABlockOfAnotherTable_IsDamage()
    {
        List<TestEntry> entries = Seeds.Entries(new Random(3), new EntryShape(400));
        byte[] file = TestTable.Build(entries, OptionsOf("raw", 1024), out _);
        byte[] other = TestTable.Build(entries, OptionsOf("raw", 1024), out _, tableId: 99);
        other.AsSpan(0, 1024).CopyTo(file);
        using var bytes = new TestTableBytes(file);
        TableReader reader = Open(bytes, BlockReadMode.Direct);
        Assert.Throws<TestDamageException>(
            () => TestTable.Get(reader, entries[0].Key, entries[0].Tag));
    }

    [Fact]
    public void Inspector_WithOneBadBlock_GoesOnBehindIt()
    {
        List<TestEntry> entries = Seeds.Entries(new Random(3), new EntryShape(400));
        byte[] file = TestTable.Build(entries, OptionsOf("raw", 1024), out _);
        file[2048 + 100] ^= 1;
        using var bytes = new TestTableBytes(file);
        var inspector = new TableInspector(Open(bytes, BlockReadMode.Direct));
        List<InspectedBlock> blocks = [.. inspector.Blocks()];
        List<InspectedBlock> data = [.. blocks.Where(block => block.Type == BlockType.Data)];
        Assert.NotNull(data[2].Damage);
        Assert.Single(blocks, block => block.Damage != null);
        Assert.Equal(
            entries.TakeLast(data[^1].Entries.Count).Select(entry => entry.Tag),
            data[^1].Entries.Select(entry => entry.Tag));
        Assert.Contains(blocks, block => block.Type == BlockType.Filter);
        Assert.Contains(
            blocks[^1].Entries, entry => entry.UserKey.AsSpan().SequenceEqual("creator"u8));
    }

    internal static TableReader Open(TestTableBytes bytes, BlockReadMode mode) =>
        TableReader.Open(bytes, TestTable.TableId, mode, new IndexCache(100_000), null);

    private static void CheckDamaged(
        TestTableBytes bytes, List<TestEntry> entries, string context, int mode)
    {
        TableReader reader;
        try
        {
            reader = Open(bytes, (BlockReadMode)mode);
        }
        catch (TestDamageException)
        {
            return;
        }
        foreach (TestEntry entry in entries)
            CheckGet(reader, entry, context);
        using var cursor = new TableCursor();
        CheckScan(() => cursor.Reset(reader, mode == 1), cursor, entries, context);
        Assert.True(TestTable.Verify(reader).Count > 0, $"{context}: verify saw nothing");
    }

    private static void CheckGet(TableReader reader, TestEntry entry, string context)
    {
        try
        {
            TestEntry? found = TestTable.Get(reader, entry.Key, entry.Tag);
            Assert.True(
                found != null && found.Tag == entry.Tag
                && found.Value.AsSpan().SequenceEqual(entry.Value), $"{context}: wrong get");
        }
        catch (TestDamageException)
        {
        }
    }

    private static void CheckScan(
        Action reset, TableCursor cursor, List<TestEntry> entries, string context)
    {
        foreach (bool isForward in new[] { true, false })
        {
            int count = 0;
            try
            {
                reset();
                bool isThere = isForward ? cursor.SeekToFirst() : cursor.SeekToLast();
                for (; isThere; isThere = isForward ? cursor.Next() : cursor.Previous())
                {
                    TestEntry entry = entries[isForward ? count : entries.Count - 1 - count];
                    count++;
                    bool isRight = cursor.Tag == entry.Tag
                        && cursor.UserKey.SequenceEqual(entry.Key)
                        && cursor.Value.SequenceEqual(entry.Value);
                    Assert.True(isRight, $"{context}: wrong entry in scan");
                }
                Assert.True(count == entries.Count, $"{context}: scan ended early");
            }
            catch (TestDamageException)
            {
            }
        }
    }

    private static List<TestEntry> SmallEntries(string kind, Random random)
    {
        var shape = new EntryShape(kind == "lz4" ? 12 : 20) { VersionsMax = 3 };
        List<TestEntry> entries = Seeds.Entries(random, shape);
        if (kind == "apart")
            entries.Add(TestEntry.Put([1, 2, 3], 5, new byte[700]));
        return entries;
    }

    private static TableOptions OptionsOf(string kind, int blockBytes) => new()
    {
        BlockBytes = blockBytes,
        Codec = kind == "lz4" ? BlockCodec.Lz4 : BlockCodec.None,
    };
}
