// Where blocks and values lie: page packing, little padding, separators that stay short, an index
// that ends even over the longest keys, blocks that do not compress.

using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;
using LsmMmap.Sstable.Tests.Support;

namespace LsmMmap.Sstable.Tests.Tables;

public sealed class LayoutTests
{
    [Theory]
    [InlineData(1024, 100)]
    [InlineData(2000, 500)]
    [InlineData(4096, 100)]
    [InlineData(4096, 5000)]
    [InlineData(16_384, 900)]
    public void RawBlocks_OfAnySize_NeverStraddleAPage(int blockBytes, int valueBytesMax)
    {
        int seed = Seeds.Next(blockBytes);
        var shape = new EntryShape(2000) { ValueBytesMax = valueBytesMax, KeyBytesMax = 200 };
        List<TestEntry> entries = Seeds.Entries(new Random(seed), shape);
        entries.Add(TestEntry.Put(new byte[6000], 3, new byte[20]));
        using TestTable table = TestTable.Make(
            entries, new TableOptions { BlockBytes = blockBytes });
        foreach ((_, _, BlockHandle handle) in table.Reader.EnumerateIndex())
        {
            long firstPage = handle.Offset / 4096;
            bool isInOnePage = (handle.End - 1) / 4096 == firstPage;
            Assert.True(
                isInOnePage || handle is { Bytes: > 4096 } && handle.Offset % 4096 == 0,
                $"{handle}, seed {seed}");
            Assert.True(handle.Offset % 1024 == 0, $"{handle}, seed {seed}");
        }
    }

    [Theory]
    [InlineData(600, 5000)]
    [InlineData(513, 600)]
    [InlineData(3000, 80_000)]
    public void Padding_WithValuesApart_StaysUnderASixteenth(int valueBytesMin, int valueBytesMax)
    {
        int seed = Seeds.Next(valueBytesMin);
        var shape = new EntryShape(4000)
        {
            ValueBytesMin = valueBytesMin,
            ValueBytesMax = valueBytesMax,
            KeyBytesMin = 16,
            IsKeyDense = false,
            VersionsMax = 1,
        };
        List<TestEntry> entries = Seeds.Entries(new Random(seed), shape);
        using TestTable table = TestTable.Make(entries, new TableOptions());
        long used = Footer.Bytes
            + entries.Where(entry => entry.Value.Length > 512)
                .Sum(entry => (long)ValueExtent.Bytes(entry.Value.Length));
        foreach (InspectedBlock block in new TableInspector(table.Reader).Blocks())
            used += block.StoredBytes + BlockTrailer.Bytes;
        long padding = table.Bytes.Length - used;
        // The last page of data, filter, index and properties is beside the point.
        Assert.True(
            padding < table.Bytes.Length / 16 + 4 * 4096,
            $"{padding} of {table.Bytes.Length}, seed {seed}");
    }

    [Fact]
    public void Index_OverTheLongestKeys_EndsAndFinds()
    {
        var entries = new List<TestEntry>();
        for (int i = 0; i < 120; i++)
        {
            // Pairs that differ in the last byte, so that separators are as long as keys.
            byte[] key = new byte[65_535];
            key[0] = (byte)(i / 2);
            key[^1] = (byte)(i % 2);
            entries.Add(TestEntry.Put(key, 9, [(byte)i]));
        }
        using TestTable table = TestTable.Make(entries, new TableOptions { BlockBytes = 1024 });
        Assert.True(table.Reader.Footer.IndexDepth >= 3, "four of them fill an index block");
        foreach (TestEntry entry in entries)
            table.CheckGet(entry.Key, entry.Tag, "huge separators");
        Assert.Empty(TestTable.Verify(table.Reader));
    }

    [Fact]
    public void Separators_BetweenDistantKeys_AreShort()
    {
        var entries = new List<TestEntry>();
        for (int i = 0; i < 500; i++)
            entries.Add(TestEntry.Put([(byte)(i / 2), (byte)(i % 2), .. new byte[300]], 1, []));
        using TestTable table = TestTable.Make(entries, new TableOptions());
        List<(byte[] UserKey, ulong Tag, BlockHandle Handle)> index =
            [.. table.Reader.EnumerateIndex()];
        Assert.True(index.Count > 10, "the table has blocks");
        Assert.All(index.SkipLast(1), entry => Assert.True(entry.UserKey.Length <= 2));
    }

