// What a keyspace with retention may have dropped, by what is promised alone: whole tables go when
// the engine gets to it, so the model asks what is left and judges it. An entry that is there has
// the value that was written last; one that is gone was beyond a limit at some time, and stays
// gone; and where the keyspace had retention always, everything that was written before it is gone
// too.
// One of these belongs to every keyspace of a run; without retention nothing may be gone.
// Thread rule: one thread.

using System.Globalization;

namespace LsmMmap.Testing.Model;

internal sealed class ModelRetention
{
    /// <summary>More than a run ever writes, so nothing may go because of it.</summary>
    public const long WideBytes = 1L << 40;

    private Retention? _limits;
    private bool _hadLimitsAlways = true;
    private long _lastCommit;
    private long _commitBefore;
    private long _lastMerged;
    // Commits and times up to which entries were beyond the one limit or the other.
    private long _beyondBytes;
    private long _beyondAgeMs = long.MinValue;
    private long _newestGone;

    /// <summary>Whether anything may ever have been dropped.</summary>
    public bool HadLimits { get; private set; }

    /// <summary>From now on other limits count, or with null none.</summary>
    public void SetLimits(Retention? limits, long nowMs)
    {
        Judge(nowMs);
        // What is merged stands in tables by key, and which of those goes first says nothing of
        // when an entry was written.
        if (_limits == null)
            _lastMerged = _lastCommit;
        _limits = limits;
        HadLimits |= limits != null;
        _hadLimitsAlways &= limits != null;
    }

    /// <summary>Something was committed to the keyspace, be it a delete.</summary>
    public void Committed(long sequence)
    {
        if (sequence != _lastCommit)
            (_commitBefore, _lastCommit) = (_lastCommit, sequence);
    }

    /// <summary>What is left of the expected entries in a view of the keyspace. Throws where
    /// more is gone than may be, and where anything else is there. Of the store under test the
    /// answer counts from then on; a copy of it tells nothing about the store.</summary>
    public ModelView Left(IReadView view, ModelView expected, long nowMs, bool isCopy = false)
    {
        Judge(nowMs);
        ModelView left = expected;
        long newestGone = _newestGone;
        long oldestLeft = long.MaxValue;
        int at = 0;
        foreach (KeyValueView entry in view.Range([], []))
        {
            for (; at < expected.Count && IsBefore(expected[at], entry.Key); at++)
                Drop(expected[at]);
            bool isExpected = at < expected.Count && entry.Key.SequenceEqual(expected[at].Key);
            Expect.True(isExpected, $"{Bytes.Show(entry.Key)} was deleted or dropped, or is over");
            Expect.SameBytes(expected[at].Value, entry.Value, Bytes.Show(entry.Key));
            oldestLeft = Math.Min(oldestLeft, expected[at++].Sequence);
        }
        for (; at < expected.Count; at++)
            Drop(expected[at]);
        Expect.True(
            !_hadLimitsAlways || newestGone < oldestLeft,
            $"commit {newestGone} is dropped, and {oldestLeft} is not");
        if (!isCopy)
            _newestGone = newestGone;
        return left;

        void Drop(ModelEntry entry)
        {
            Expect.True(MayBeGone(entry), string.Create(
                CultureInfo.InvariantCulture,
                $"{Bytes.Show(entry.Key)} of commit {entry.Sequence} at {entry.WrittenAtMs} is gone"
                + $" at {nowMs}, beyond the limits are {_beyondBytes} and {_beyondAgeMs}"));
            newestGone = Math.Max(newestGone, entry.Sequence);
            left = left.Delete(entry.Key);
        }
    }

    /// <summary>Moves the bounds of what may be gone on to this moment.</summary>
    private void Judge(long nowMs)
    {
        // The newest table stays whatever its size, and a commit is whole in one.
        if (_limits is { Bytes: > 0 and < WideBytes })
            _beyondBytes = Math.Max(_commitBefore, _lastMerged);
        // An age begins with the flush, which is not before the write.
        if (_limits is { } limits && limits.Age != TimeSpan.Zero)
            _beyondAgeMs = Math.Max(_beyondAgeMs, nowMs - (long)limits.Age.TotalMilliseconds);
    }

    private bool MayBeGone(ModelEntry entry) =>
        entry.Sequence <= _beyondBytes || entry.WrittenAtMs <= _beyondAgeMs;

    private static bool IsBefore(ModelEntry entry, ReadOnlySpan<byte> key) =>
        entry.Key.AsSpan().SequenceCompareTo(key) < 0;
}
