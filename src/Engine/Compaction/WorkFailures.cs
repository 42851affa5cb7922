// How often the same background work has failed in a row. The same are the flushes of a keyspace,
// the compactions from one of its levels, and all drops of tables. Other work that succeeds
// meanwhile does not count for it: a compaction that meets a damaged block would be tried for ever
// beside flushes, and read and write as much each time.
// Threads: under the store's lock.

using System.Diagnostics;
using LsmMmap.Engine.State;

namespace LsmMmap.Engine.Compaction;

/// <param name="Tree">What it is for; null for a drop of tables.</param>
/// <param name="Level">What is compacted from; <see cref="NoLevel"/> for anything else.</param>
/// <param name="Run">Does it, on the thread that took it; false when nothing was left to do.
/// </param>
internal sealed record DueWork(KeyspaceTree? Tree, int Level, Func<bool> Run)
{
    public const int NoLevel = -1;
}

internal sealed class WorkFailures
{
    private readonly Dictionary<(KeyspaceTree? Tree, int Level), int> _inARow = [];

    public void Succeeded(DueWork work) => _inARow.Remove((work.Tree, work.Level));

    /// <summary>How often this work has failed, with the failure that is told.</summary>
    public int Failed(DueWork work)
    {
        Debug.Assert(work.Level >= DueWork.NoLevel, "a level or none");
        foreach ((KeyspaceTree? Tree, int Level) key in _inARow.Keys.ToArray())
        {
            if (key.Tree is { IsDropped: true })
                _inARow.Remove(key);
        }
        int count = _inARow.GetValueOrDefault((work.Tree, work.Level)) + 1;
        _inARow[(work.Tree, work.Level)] = count;
        return count;
    }
}
