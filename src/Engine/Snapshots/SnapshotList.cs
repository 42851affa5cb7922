// The sequences that snapshots hold. Compaction keeps, of every key, the newest version at or
// below each of them. Under the store's lock: a snapshot takes the published sequence and enters
// it here in one step, and a compaction copies the list under the same lock, so that no version
// that a snapshot needs is dropped between the two.

using System.Diagnostics;

namespace LsmMmap.Engine.Snapshots;

internal sealed class SnapshotList
{
    // Ascending by sequence, then by age; equal ones stand once for each snapshot.
    private readonly List<(ulong Sequence, long MadeAt)> _snapshots = [];

    public int Count => _snapshots.Count;

    /// <summary>When the oldest was made, by the clock's timestamps; null when there is none.
    /// </summary>
    public long? OldestMadeAt => _snapshots.Count == 0 ? null : _snapshots[0].MadeAt;

    public void Add(ulong sequence, long madeAt)
    {
        int at = _snapshots.BinarySearch((sequence, madeAt));
        _snapshots.Insert(at < 0 ? ~at : at, (sequence, madeAt));
        Debug.Assert(IsAscending(), "the list is ascending");
    }

    public void Remove(ulong sequence, long madeAt)
    {
        int at = _snapshots.BinarySearch((sequence, madeAt));
        Debug.Assert(at >= 0, "only a registered snapshot is removed");
        if (at >= 0)
            _snapshots.RemoveAt(at);
    }

    public bool Contains(ulong sequence)
    {
        int at = _snapshots.BinarySearch((sequence, long.MinValue));
        at = at < 0 ? ~at : at;
        return at < _snapshots.Count && _snapshots[at].Sequence == sequence;
    }

    /// <summary>A copy, ascending, each sequence once.</summary>
    public ulong[] ToArray() =>
        [.. _snapshots.Select(static snapshot => snapshot.Sequence).Distinct()];

    private bool IsAscending()
    {
        for (int i = 1; i < _snapshots.Count; i++)
        {
            if (_snapshots[i - 1].CompareTo(_snapshots[i]) > 0)
                return false;
        }
        return true;
    }
}
