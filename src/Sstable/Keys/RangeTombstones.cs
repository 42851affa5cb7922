// The range tombstones of one memtable or table, or of several together: fragments in key order
// that do not overlap, each with the sequences of the tombstones that lie over all of it. What a
// key lies under is then one binary search, whatever was deleted over and over.
//
//   tombstones   [a ---------- m) 9        fragments   [a, f) 9
//                     [f ------------ t) 4             [f, m) 9 4
//                                                      [m, t) 4
//
// A tombstone [a, b) of sequence t hides the entries of the keys a <= key < b below t from every
// reader at t or above.
//
// Threads: immutable, but for the mark of its fragments; a change makes a new list.

using System.Diagnostics;

namespace LsmMmap.Sstable.Keys;

internal sealed class RangeTombstones
{
    /// <summary>No tombstones.</summary>
    public static readonly RangeTombstones None = new([]);

    private const int FragmentBytes = 64;

    private readonly RangeFragment[] _fragments;

    private RangeTombstones(RangeFragment[] fragments)
    {
        _fragments = fragments;
        AssertInvariants();
    }

    /// <summary>Above every key: the end of a range that has none. Files state it as an empty
    /// key, below which no range could lie.</summary>
    public static byte[] End { get; } = MakeEnd();

    public bool IsEmpty => _fragments.Length == 0;

    /// <summary>Tombstones, counted once in every fragment. A walk over all.</summary>
    public long Count => _fragments.Sum(static fragment => (long)fragment.Sequences.Length);

    public ReadOnlySpan<RangeFragment> Fragments => _fragments;

    /// <summary>An end as it is given and stated: empty means that there is none.</summary>
    public static byte[] EndOf(ReadOnlySpan<byte> to) => to.IsEmpty ? End : to.ToArray();

    /// <summary>And back.</summary>
    public static byte[] Stated(byte[] to) =>
        to.Length > InternalKey.UserKeyBytesMax ? [] : to;

    /// <summary>Fragments in order that do not overlap; the array is kept.</summary>
    public static RangeTombstones OfOrdered(RangeFragment[] fragments) =>
        fragments.Length == 0 ? None : new RangeTombstones(fragments);

    /// <summary>Fragments of any origin cut where their ends meet. Neighbours under the same
    /// tombstones become one; no mark is set.</summary>
    public static RangeTombstones Of(IEnumerable<RangeFragment> any) =>
        Cut(any, static open => [.. open.Keys]);

    /// <summary>The same of the newest tombstone over each key alone.</summary>
    public static RangeTombstones NewestOf(IEnumerable<RangeFragment> any) =>
        Cut(any, static open => [open.First().Key]);

    /// <summary>Adds a fragment behind the others. One that goes on under the same tombstones makes
    /// the last one longer; there is no mark to lose.</summary>
    public static void Append(
        List<RangeFragment> found, byte[] from, byte[] to, ulong[] sequences)
    {
        if (found.Count > 0 && found[^1].To.AsSpan().SequenceEqual(from)
            && found[^1].Sequences.AsSpan().SequenceEqual(sequences))
        {
            from = found[^1].From;
            found.RemoveAt(found.Count - 1);
        }
        found.Add(new RangeFragment(from, to, sequences));
    }

    /// <summary>Index of the first fragment that ends behind the key; their number when none
    /// does.</summary>
    public int Find(ReadOnlySpan<byte> key)
    {
        int low = 0;
        int high = _fragments.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_fragments[middle].To.AsSpan().SequenceCompareTo(key) <= 0)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    /// <summary>The fragment that the key lies in; null when none is over it.</summary>
    public RangeFragment? At(ReadOnlySpan<byte> key)
    {
        int at = Find(key);
        return at < _fragments.Length && key.SequenceCompareTo(_fragments[at].From) >= 0
            ? _fragments[at] : null;
    }

    /// <summary>The newest tombstone over a key at or below a sequence; 0 when there is none.
    /// </summary>
    public ulong Covering(ReadOnlySpan<byte> key, ulong sequence) =>
        At(key)?.NewestAt(sequence) ?? 0;

    /// <summary>An entry stands beside the tombstones: marks the fragment that it is newer than.
    /// </summary>
    public void Note(ReadOnlySpan<byte> key, ulong sequence)
    {
        if (At(key) is { HasNewer: false } fragment && sequence > fragment.Sequences[0])
            fragment.MarkNewer();
    }

    /// <summary>The list with a tombstone that is newer than all in it. Only what it lies over
    /// loses the mark.</summary>
    public RangeTombstones With(byte[] from, byte[] to, ulong sequence) =>
        With(new RangeTombstones([new RangeFragment(from, to, [sequence])]), out _);

