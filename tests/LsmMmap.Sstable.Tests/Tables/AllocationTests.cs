// The hot paths allocate nothing managed once they are warm, whichever way the bytes are read.

using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;
using LsmMmap.Sstable.Tests.Support;
using LsmMmap.Testing;

namespace LsmMmap.Sstable.Tests.Tables;

public sealed class AllocationTests
{
    [Theory]
    [InlineData("None", "Direct", 0)]
    [InlineData("None", "Guarded", 0)]
    [InlineData("None", "Copy", 0)]
    [InlineData("Lz4", "Direct", 4_000_000)]
    [InlineData("Lz4", "Direct", 0)]
    [InlineData("Lz4", "Direct", 200_000)]
    [InlineData("Lz4", "Copy", 0)]
    public void Reads_WhenWarm_AllocateNothing(
        string codecName, string modeName, long cacheBytes)
    {
        BlockCodec codec = Enum.Parse<BlockCodec>(codecName);
        BlockReadMode mode = Enum.Parse<BlockReadMode>(modeName);
        var shape = new EntryShape(6000) { ValueBytesMax = 600 };
        List<TestEntry> entries = Seeds.Entries(new Random(5), shape);
        using TestTable table = TestTable.Make(
            entries, new TableOptions { Codec = codec }, mode, new IndexCache(1_000_000),
            new InflatedBlockCache(cacheBytes));
        using var cursor = new TableCursor();
        Assert.Equal(0, Allocated.FewestBytes(() => UseAll(table, cursor)));
    }

    [Theory]
    [InlineData("None")]
    [InlineData("Lz4")]
    public void Add_WhenWarm_AllocatesNothing(string codecName)
    {
        BlockCodec codec = Enum.Parse<BlockCodec>(codecName);
        byte[] key = new byte[16];
        byte[] value = new byte[800];
        Assert.Equal(0, Allocated.FewestBytesOfMade(() =>
        {
            var builder = new TableBuilder(
                Stream.Null, 1, new TableOptions { Codec = codec });
            AddRun(builder, key, value, 0, 20_000);
            return () =>
            {
                AddRun(builder, key, value, 20_000, 20_000);
                builder.Dispose();
            };
        }));
    }

    private static void AddRun(
        TableBuilder builder, byte[] key, byte[] value, int first, int count)
    {
        for (int i = first; i < first + count; i++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(key, i);
            value[i % value.Length]++;
            builder.Add(
                key, EntryTag.Pack(5, ValueKind.Put), value.AsSpan(0, i % 3 == 0 ? 800 : 90));
        }
    }

    private static void UseAll(TestTable table, TableCursor cursor)
    {
        long sum = 0;
        for (int i = 0; i < table.Entries.Count; i += 3)
        {
            TestEntry entry = table.Entries[i];
            var value = new TableValue();
            if (table.Reader.TryGet(entry.Key, InternalKey.Hash(entry.Key), entry.Tag, ref value))
                sum += value.Value.Length;
            value.Owner?.Release();
        }
        foreach (bool sequential in stackalloc bool[] { false, true })
        {
            cursor.Reset(table.Reader, sequential);
            for (bool isThere = cursor.SeekToFirst(); isThere; isThere = cursor.Next())
                sum += cursor.Value.Length;
            for (bool isThere = cursor.SeekToLast(); isThere; isThere = cursor.Previous())
                sum += cursor.UserKey.Length;
            for (int i = 0; i < table.Entries.Count; i += 7)
                sum += cursor.Seek(table.Entries[i].Key, table.Entries[i].Tag) ? 1 : 0;
        }
        cursor.Release();
        Assert.True(sum > 0, "something was read");
    }
}
