// Turns finished data blocks into sealed blocks in the file, and values apart into extents.
//
// Without compression a finished block waits, while values apart are written straight through,
// until 64 KiB of values or of blocks have gathered; then the waiting blocks follow, page-aligned,
// so that padding stays under a sixteenth. Its place, hence its checksum and its index entry, are
// known only then. With compression values never lie apart and a block is written at once,
// unaligned. Steady use allocates nothing managed. One thread.

using System.Buffers.Binary;
using System.Diagnostics;
using System.Numerics;
using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Sstable.Tables;

internal sealed class DataBlockWriter : IDisposable
{
    // The block in work, at most a whole key beyond its target, and the padding around blocks.
    private const int OffsetSlackBytes = 4 * TableLayout.BlockBytesMax;

    private readonly TableOutput _output;
    private readonly IndexBuilder _index;
    private readonly ulong _tableId;
    private readonly BlockCodec _codec;
    private readonly int _blockBytes;
    private readonly NativeBuffer _waiting = new();
    private readonly NativeBuffer _separators = new();
    private readonly NativeBuffer _deflated = new();
    private Waiting[] _blocks = new Waiting[80];
    private int _blockCount;
    private long _extentBytes;

    public DataBlockWriter(
        TableOutput output, IndexBuilder index, ulong tableId, TableOptions options)
    {
        _output = output;
        _index = index;
        _tableId = tableId;
        _codec = options.Codec;
        int blockBytes = (int)BitOperations.RoundUpToPowerOf2((uint)options.BlockBytes);
        _blockBytes = _codec == BlockCodec.None
            ? blockBytes : Math.Max(blockBytes, TableLayout.CompressedBlockBytesMin);
    }

    /// <summary>What the payload of an ordinary block may take.</summary>
    public int PayloadBytesMax =>
        _codec == BlockCodec.None ? _blockBytes - BlockTrailer.Bytes : _blockBytes;

    /// <summary>
    /// How long the offset of the next value apart can get, whatever is flushed before it.
    /// </summary>
    public int OffsetBytesMax =>
        Varint.Bytes((ulong)(_output.Position + _waiting.Length + OffsetSlackBytes));

    /// <summary>Bytes of blocks that still wait for their place.</summary>
    public long WaitingBytes => _waiting.Length;

    public bool HasValuesApart { get; private set; }

    /// <summary>Whether a value of this length lies apart.</summary>
    public bool IsApart(int valueBytes) =>
        _codec == BlockCodec.None && valueBytes > TableLayout.ValueApartBytes;

    /// <summary>Writes a value with its checksums and returns its file offset.</summary>
    public long WriteExtent(ReadOnlySpan<byte> value)
    {
        Debug.Assert(IsApart(value.Length), "short values stay in their block");
        long offset = _output.Position;
        _output.Write(value);
        Span<byte> checksum = stackalloc byte[ValueExtent.ChecksumBytes];
        for (int piece = 0; piece < ValueExtent.Pieces(value.Length); piece++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(
                checksum, ValueExtent.PieceChecksum(value, piece, _tableId, offset));
            _output.Write(checksum);
        }
        _extentBytes += ValueExtent.Bytes(value.Length);
        HasValuesApart = true;
        return offset;
    }

    /// <summary>Empties the builder; the separator stands behind the block.</summary>
    public void Finish(BlockBuilder block, ReadOnlySpan<byte> separator, ulong separatorTag)
    {
        int payloadBytes = block.PayloadBytes();
        Debug.Assert(
            block.Count == 1 || payloadBytes <= PayloadBytesMax, "only one entry may be too large");
        if (_codec == BlockCodec.Lz4)
        {
            WriteCompressed(block, payloadBytes, separator, separatorTag);
            return;
        }
        int sealedBytes = SealedBytes(payloadBytes);
        Span<byte> bytes = _waiting.Append(sealedBytes);
        block.Write(bytes[..payloadBytes]);
        bytes[payloadBytes..].Clear();
        separator.CopyTo(_separators.Append(separator.Length));
        if (_blockCount == _blocks.Length)
            Array.Resize(ref _blocks, _blockCount * 2);
        _blocks[_blockCount++] =
            new Waiting(payloadBytes, sealedBytes, separator.Length, separatorTag);
        if (_extentBytes == 0 || _extentBytes >= TableLayout.ExtentFlushBytes
            || _waiting.Length >= TableLayout.ExtentFlushBytes)
            Flush();
    }

