// Takes covered tables (CoveredTables) out of the trees. They are looked for when there may be new
// ones: after a flush or compaction that wrote range tombstones, when the store was opened, when a
// snapshot that held some back is gone, and when a compaction ends that had taken some.
//
// The look may read range tombstones, so it is made outside the store's lock, on a version that is
// still the tree's when its tables are marked as taken.
// Threads: under the store's lock but for what Next returns, which a background thread runs.

using System.Diagnostics;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Compaction;

internal sealed class CoveredWork(StoreState state, VersionCommitter committer)
{
    private readonly TimeProvider _clock = state.Services.Options.TimeProvider;

    /// <summary>Whether no look runs or is due.</summary>
    public bool IsIdle => state.Trees.All(
        tree => !tree.Covered.IsRunning && (!IsDue(tree) || !tree.Version.HasRanges));

    /// <summary>The next look; null when none is due.</summary>
    public Func<bool>? Next()
    {
        AssertInvariants();
        foreach (KeyspaceTree tree in state.Trees)
        {
            if (tree.Covered.IsRunning || !IsDue(tree))
                continue;
            tree.Covered.IsDue = false;
            tree.Covered.HeldBy.Clear();
            if (!tree.Version.HasRanges)
                continue;
            tree.Covered.IsRunning = true;
            TreeVersion version = tree.Version;
            version.AddReference();
            return () => Run(tree, version);
        }
        return null;
    }

    private bool IsDue(KeyspaceTree tree)
    {
        if (tree.Covered.IsDue)
            return true;
        foreach (ulong snapshot in tree.Covered.HeldBy)
        {
            if (!state.Snapshots.Contains(snapshot))
                return true;
        }
        return false;
    }

    private bool Run(KeyspaceTree tree, TreeVersion version)
    {
        long start = _clock.GetTimestamp();
        var taken = new List<(int Level, Table Table)>();
        try
        {
            if (RangesOf(version) is not { } ranges)
                return false;
            Take(tree, version, ranges, taken);
            if (taken.Count == 0 || !Commit(tree, taken))
                return false;
            state.Events.Add(WorkEvents.OfDrop(
                tree, "covered by younger range tombstones", taken,
                _clock.GetElapsedTime(start)));
            return true;
        }
        finally
        {
            version.Release();
            using (state.Gate.Hold())
            {
                AssertInvariants();
                tree.Covered.IsRunning = false;
                foreach ((_, Table table) in taken)
                    table.IsCompacting = false;
                state.Gate.PulseAll();
            }
        }
    }

    /// <summary>All range tombstones of a version; null when some cannot be read, which is told to
    /// those who need them.</summary>
    private static RangeTombstones? RangesOf(TreeVersion version)
    {
        try
        {
            var all = new List<RangeFragment>();
            foreach (RangeRun run in version.RangeRuns)
                all.AddRange(run.Ranges.Fragments);
            return RangeTombstones.Of(all);
        }
        catch (LsmException)
        {
            return null;
        }
    }

    /// <summary>Marks the covered tables as taken, unless the version is not the tree's any more:
    /// then the look is due again.</summary>
    private void Take(
        KeyspaceTree tree, TreeVersion version, RangeTombstones ranges,
        List<(int Level, Table Table)> taken)
    {
        using (state.Gate.Hold())
        {
            AssertInvariants();
            if (!ReferenceEquals(tree.Version, version))
            {
                tree.Covered.IsDue = true;
                return;
            }
            ulong[] snapshots = state.Snapshots.ToArray();
            for (int level = 0; level < TreeVersion.LevelCount; level++)
            {
                foreach (Table table in version.Tables(level))
                {
                    ulong by = CoveredTables.CoveredBy(table.Info, ranges);
                    if (by == 0)
                        continue;
                    ulong? holder = CoveredTables.HeldBy(table.Info, by, snapshots);
                    if (holder is { } snapshot)
                        tree.Covered.HeldBy.Add(snapshot);
                    else if (table.IsCompacting)
                        tree.Covered.IsHeldByWork = true;
                    else
                        taken.Add((level, table));
                }
            }
            foreach ((_, Table table) in taken)
                table.IsCompacting = true;
        }
    }

    private bool Commit(KeyspaceTree tree, List<(int Level, Table Table)> taken)
    {
        var edit = new VersionEdit();
        edit.Remove(tree.Id, taken);
        return committer.Commit(tree, edit, () =>
        {
            tree.Install(tree.Version.With(
                new HashSet<Table>(taken.Select(static t => t.Table)), []));
            foreach ((_, Table table) in taken)
                table.MarkObsolete();
        });
    }

    [Conditional("DEBUG")]
    private void AssertInvariants() =>
        Debug.Assert(state.Gate.IsHeld, "what is taken is under the store's lock");
}
