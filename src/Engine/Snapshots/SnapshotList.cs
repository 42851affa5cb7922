// The sequences that snapshots hold. Compaction keeps, of every key, the newest version at or
// below each of them. Under the store's lock: a snapshot takes the published sequence and enters
// it here in one step, and a compaction copies the list under the same lock, so that no version
// that a snapshot needs is dropped between the two.

using System.Diagnostics;

namespace LsmMmap.Engine.Snapshots;

internal sealed class SnapshotList
{
    // Ascending; equal sequences stand once for each snapshot.
    private readonly List<ulong> _sequences = [];

    public int Count => _sequences.Count;

    public void Add(ulong sequence)
    {
        int at = _sequences.BinarySearch(sequence);
        _sequences.Insert(at < 0 ? ~at : at, sequence);
        Debug.Assert(IsAscending(), "the list is ascending");
    }

    public void Remove(ulong sequence)
    {
        int at = _sequences.BinarySearch(sequence);
        Debug.Assert(at >= 0, "only a registered snapshot is removed");
        if (at >= 0)
            _sequences.RemoveAt(at);
    }

    public bool Contains(ulong sequence) => _sequences.BinarySearch(sequence) >= 0;

    /// <summary>A copy, ascending, each sequence once.</summary>
    public ulong[] ToArray() => [.. _sequences.Distinct()];

    private bool IsAscending()
    {
        for (int i = 1; i < _sequences.Count; i++)
        {
            if (_sequences[i - 1] > _sequences[i])
                return false;
        }
        return true;
    }
}