    /// <summary>Gives every waiting block its place.</summary>
    public void Flush()
    {
        Span<byte> bytes = _waiting.Span;
        ReadOnlySpan<byte> separators = _separators.Span;
        // A page boundary behind values; behind blocks only big ones need one.
        if (_extentBytes > 0 && _blockCount > 0)
            _output.Align(TableLayout.PageBytes);
        for (int i = 0; i < _blockCount; i++)
        {
            ref readonly Waiting waiting = ref _blocks[i];
            _output.Align(Math.Min(waiting.SealedBytes, TableLayout.PageBytes));
            var handle = new BlockHandle(_output.Position, waiting.SealedBytes);
            Span<byte> block = bytes[..waiting.SealedBytes];
            BlockTrailer.Seal(
                block, waiting.PayloadBytes, BlockCodec.None, BlockType.Data, _tableId,
                handle.Offset);
            _output.Write(block);
            _index.Add(separators[..waiting.SeparatorBytes], waiting.SeparatorTag, handle);
            bytes = bytes[waiting.SealedBytes..];
            separators = separators[waiting.SeparatorBytes..];
        }
        Debug.Assert(bytes.IsEmpty && separators.IsEmpty, "every waiting block got its place");
        _waiting.Clear();
        _separators.Clear();
        _blockCount = 0;
        _extentBytes = 0;
    }

    public void Dispose()
    {
        _waiting.Dispose();
        _separators.Dispose();
        _deflated.Dispose();
    }

    /// <summary>
    /// Blocks of at most a page have one power of two as size; larger ones whole pages, as many as
    /// they need.
    /// </summary>
    private int SealedBytes(int payloadBytes)
    {
        int needed = checked(payloadBytes + BlockTrailer.Bytes);
        return needed <= _blockBytes && _blockBytes <= TableLayout.PageBytes
            ? _blockBytes : (int)TableLayout.AlignUp(needed, TableLayout.PageBytes);
    }

    private void WriteCompressed(
        BlockBuilder block, int payloadBytes, ReadOnlySpan<byte> separator, ulong separatorTag)
    {
        Span<byte> payload = _waiting.Resize(checked(payloadBytes + BlockTrailer.Bytes));
        block.Write(payload[..payloadBytes]);
        Span<byte> deflated = _deflated.Resize(
            checked(BlockCompression.TargetBytes(payloadBytes) + BlockTrailer.Bytes));
        int deflatedBytes = BlockCompression.TryDeflate(
            payload[..payloadBytes], deflated[..^BlockTrailer.Bytes]);
        bool isDeflated = deflatedBytes > 0;
        int storedBytes = isDeflated ? deflatedBytes : payloadBytes;
        Span<byte> bytes = (isDeflated ? deflated : payload)[..(storedBytes + BlockTrailer.Bytes)];
        var handle = new BlockHandle(_output.Position, bytes.Length);
        BlockTrailer.Seal(
            bytes, storedBytes, isDeflated ? BlockCodec.Lz4 : BlockCodec.None, BlockType.Data,
            _tableId, handle.Offset);
        _output.Write(bytes);
        _index.Add(separator, separatorTag, handle);
        _waiting.Clear();
    }

    private readonly record struct Waiting(
        int PayloadBytes, int SealedBytes, int SeparatorBytes, ulong SeparatorTag);
}
