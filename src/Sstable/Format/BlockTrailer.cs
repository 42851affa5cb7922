// The sixteen bytes at the end of every sealed block:
//
//   block    payload, zero padding, trailer
//   trailer  0  u32  payload bytes as stored
//            4  u8   codec
//            5  u8   block type
//            6  u16  zero
//            8  u64  XxHash3-64 over all bytes of the block before this field
//
// The checksum is seeded with (table id + file offset), so a block that is intact but lies at
// another place, or in another table, does not verify.

using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Hashing;

namespace LsmMmap.Sstable.Format;

internal static class BlockTrailer
{
    public const int Bytes = 16;

    /// <summary>Offset of the checksum from the end of the block.</summary>
    private const int ChecksumBytes = 8;

    public static long Seed(ulong tableId, long offset) => unchecked((long)tableId + offset);

    /// <summary>Writes the trailer over the last bytes of the block.</summary>
    public static void Seal(
        Span<byte> block, int storedBytes, BlockCodec codec, BlockType type, ulong tableId,
        long offset)
    {
        Debug.Assert(storedBytes >= 0, "a payload has a length");
        Debug.Assert(storedBytes <= block.Length - Bytes, "the trailer follows the payload");
        Span<byte> trailer = block[^Bytes..];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, (uint)storedBytes);
        trailer[4] = (byte)codec;
        trailer[5] = (byte)type;
        BinaryPrimitives.WriteUInt16LittleEndian(trailer[6..], 0);
        ulong checksum = XxHash3.HashToUInt64(block[..^ChecksumBytes], Seed(tableId, offset));
        BinaryPrimitives.WriteUInt64LittleEndian(trailer[8..], checksum);
    }

    /// <summary>Verifies a sealed block and says what its trailer says.</summary>
    public static TrailerCheck Check(
        ReadOnlySpan<byte> block, ulong tableId, long offset, BlockType type)
    {
        if (block.Length <= Bytes)
            return TrailerCheck.Failed("a block is shorter than its trailer", Bytes, block.Length);
        ReadOnlySpan<byte> trailer = block[^Bytes..];
        ulong stored = BinaryPrimitives.ReadUInt64LittleEndian(trailer[8..]);
        ulong checksum = XxHash3.HashToUInt64(block[..^ChecksumBytes], Seed(tableId, offset));
        if (stored != checksum)
            return TrailerCheck.Failed("the checksum of a block does not match", stored, checksum);
        if (trailer[5] != (byte)type)
            return TrailerCheck.Failed("a block is of another type", (byte)type, trailer[5]);
        uint storedBytes = BinaryPrimitives.ReadUInt32LittleEndian(trailer);
        if (storedBytes > block.Length - Bytes)
            return TrailerCheck.Failed(
                "a payload reaches over its trailer", block.Length - Bytes, storedBytes);
        if (trailer[4] > (byte)BlockCodec.Lz4)
            return TrailerCheck.Failed(
                "a block is of an unknown codec", (byte)BlockCodec.Lz4, trailer[4]);
        return new TrailerCheck(null, 0, 0, (int)storedBytes, (BlockCodec)trailer[4]);
    }
}

/// <summary>
/// What a trailer said, or what is wrong (<c>Fault</c> is null when all is well).
/// </summary>
internal readonly record struct TrailerCheck(
    string? Fault, ulong Expected, ulong Found, int StoredBytes, BlockCodec Codec)
{
    public static TrailerCheck Failed(string fault, ulong expected, ulong found) =>
        new(fault, expected, found, 0, BlockCodec.None);

    public static TrailerCheck Failed(string fault, long expected, long found) =>
        Failed(fault, (ulong)expected, (ulong)found);
}
