// The runs of a view, youngest first, for a merge: each memtable that holds something, each table
// of level 0 that meets the bounds, each deeper level; and what their range tombstones cover.
// Threads: one at a time.

using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Reading;

internal static class ViewRuns
{
    /// <summary>Adds them, the active memtable only when asked. Empty bounds are none.</summary>
    public static void Add(
        TreeView view, bool withActive, MergingCursor merge, RangeCover cover,
        ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper)
    {
        if (withActive)
        {
            cover.AddActive(view.Active.Table);
            merge.AddRun().Reset(view.Active);
        }
        foreach (LiveMemTable memTable in view.Frozen)
        {
            cover.Add(memTable.Table.Ranges, merge.RunCount);
            merge.AddRun().Reset(memTable);
        }
        AddTables(view.Version, merge, cover, lower, upper);
    }

    private static void AddTables(
        TreeVersion version, MergingCursor merge, RangeCover cover, ReadOnlySpan<byte> lower,
        ReadOnlySpan<byte> upper)
    {
        ReadOnlyMemory<Table> young = version.LevelMemory(0);
        for (int i = 0; i < young.Length; i++)
        {
            if (!Meets(young.Span[i].Info, lower, upper))
                continue;
            cover.Add(young.Span[i].Ranges, merge.RunCount);
            merge.AddRun().Reset(young.Slice(i, 1), sequential: false);
        }
        ReadOnlySpan<RangeRun> ranges = version.RangeRuns;
        foreach (int level in version.SortedLevels)
        {
            foreach (RangeRun run in ranges)
            {
                if (run.Level == level)
                    cover.Add(run.Ranges, merge.RunCount);
            }
            merge.AddRun().Reset(version, level, sequential: false);
        }
    }

    private static bool Meets(
        TableInfo table, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper) =>
        (lower.IsEmpty || !table.Keys.EndsBefore(lower))
        && (upper.IsEmpty || upper.SequenceCompareTo(table.SmallestKey) > 0);
}
