// Tables that lie whole under younger range tombstones, so that no reader there is or will be sees
// anything of them. They are taken out of the tree by an edit alone, without being read: a delete
// of millions of keys then costs about what unlinking some files costs.
//
// A table is covered when over each of its keys lies a tombstone that is newer than all that the
// table holds, and no snapshot sees something of the table but not that tombstone. Sequences that
// a compaction has dropped count as zero, older than every tombstone; that is right because none
// is dropped while a tombstone that the entry is newer than is left in the same version.
//
// It is looked at after each flush and compaction whose tables hold range tombstones. What a
// snapshot keeps then is dropped by a later one, or by the compaction that comes to it.
// Threads: the look is pure; the deed runs on the thread that flushed or compacted.

using System.Diagnostics;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Compaction;

internal static class CoveredTables
{
    private const int TriesMax = 3;

    /// <summary>Whether a table is covered. Requires: the tombstones are of the version that the
    /// table is in; snapshots ascend.</summary>
    public static bool IsCovered(
        TableInfo table, RangeTombstones ranges, ReadOnlySpan<ulong> snapshots)
    {
        byte[] at = table.SmallestKey;
        foreach (RangeFragment fragment in ranges.Fragments[ranges.Find(at)..])
        {
            if (fragment.From.AsSpan().SequenceCompareTo(at) > 0)
                return false;
            ulong over = fragment.OldestAbove(table.LargestSequence);
            if (over == 0 || IsSeen(table, over, snapshots))
                return false;
            at = fragment.To;
            int order = at.AsSpan().SequenceCompareTo(table.LargestKey);
            if (order > 0 || (order == 0 && table.IsLargestExcluded))
                return true;
        }
        return false;
    }

    /// <summary>Takes the covered tables out of a tree. Tables that a compaction has taken are
    /// left to it.</summary>
    public static void Drop(StoreState state, VersionCommitter committer, KeyspaceTree tree)
    {
        for (int tries = 0; tries < TriesMax; tries++)
        {
            TreeVersion version;
            using (state.Gate.Hold())
            {
                version = tree.Version;
                if (tree.IsDropped || state.IsClosing || !version.HasRanges)
                    return;
                version.AddReference();
            }
            try
            {
                RangeTombstones? ranges = RangesOf(version);
                if (ranges == null || TryDrop(state, committer, tree, version, ranges))
                    return;
            }
            finally
            {
                version.Release();
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

    /// <summary>False when the version is not the tree's any more.</summary>
    private static bool TryDrop(
        StoreState state, VersionCommitter committer, KeyspaceTree tree, TreeVersion version,
        RangeTombstones ranges)
    {
        var covered = new HashSet<Table>();
        var edit = new VersionEdit();
        using (state.Gate.Hold())
        {
            if (!ReferenceEquals(tree.Version, version))
                return false;
            ulong[] snapshots = state.Snapshots.ToArray();
            for (int level = 0; level < TreeVersion.LevelCount; level++)
            {
                foreach (Table table in version.Tables(level))
                {
                    if (table.IsCompacting || !IsCovered(table.Info, ranges, snapshots))
                        continue;
                    table.IsCompacting = true;
                    covered.Add(table);
                    edit.Removed.Add((tree.Id, level, table.Info.Number));
                }
            }
        }
        if (covered.Count > 0)
            Commit(state, committer, tree, edit, covered);
        return true;
    }

    private static void Commit(
        StoreState state, VersionCommitter committer, KeyspaceTree tree, VersionEdit edit,
        HashSet<Table> covered)
    {
        try
        {
            committer.Commit(tree, edit, () =>
            {
                tree.Install(tree.Version.With(covered, []));
                foreach (Table table in covered)
                    table.MarkObsolete();
            });
        }
        finally
        {
            using (state.Gate.Hold())
            {
                foreach (Table table in covered)
                    table.IsCompacting = false;
                state.Gate.PulseAll();
            }
        }
    }

    private static bool IsSeen(TableInfo table, ulong over, ReadOnlySpan<ulong> snapshots)
    {
        Debug.Assert(over > table.LargestSequence, "what covers is newer");
        foreach (ulong snapshot in snapshots)
        {
            if (snapshot >= table.SmallestSequence && snapshot < over)
                return true;
        }
        return false;
    }
}
