// Tables of which every entry is over or a tombstone. Where no older table meets one, nothing that
// it hides is left, so it is dropped without being read. Snapshots hold none back: time goes on for
// them too, and a tombstone that hides nothing is worth nothing to anybody.
//
// A table that is dropped takes its range tombstones along. They lie inside its bounds, so there is
// nothing under them either.
// Threads: pure functions. ExpiredWork does the deed.

using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Compaction;

internal static class ExpiredTables
{
    /// <summary>All tables to drop now, together: of two that meet the older one is among them or
    /// neither is.</summary>
    public static List<(int Level, Table Table)> Due(TreeVersion version, long nowMs)
    {
        List<(int Level, Table Table)> due = [];
        if (version.FirstWholeOverAtMs > nowMs)
            return due;
        var dropped = new HashSet<Table>();
        // From the deepest level up, and level 0 from its oldest table on: what a table could hide
        // has been decided about before it.
        for (int level = TreeVersion.LevelCount - 1; level >= 0; level--)
        {
            ReadOnlySpan<Table> tables = version.Tables(level);
            for (int i = tables.Length - 1; i >= 0; i--)
            {
                bool isOver = tables[i].Info.WholeOverAtMs <= nowMs && !tables[i].IsCompacting;
                if (!isOver || MeetsOlder(version, level, i, dropped))
                    continue;
                due.Add((level, tables[i]));
                dropped.Add(tables[i]);
            }
        }
        return due;
    }

    /// <summary>When the next table is due, to be dropped or to be written again, in milliseconds
    /// of Unix time; long max when none ever will be. What is due already does not count.
    /// </summary>
    public static long NextDueMs(TreeVersion version, long nowMs)
    {
        long nextMs = Math.Min(version.FirstHalfOverAtMs, version.FirstWholeOverAtMs);
        if (nextMs > nowMs)
            return nextMs;
        nextMs = long.MaxValue;
        foreach (Table table in version.AllTables())
        {
            foreach (long dueMs in (ReadOnlySpan<long>)
                [table.Info.HalfOverAtMs, table.Info.WholeOverAtMs])
            {
                if (dueMs > nowMs)
                    nextMs = Math.Min(nextMs, dueMs);
            }
        }
        return nextMs;
    }

    /// <summary>Whether an older table that is not dropped lies in the bounds of a table.
    /// </summary>
    private static bool MeetsOlder(
        TreeVersion version, int level, int at, HashSet<Table> dropped)
    {
        KeyRange keys = KeyRange.Of(version.Tables(level)[at]);
        // Level 0 is newest first, and the tables of another level do not meet.
        foreach (Table other in level > 0 ? [] : version.Tables(0)[(at + 1)..])
        {
            if (keys.Overlaps(other) && !dropped.Contains(other))
                return true;
        }
        for (int below = level + 1; below < TreeVersion.LevelCount; below++)
        {
            ReadOnlySpan<Table> sorted = version.Tables(below);
            for (int i = sorted.IsEmpty ? 0 : version.FindTable(below, keys.Smallest);
                i < sorted.Length && keys.Overlaps(sorted[i]); i++)
            {
                if (!dropped.Contains(sorted[i]))
                    return true;
            }
        }
        return false;
    }
}