    [Fact]
    public void CompressedTable_WithNoise_StoresItRaw()
    {
        var random = new Random(8);
        var entries = new List<TestEntry>();
        for (int i = 0; i < 400; i++)
        {
            byte[] value = new byte[400];
            if (i < 200)
                random.NextBytes(value);
            entries.Add(TestEntry.Put([(byte)(i >> 8), (byte)i], 1, value));
        }
        using TestTable table = TestTable.Make(
            entries, new TableOptions { Codec = BlockCodec.Lz4 });
        List<InspectedBlock> data = [.. new TableInspector(table.Reader).Blocks()
            .Where(block => block.Type == BlockType.Data)];
        Assert.Equal(BlockCodec.None, data[0].Codec);
        Assert.Equal(data[0].PayloadBytes, data[0].StoredBytes);
        Assert.Equal(BlockCodec.Lz4, data[^1].Codec);
        Assert.All(data, block => Assert.True(block.StoredBytes <= block.PayloadBytes));
    }

    [Theory]
    [InlineData("None")]
    [InlineData("Lz4")]
    public void Values_OfManyMegabytes_ComeBack(string codecName)
    {
        BlockCodec codec = Enum.Parse<BlockCodec>(codecName);
        byte[] value = new byte[70 << 20];
        new Random(9).NextBytes(value.AsSpan(0, 40 << 20));
        List<TestEntry> entries =
        [
            TestEntry.Put([1], 4, value[..(3 << 20)]),
            TestEntry.Put([2], 5, value),
            TestEntry.Put([3], 6, [1, 2, 3]),
        ];
        foreach (BlockReadMode mode in new[] { BlockReadMode.Direct, BlockReadMode.Copy })
        {
            using TestTable table = TestTable.Make(
                entries, new TableOptions { Codec = codec }, mode);
            foreach (TestEntry entry in entries)
                table.CheckGet(entry.Key, entry.Tag, $"{codec} {mode}");
            using var cursor = new TableCursor();
            cursor.Reset(table.Reader, sequentialRead: mode == BlockReadMode.Copy);
            for (int i = 0; i < 3; i++)
            {
                Assert.True(i == 0 ? cursor.SeekToFirst() : cursor.Next());
                table.CheckAt(cursor, i, $"{codec} {mode}");
            }
            Assert.Empty(TestTable.Verify(table.Reader));
        }
    }

    [Fact]
    public void Properties_OfATable_SayWhatIsInIt()
    {
        List<TestEntry> entries = Seeds.Entries(new Random(4), new EntryShape(700));
        using TestTable table = TestTable.Make(
            entries, new TableOptions { Level = 3, BlockBytes = 2048 });
        TableProperties properties = table.Reader.Properties;
        Assert.Equal("LsmMmap 0.1.0", properties.Creator);
        Assert.Equal(entries.Count, properties.Entries);
        Assert.Equal(table.Summary.DeleteCount, properties.Deletes);
        Assert.Equal(entries[0].Key, properties.SmallestKey);
        Assert.Equal(entries[^1].Key, properties.LargestKey);
        Assert.Equal(entries[^1].Key, table.Summary.LargestKey);
        Assert.Equal(entries.Max(entry => entry.Tag >> 8), properties.LargestSequence);
        Assert.Equal(entries.Min(entry => entry.Tag >> 8), table.Summary.SmallestSequence);
        Assert.Equal((3, 2048), (properties.Level, properties.BlockBytes));
        Assert.Equal(table.Bytes.Length, table.Summary.FileBytes);
    }

    [Fact]
    public void Add_OutOfOrderOrUnknown_IsRefused()
    {
        using var builder = new TableBuilder(Stream.Null, 1, new TableOptions());
        ulong tag = EntryTag.Pack(5, ValueKind.Put);
        Assert.Throws<InvalidOperationException>(() => builder.Finish());
        builder.Add([5], tag, []);
        Assert.Throws<InvalidOperationException>(() => builder.Add([5], tag, []));
        Assert.Throws<InvalidOperationException>(() => builder.Add([5], tag + 256, []));
        Assert.Throws<InvalidOperationException>(() => builder.Add([4], tag, []));
        Assert.Throws<InvalidOperationException>(() => builder.Add([6], 0x502, []));
        Assert.Throws<InvalidOperationException>(() => builder.Add(new byte[65_536], tag, []));
        builder.Add([5], tag - 256, []);
        Assert.Equal(2, builder.Finish().EntryCount);
        Assert.Throws<InvalidOperationException>(() => builder.Add([9], tag, []));
    }
}
