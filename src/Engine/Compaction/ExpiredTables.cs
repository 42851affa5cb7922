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
        if (!version.HasExpiring)
            return due;
        var dropped = new HashSet<Table>();
        // Oldest first, so what a table could hide has been decided about before it.
        foreach ((int level, Table table) in RetentionLimit.OldestFirst(version))
        {
            bool isOver = table.Info.WholeOverAtMs <= nowMs && !table.IsCompacting;
            if (!isOver || MeetsOlder(version, level, table, dropped))
                continue;
            due.Add((level, table));
            dropped.Add(table);
        }
        return due;
    }

    /// <summary>When the next table is due, to be dropped or to be written again, in milliseconds
    /// of Unix time; long max when none ever will be. What is due already does not count.
    /// </summary>
    public static long NextDueMs(TreeVersion version, long nowMs)
    {
        long nextMs = long.MaxValue;
        if (!version.HasExpiring)
            return nextMs;
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
        TreeVersion version, int level, Table table, HashSet<Table> dropped)
    {
        KeyRange keys = KeyRange.Of(table);
        ReadOnlySpan<Table> newestFirst = version.Tables(0);
        int older = level == 0 ? newestFirst.IndexOf(table) + 1 : newestFirst.Length;
        foreach (Table other in newestFirst[older..])
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
