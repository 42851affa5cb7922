// Remembers which parts of a mapped table were populated and verified since it was opened: one bit
// per unit of the file. A block is named by the unit it starts in; units are chosen so small that
// no two blocks start in the same one.
//
// Threads: any. Bits are set by a plain read and write, so two threads may lose one another's bit;
// then a block is verified once more. No race can invent a bit. The bytes behind a bit never
// change, so nothing need be published with it.

using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace LsmMmap.Sstable.Mapping;

internal sealed class TouchedUnits
{
    private readonly ulong[] _bits;
    private readonly int _unitShift;

    /// <param name="fileBytes">Length of the file.</param>
    /// <param name="unitShift">Binary logarithm of the unit in bytes.</param>
    public TouchedUnits(long fileBytes, int unitShift)
    {
        Debug.Assert(fileBytes > 0, "a table is not empty");
        Debug.Assert(unitShift is >= 9 and <= 20, "a unit is a sector at least");
        _unitShift = unitShift;
        _bits = new ulong[(fileBytes >> unitShift) / 64 + 1];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains(long offset)
    {
        long unit = offset >> _unitShift;
        return (_bits[unit >> 6] >> (int)unit & 1) != 0;
    }

    /// <summary>How many of the units that are the first of 64 are known.</summary>
    public int CountFirsts()
    {
        int count = 0;
        foreach (ulong word in _bits)
            count += (int)(word & 1);
        return count;
    }

    /// <summary>Whether the unit is the first of 64.</summary>
    public bool IsFirst(long offset) => (offset >> _unitShift & 63) == 0;

    public void Add(long offset)
    {
        long unit = offset >> _unitShift;
        ref ulong word = ref _bits[unit >> 6];
        Volatile.Write(ref word, Volatile.Read(ref word) | 1UL << (int)unit);
    }
}