    /// <summary>The same with several, each newer than all in the list.</summary>
    /// <param name="newer">Them.</param>
    /// <param name="madeBytes">About the bytes that making the list took.</param>
    public RangeTombstones With(RangeTombstones newer, out long madeBytes)
    {
        madeBytes = 0;
        if (newer.IsEmpty)
            return this;
        int first = Find(newer._fragments[0].From);
        int next = first;
        var middle = new List<RangeFragment>();
        RangeFragment? old = TakeNext(ref next);
        foreach (RangeFragment over in newer._fragments)
        {
            byte[] at = over.From;
            while (old != null && old.From.AsSpan().SequenceCompareTo(over.To) < 0)
            {
                if (old.To.AsSpan().SequenceCompareTo(at) <= 0)
                {
                    middle.Add(old);
                    old = TakeNext(ref next);
                    continue;
                }
                Debug.Assert(old.Sequences[0] < over.Sequences[^1], "what is added is newer");
                int order = old.From.AsSpan().SequenceCompareTo(at);
                if (order < 0)
                    middle.Add(old.Clip(old.From, at));
                else if (order > 0)
                    middle.Add(new RangeFragment(at, old.From, over.Sequences));
                RangeFragment under = old.Clip(at, over.To);
                ulong[] both = [.. over.Sequences, .. old.Sequences];
                madeBytes += sizeof(ulong) * (long)both.Length;
                middle.Add(new RangeFragment(under.From, under.To, both));
                at = under.To;
                old = old.To.AsSpan().SequenceCompareTo(over.To) > 0
                    ? old.Clip(over.To, old.To) : TakeNext(ref next);
            }
            if (at.AsSpan().SequenceCompareTo(over.To) < 0)
                middle.Add(new RangeFragment(at, over.To, over.Sequences));
        }
        if (old != null)
            middle.Add(old);
        RangeFragment[] all =
            [.. _fragments.AsSpan(0, first), .. middle, .. _fragments.AsSpan(next)];
        madeBytes += FragmentBytes * (long)middle.Count + sizeof(long) * (long)all.Length;
        return new RangeTombstones(all);
    }

    /// <summary>What lies inside [from, to).</summary>
    public RangeTombstones Clip(byte[] from, byte[] to)
    {
        var inside = new List<RangeFragment>();
        for (int i = Find(from); i < _fragments.Length
            && _fragments[i].From.AsSpan().SequenceCompareTo(to) < 0; i++)
            inside.Add(_fragments[i].Clip(from, to));
        return OfOrdered([.. inside]);
    }

    private static RangeTombstones Cut(
        IEnumerable<RangeFragment> any, Func<SortedDictionary<ulong, int>, ulong[]> taken)
    {
        var ends = new List<(byte[] Key, ulong Sequence, int Change)>();
        foreach (RangeFragment fragment in any)
        {
            foreach (ulong sequence in fragment.Sequences)
            {
                ends.Add((fragment.From, sequence, 1));
                ends.Add((fragment.To, sequence, -1));
            }
        }
        ends.Sort(static (a, b) => a.Key.AsSpan().SequenceCompareTo(b.Key));
        var found = new List<RangeFragment>();
        var open = new SortedDictionary<ulong, int>(
            Comparer<ulong>.Create(static (a, b) => b.CompareTo(a)));
        for (int i = 0; i < ends.Count; i++)
        {
            (byte[] key, ulong sequence, int change) = ends[i];
            bool isNewKey = i > 0 && !ends[i - 1].Key.AsSpan().SequenceEqual(key);
            if (isNewKey && open.Count > 0)
                Append(found, ends[i - 1].Key, key, taken(open));
            int count = open.GetValueOrDefault(sequence) + change;
            // Of two ends on one key the later one may stand first.
            if (count == 0)
                open.Remove(sequence);
            else
                open[sequence] = count;
        }
        Debug.Assert(open.Count == 0, "what begins ends");
        return OfOrdered([.. found]);
    }

    private RangeFragment? TakeNext(ref int next) =>
        next < _fragments.Length ? _fragments[next++] : null;

    private static byte[] MakeEnd()
    {
        byte[] end = new byte[InternalKey.UserKeyBytesMax + 1];
        end.AsSpan().Fill(0xFF);
        return end;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        for (int i = 1; i < _fragments.Length; i++)
            Debug.Assert(
                _fragments[i - 1].To.AsSpan().SequenceCompareTo(_fragments[i].From) <= 0,
                "fragments are in order and do not overlap");
    }
}
