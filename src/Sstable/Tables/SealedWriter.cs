// Seals the payload of a block builder at the output's position: page-aligned and padded (index,
// properties). Keeps one buffer for all blocks of a table. One thread.

using System.Diagnostics;
using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Sstable.Tables;

internal sealed class SealedWriter : IDisposable
{
    private readonly NativeBuffer _sealed = new();

    /// <summary>Empties the builder into a block of whole pages.</summary>
    public BlockHandle WritePages(
        TableOutput output, BlockBuilder block, BlockType type, ulong tableId)
    {
        int payloadBytes = block.PayloadBytes();
        Span<byte> bytes = Resize(payloadBytes);
        block.Write(bytes[..payloadBytes]);
        return Seal(output, bytes, payloadBytes, type, tableId);
    }

    /// <summary>Puts a payload that was made elsewhere into a block of whole pages.</summary>
    public BlockHandle WritePages(
        TableOutput output, ReadOnlySpan<byte> payload, BlockType type, ulong tableId)
    {
        Span<byte> bytes = Resize(payload.Length);
        payload.CopyTo(bytes);
        return Seal(output, bytes, payload.Length, type, tableId);
    }

    public void Dispose() => _sealed.Dispose();

    private Span<byte> Resize(int payloadBytes)
    {
        int blockBytes = checked((int)TableLayout.AlignUp(
            payloadBytes + BlockTrailer.Bytes, TableLayout.PageBytes));
        return _sealed.Resize(blockBytes);
    }

    private static BlockHandle Seal(
        TableOutput output, Span<byte> bytes, int payloadBytes, BlockType type, ulong tableId)
    {
        bytes[payloadBytes..].Clear();
        output.Align(TableLayout.PageBytes);
        long offset = output.Position;
        BlockTrailer.Seal(bytes, payloadBytes, BlockCodec.None, type, tableId, offset);
        output.Write(bytes);
        Debug.Assert(output.Position % TableLayout.PageBytes == 0, "a block fills its pages");
        return new BlockHandle(offset, bytes.Length);
    }
}
