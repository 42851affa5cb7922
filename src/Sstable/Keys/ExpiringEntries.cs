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

    /// <summary>From when on a number of them are over, in milliseconds of Unix time, as if they
    /// were spread evenly between the first and the last; long max when fewer expire.</summary>
    public long OverFrom(long count)
    {
        Debug.Assert(count > 0, "none are over at any time");
        if (count > Count)
            return long.MaxValue;
        if (count == Count)
            return LastMs;
        double share = (count - 1) / (double)(Count - 1);
        double atMs = FirstMs + ((double)LastMs - FirstMs) * share;
        return Math.Clamp((long)atMs, FirstMs, LastMs);
    }
}
