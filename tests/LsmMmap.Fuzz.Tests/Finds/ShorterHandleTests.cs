// Two entries of an index name one block with different lengths. The block is checked once, under
// the first; fuzzing found that the second, of a few bytes, failed an assertion about its header.

using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Fuzz.Tests.Finds;

public sealed class ShorterHandleTests
{
    [Theory]
    [InlineData(17)]
    [InlineData(23)]
    [InlineData(24)]
    public void Get_ThroughAShorterHandleOfACheckedBlock_ThrowsCorruption(int shorterBytes)
    {
        TableBase table = TableBase.Make(
            new Random(3), new TableOptions { BlockBytes = 1024, BloomBitsPerKey = 0 }, 80, 60, 9);
        InspectedBlock[] data = [.. table.Blocks.Where(one => one.Type == BlockType.Data)];
        byte[] bytes = WithSecondHandle(table, data[0].Handle with { Bytes = shorterBytes });
        using var memory = new GuardedMemory(bytes.Length);
        using TableReader reader = TableReader.Open(
            new FuzzedTable(memory, bytes, atEnd: true), table.TableId, BlockReadMode.Direct,
            null, null);
        InspectedEntry inFirst = data[0].Entries[0];
        InspectedEntry inSecond = data[1].Entries[0];
        var value = new TableValue();
        Assert.True(reader.TryGet(inFirst.UserKey, Hash(inFirst), inFirst.Tag, ref value));
        Assert.Throws<CorruptionException>(() =>
        {
            var second = new TableValue();
            reader.TryGet(inSecond.UserKey, Hash(inSecond), inSecond.Tag, ref second);
        });
        using var cursor = new TableCursor();
        cursor.Reset(reader, sequentialRead: false);
        Assert.True(cursor.SeekToFirst());
        Assert.Throws<CorruptionException>(() =>
        {
            while (cursor.Next())
                _ = cursor.Value.Length;
        });
    }

    private static ulong Hash(InspectedEntry entry) =>
        Sstable.Keys.InternalKey.Hash(entry.UserKey);

    private static byte[] WithSecondHandle(TableBase table, BlockHandle handle)
    {
        InspectedBlock index = table.Blocks.Single(one => one.Type == BlockType.Index);
        var builder = new BlockBuilder(entriesAlways: 4);
        byte[] encoded = new byte[BlockHandle.EncodedBytesMax];
        for (int i = 0; i < index.Entries.Count; i++)
        {
            InspectedEntry entry = index.Entries[i];
            ReadOnlySpan<byte> value = i == 1
                ? encoded.AsSpan(0, handle.Write(encoded)) : entry.Value;
            builder.Add(entry.UserKey, entry.Tag, value);
        }
        byte[] bytes = [.. table.Bytes];
        Span<byte> block = bytes.AsSpan((int)index.Handle.Offset, index.Handle.Bytes);
        block.Clear();
        int payload = builder.PayloadBytes();
        builder.Write(block[..payload]);
        BlockTrailer.Seal(
            block, payload, BlockCodec.None, BlockType.Index, table.TableId, index.Handle.Offset);
        return bytes;
    }
}
