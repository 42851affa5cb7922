// LZ4 through K4os. A compressed payload is
//
//   0  u32  inflated bytes
//   4       LZ4 block
//
// It is kept only when it saves at least an eighth. The inflated length is bounded by what LZ4 can
// possibly reach before anything is allocated for it.

using System.Buffers.Binary;
using System.Diagnostics;
using K4os.Compression.LZ4;

namespace LsmMmap.Sstable.Blocks;

internal static class BlockCompression
{
    private const int LengthBytes = 4;

    /// <summary>LZ4 grows no input more than this many times.</summary>
    private const int GrowthMax = 255;

    private const int GrowthSlackBytes = 64;

    /// <summary>Room that <see cref="TryDeflate"/> needs.</summary>
    public static int TargetBytes(int payloadBytes) =>
        LengthBytes + LZ4Codec.MaximumOutputSize(payloadBytes);

    /// <summary>Compresses; 0 when that saves less than an eighth.</summary>
    public static int TryDeflate(ReadOnlySpan<byte> payload, Span<byte> target)
    {
        Debug.Assert(target.Length >= TargetBytes(payload.Length), "the worst case has room");
        int count = LZ4Codec.Encode(payload, target[LengthBytes..], LZ4Level.L00_FAST);
        if (count <= 0 || (count + LengthBytes) > payload.Length - payload.Length / 8)
            return 0;
        BinaryPrimitives.WriteInt32LittleEndian(target, payload.Length);
        return count + LengthBytes;
    }

    /// <summary>The inflated length that a stored payload states; -1 when it cannot be.</summary>
    public static int InflatedBytes(ReadOnlySpan<byte> stored)
    {
        if (stored.Length <= LengthBytes)
            return -1;
        uint bytes = BinaryPrimitives.ReadUInt32LittleEndian(stored);
        long possible = (long)stored.Length * GrowthMax + GrowthSlackBytes;
        return bytes <= possible && bytes <= int.MaxValue - BlockView.SlackBytes ? (int)bytes : -1;
    }

    /// <summary>Inflates into exactly the target; false when the bytes do not fill it.</summary>
    public static bool TryInflate(ReadOnlySpan<byte> stored, Span<byte> target)
    {
        Debug.Assert(target.Length == InflatedBytes(stored), "the target has the stated length");
        return LZ4Codec.Decode(stored[LengthBytes..], target) == target.Length;
    }
}
