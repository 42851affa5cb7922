// LEB128: seven bits a byte, low ones first, the high bit says that more follow. Reading is checked
// against the end of the span; bytes from disk may be anything.

using System.Diagnostics;
using System.Numerics;

namespace LsmMmap.Sstable.Format;

internal static class Varint
{
    /// <summary>Longest encoding of 64 bits.</summary>
    public const int BytesMax = 10;

    /// <summary>Length of the encoding.</summary>
    public static int Bytes(ulong value) => (BitOperations.Log2(value | 1) + 7) / 7;

    /// <summary>Writes and returns how many bytes. Requires: room for them.</summary>
    public static int Write(Span<byte> target, ulong value)
    {
        int count = 0;
        while (value >= 0x80)
        {
            target[count++] = (byte)(value | 0x80);
            value >>= 7;
        }
        target[count++] = (byte)value;
        Debug.Assert(count <= BytesMax, "64 bits fit ten groups of seven");
        return count;
    }

    /// <summary>
    /// Reads at <paramref name="position"/> and moves it behind. False when the bytes end early or
    /// the number does not fit 64 bits.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> source, ref int position, out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            if ((uint)position >= (uint)source.Length)
                return false;
            byte next = source[position++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return shift < 63 || next <= 1;
        }
        return false;
    }
}
