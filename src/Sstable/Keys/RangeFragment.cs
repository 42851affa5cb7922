// A range of keys over which the same range tombstones lie. Immutable but for one mark, which only
// ever goes up.
// Threads: any reads; the one who writes entries beside it sets the mark.

using System.Diagnostics;

namespace LsmMmap.Sstable.Keys;

internal sealed class RangeFragment
{
    private volatile bool _hasNewer;

    /// <param name="from">First key of the range.</param>
    /// <param name="to">First key behind it, or <see cref="RangeTombstones.End"/>.</param>
    /// <param name="sequences">Of the tombstones, descending; one at least.</param>
    /// <param name="hasNewer">See <see cref="HasNewer"/>.</param>
    public RangeFragment(byte[] from, byte[] to, ulong[] sequences, bool hasNewer = false)
    {
        Debug.Assert(from.AsSpan().SequenceCompareTo(to) < 0, "a fragment is not empty");
        Debug.Assert(sequences.Length > 0, "a fragment lies under a tombstone");
        From = from;
        To = to;
        Sequences = sequences;
        _hasNewer = hasNewer;
    }

    public byte[] From { get; }

    /// <summary>Exclusive.</summary>
    public byte[] To { get; }

    /// <summary>Descending.</summary>
    public ulong[] Sequences { get; }

    /// <summary>Whether the table or memtable that holds the tombstones may hold an entry in the
    /// range that is newer than all of them. Where it holds none, whoever sees the newest
    /// tombstone need not look at its entries there.</summary>
    public bool HasNewer => _hasNewer;

    /// <summary>Sets the mark.</summary>
    public void MarkNewer() => _hasNewer = true;

    /// <summary>The newest tombstone at or below a sequence; 0 when there is none.</summary>
    public ulong NewestAt(ulong sequence)
    {
        foreach (ulong candidate in Sequences)
        {
            if (candidate <= sequence)
                return candidate;
        }
        return 0;
    }

    /// <summary>The oldest tombstone above a sequence; 0 when there is none.</summary>
    public ulong OldestAbove(ulong sequence)
    {
        ulong oldest = 0;
        foreach (ulong candidate in Sequences)
        {
            if (candidate <= sequence)
                break;
            oldest = candidate;
        }
        return oldest;
    }

    /// <summary>The part inside [from, to), which it meets.</summary>
    public RangeFragment Clip(byte[] from, byte[] to)
    {
        bool isWhole = from.AsSpan().SequenceCompareTo(From) <= 0
            && to.AsSpan().SequenceCompareTo(To) >= 0;
        return isWhole ? this : new RangeFragment(
            from.AsSpan().SequenceCompareTo(From) > 0 ? from : From,
            to.AsSpan().SequenceCompareTo(To) < 0 ? to : To,
            Sequences, HasNewer);
    }
}
