// A value that lies apart from its entry, in the data region of a table without compression:
//
//   value bytes, contiguous             so that one span covers it
//   u64 per started piece of 64 KiB     XxHash3-64 of the piece, seed = table id + its file offset
//
// Extents follow each other without gaps and are not aligned. A value apart is longer than a
// sector of 512 bytes, so no two start in the same one.

using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Hashing;

namespace LsmMmap.Sstable.Format;

internal static class ValueExtent
{
    public const int PieceBytes = 65_536;
    public const int ChecksumBytes = 8;

    public static int Pieces(int valueBytes) => (valueBytes + PieceBytes - 1) / PieceBytes;

    /// <summary>Length of the value with its checksums.</summary>
    public static int Bytes(int valueBytes)
    {
        Debug.Assert(valueBytes > 0, "an empty value never lies apart");
        return valueBytes + Pieces(valueBytes) * ChecksumBytes;
    }

    /// <summary>
    /// Checksum of piece number <paramref name="piece"/> of a value at an offset.
    /// </summary>
    public static ulong PieceChecksum(
        ReadOnlySpan<byte> value, int piece, ulong tableId, long offset)
    {
        int start = piece * PieceBytes;
        Debug.Assert(start < value.Length, "every piece holds at least a byte");
        ReadOnlySpan<byte> bytes = value.Slice(start, Math.Min(PieceBytes, value.Length - start));
        return XxHash3.HashToUInt64(bytes, BlockTrailer.Seed(tableId, offset + start));
    }

    /// <summary>
    /// Verifies value and checksums as they lie in the file; the number of the first bad piece,
    /// or -1.
    /// </summary>
    public static int FirstBadPiece(
        ReadOnlySpan<byte> extent, int valueBytes, ulong tableId, long offset)
    {
        Debug.Assert(extent.Length == Bytes(valueBytes), "the extent is value and checksums");
        ReadOnlySpan<byte> value = extent[..valueBytes];
        ReadOnlySpan<byte> checksums = extent[valueBytes..];
        for (int piece = 0; piece < Pieces(valueBytes); piece++)
        {
            ulong stored = BinaryPrimitives.ReadUInt64LittleEndian(
                checksums[(piece * ChecksumBytes)..]);
            if (stored != PieceChecksum(value, piece, tableId, offset))
                return piece;
        }
        return -1;
    }
}
