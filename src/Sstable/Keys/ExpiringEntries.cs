// How many entries of a table expire, and between when. Kept by the table and by the MANIFEST, so
// that the store knows without reading when a table is worth nothing any more.
// Threads: immutable.

using System.Diagnostics;

namespace LsmMmap.Sstable.Keys;

/// <param name="Count">Entries that expire; 0 says nothing about the times.</param>
/// <param name="FirstMs">When the first of them is over, in milliseconds of Unix time.</param>
/// <param name="LastMs">And the last.</param>
internal readonly record struct ExpiringEntries(long Count, long FirstMs, long LastMs)
{
    public bool IsEmpty => Count == 0;

    /// <summary>One more.</summary>
    public ExpiringEntries With(long atMs) => IsEmpty
        ? new ExpiringEntries(1, atMs, atMs)
        : new ExpiringEntries(Count + 1, Math.Min(FirstMs, atMs), Math.Max(LastMs, atMs));

    /// <summary>About how many are over at a time: none before the first, all from the last on,
    /// between them as if they were spread evenly.</summary>
    public double OverAt(long nowMs)
    {
        Debug.Assert(IsEmpty || FirstMs <= LastMs, "the first comes first");
        if (IsEmpty || nowMs < FirstMs)
            return 0;
        double share = ((double)nowMs - FirstMs) / ((double)LastMs - FirstMs);
        return nowMs >= LastMs ? Count : Count * share;
    }
}
