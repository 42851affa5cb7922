// Collects the separators of a table and writes them, when the data is done, as a B+-tree of sealed
// index blocks of one page: leaves first, then each level over the one below, the root last. A
// node's entry for a child carries the child's last separator.
//
// Every node takes at least four entries whatever their size (separators of 64 KiB are legal), so
// the tree ends; such a node fills more pages than one. The separators of the level in work wait in
// native memory: about 25 bytes for each data block. One thread.

using System.Buffers.Binary;
using System.Diagnostics;
using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Sstable.Tables;

internal sealed class IndexBuilder : IDisposable
{
    private const int FanOutMin = 4;

    // Record: u16 key bytes, u64 tag, u64 offset, u32 bytes, key.
    private const int RecordBytes = 22;

    private readonly BlockBuilder _block = new(FanOutMin);
    private readonly ulong _tableId;
    private NativeBuffer _level = new();
    private NativeBuffer _above = new();

    public IndexBuilder(ulong tableId) => _tableId = tableId;

    /// <summary>Blocks added so far.</summary>
    public long Count { get; private set; }

    /// <summary>About what the index will take in the file.</summary>
    public long EstimatedBytes => _level.Length + _level.Length / 2 + TableLayout.PageBytes;

    /// <summary>Adds the next data block with the separator behind it.</summary>
    public void Add(ReadOnlySpan<byte> key, ulong tag, BlockHandle handle)
    {
        Debug.Assert(handle.Bytes > BlockTrailer.Bytes, "a data block has a payload");
        Count++;
        Append(_level, key, tag, handle);
    }

    /// <summary>Writes the tree; the root's handle and the number of levels.</summary>
    public (BlockHandle Root, int Depth) Finish(TableOutput output, SealedWriter writer)
    {
        Debug.Assert(Count > 0, "a table has a data block");
        for (int depth = 1; ; depth++)
        {
            int blocks = WriteLevel(output, writer, out BlockHandle last);
            if (blocks == 1)
                return (last, depth);
            (_level, _above) = (_above, _level);
            _above.Clear();
        }
    }

    public void Dispose()
    {
        _level.Dispose();
        _above.Dispose();
    }

    private int WriteLevel(TableOutput output, SealedWriter writer, out BlockHandle last)
    {
        const int PayloadBytesMax = TableLayout.PageBytes - BlockTrailer.Bytes;
        Span<byte> encoded = stackalloc byte[BlockHandle.EncodedBytesMax];
        ReadOnlySpan<byte> records = _level.Span;
        int blocks = 0;
        last = default;
        while (!records.IsEmpty)
        {
            int keyBytes = BinaryPrimitives.ReadUInt16LittleEndian(records);
            ulong tag = BinaryPrimitives.ReadUInt64LittleEndian(records[2..]);
            var handle = new BlockHandle(
                BinaryPrimitives.ReadInt64LittleEndian(records[10..]),
                BinaryPrimitives.ReadInt32LittleEndian(records[18..]));
            ReadOnlySpan<byte> key = records.Slice(RecordBytes, keyBytes);
            records = records[(RecordBytes + keyBytes)..];
            ReadOnlySpan<byte> value = encoded[..handle.Write(encoded)];
            if (!_block.Fits(key, tag, value.Length, value.Length, PayloadBytesMax))
            {
                last = WriteBlock(output, writer);
                blocks++;
            }
            _block.Add(key, tag, value);
        }
        last = WriteBlock(output, writer);
        return blocks + 1;
    }

    private BlockHandle WriteBlock(TableOutput output, SealedWriter writer)
    {
        // The key is appended before the block empties its scratch.
        Span<byte> record = BeginRecord(_above, _block.LastKey, _block.LastTag);
        BlockHandle handle = writer.WritePages(output, _block, BlockType.Index, _tableId);
        EndRecord(record, handle);
        return handle;
    }

    private static void Append(
        NativeBuffer level, ReadOnlySpan<byte> key, ulong tag, BlockHandle handle) =>
        EndRecord(BeginRecord(level, key, tag), handle);

    private static Span<byte> BeginRecord(NativeBuffer level, ReadOnlySpan<byte> key, ulong tag)
    {
        Span<byte> record = level.Append(RecordBytes + key.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(record, (ushort)key.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(record[2..], tag);
        key.CopyTo(record[RecordBytes..]);
        return record;
    }

    private static void EndRecord(Span<byte> record, BlockHandle handle)
    {
        BinaryPrimitives.WriteInt64LittleEndian(record[10..], handle.Offset);
        BinaryPrimitives.WriteInt32LittleEndian(record[18..], handle.Bytes);
    }
}
