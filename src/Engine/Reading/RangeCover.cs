// What range tombstones hide from a cursor: the lists of all its runs, youngest first, and the
// fragment that lies over the key at hand. The answer for one key holds for all keys up to the
// next end of any fragment, so a scan asks the lists once for each such stretch.
//
// A tombstone of a run hides all that older runs hold under it, because of each key the younger
// run's versions are newer. Under it the older runs are therefore left out by a seek behind it,
// and so is its own run where that holds nothing newer there.
//
// No allocation per move. Threads: one at a time.

using System.Diagnostics;
using LsmMmap.Engine.Memory;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Reading;

internal sealed class RangeCover
{
    private Source[] _sources = [];
    private int _count;
    private MemTable? _active;
    private ulong _sequence;
    private byte[]? _from; // of the stretch; null when nothing was asked yet
    private byte[] _to = [];
    private ulong _newest;

    /// <summary>Whether there is nothing to ask.</summary>
    public bool IsEmpty => _count == 0;

    /// <summary>Over the key asked last: the youngest fragment that hides something there.
    /// </summary>
    public RangeFragment? Fragment { get; private set; }

    /// <summary>The first of the runs in which nothing under that fragment is visible.</summary>
    public int FirstHiddenRun { get; private set; }

    public void Clear()
    {
        _sources.AsSpan(0, _count).Clear();
        _count = 0;
        _active = null;
        _from = null;
        Fragment = null;
    }

    /// <summary>Adds the memtable that grows, which is the youngest run, if there is anything to
    /// ask of it by now.</summary>
    public void AddActive(MemTable active)
    {
        Debug.Assert(_count == 0, "the youngest comes first");
        _active = active;
        Add(active.Ranges, run: 0);
    }

    /// <summary>Adds the next run that holds range tombstones.</summary>
    public void Add(RangeTombstones ranges, int run)
    {
        if (ranges.IsEmpty)
            return;
        if (_count == _sources.Length)
            Array.Resize(ref _sources, Math.Max(4, 2 * _count));
        _sources[_count++] = new Source(ranges, run);
    }

    /// <summary>The sequence to answer for, from now on.</summary>
    public void SetSequence(ulong sequence)
    {
        _sequence = sequence;
        _from = null;
        if (_active is not { Ranges: { IsEmpty: false } ranges })
            return;
        bool isKnown = _count > 0 && _sources[0].Run == 0;
        if (!isKnown)
        {
            Add(ranges, run: 0);
            _sources.AsSpan(0, _count - 1).CopyTo(_sources.AsSpan(1));
        }
        _sources[0] = new Source(ranges, 0);
    }

    /// <summary>Whether an entry, which the sequence sees, lies under a tombstone that it sees as
    /// well. The Delete that stands for a tombstone in a table without other entries has the
    /// tombstone's own sequence, and is one of the entries that a skip passes by: it must count as
    /// hidden in the other direction too.</summary>
    public bool Hides(ReadOnlySpan<byte> key, ulong sequence)
    {
        bool isSame = _from is { } from && key.SequenceCompareTo(from) >= 0
            && key.SequenceCompareTo(_to) < 0;
        if (!isSame)
            Look(key);
        return sequence <= _newest && _newest > 0;
    }

    private void Look(ReadOnlySpan<byte> key)
    {
        Debug.Assert(_count > 0, "somebody is asked");
        byte[] from = [];
        _to = RangeTombstones.End;
        _newest = 0;
        Fragment = null;
        foreach (ref readonly Source source in _sources.AsSpan(0, _count))
        {
            ReadOnlySpan<RangeFragment> fragments = source.Ranges.Fragments;
            int at = source.Ranges.Find(key);
            if (at > 0)
                from = Later(from, fragments[at - 1].To);
            if (at == fragments.Length)
                continue;
            RangeFragment next = fragments[at];
            bool isUnder = key.SequenceCompareTo(next.From) >= 0;
            byte[] end = isUnder ? next.To : next.From;
            if (end.AsSpan().SequenceCompareTo(_to) < 0)
                _to = end;
            if (!isUnder)
                continue;
            from = Later(from, next.From);
            if (_newest == 0)
                Take(next, source.Run);
        }
        _from = from;
    }

    private void Take(RangeFragment fragment, int run)
    {
        _newest = fragment.NewestAt(_sequence);
        if (_newest == 0)
            return;
        Fragment = fragment;
        bool seesAll = _newest == fragment.Sequences[0];
        FirstHiddenRun = seesAll && !fragment.HasNewer ? run : run + 1;
    }

    private static byte[] Later(byte[] one, byte[] other) =>
        one.AsSpan().SequenceCompareTo(other) >= 0 ? one : other;

    private readonly record struct Source(RangeTombstones Ranges, int Run);
}
