// The probe of the blocked Bloom filter over one line of 64 bytes, mapped or copied. The line comes
// from the high half of the hash, the bits inside it from the low half by multiply and shift.
// One cache line, no allocation. Threads: immutable.

using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LsmMmap.Sstable.Format;

namespace LsmMmap.Sstable.Filters;

internal static class BloomFilter
{
    /// <summary>Odd and close to the golden ratio of 2^32; part of the format.</summary>
    private const uint Multiplier = 0x9E37_79B9;

    /// <summary>Nine bits name one of 512.</summary>
    private const int BitShift = 32 - 9;

    public static uint Bit(uint state) => state >> BitShift;

    public static uint Step(uint state) => state * Multiplier;

    /// <summary>False when no key with this hash was added to the line.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool MayContain(ReadOnlySpan<byte> line, int probes, ulong hash)
    {
        Debug.Assert(line.Length == FilterLayout.LineBytes, "a probe looks at one line");
        Debug.Assert(probes <= FilterLayout.ProbesMax, "the footer is checked");
        ref byte bytes = ref MemoryMarshal.GetReference(line);
        uint state = (uint)hash;
        uint missing = 0;
        for (int i = 0; i < probes; i++)
        {
            uint bit = Bit(state);
            // Safety: nine bits shifted by three stay below the 64 bytes of the line.
            uint found = Unsafe.Add(ref bytes, (nint)(bit >> 3));
            missing |= (~found >> (int)(bit & 7)) & 1;
            state = Step(state);
        }
        return missing == 0;
    }
}
