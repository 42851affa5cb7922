// Size-tiered compaction, after RocksDB's universal style: the tree is a list of sorted runs
// from newest to oldest, each table of level 0 one run and each non-empty deeper level one. Runs
// that are neighbours in age and similar in size are merged into one, so a byte is written about
// once per doubling instead of once or more per level; the price is space and more runs to read.
//
// The result takes the deepest place above the next older run: the level just above that run's,
// or one table on level 0 when the next older run is there or on level 1. A merge that reaches
// the oldest run goes to the last level.
// A merge of everything is due when the newer runs outweigh the oldest one twice over: at worst
// they shadow all of it, so the store takes three times the space of its data. It is due too when
// the newer runs have a tombstone for every second entry, for each keeps the space of what it
// hides.
// Threads: under the store's lock.

using System.Diagnostics;
using System.Globalization;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Compaction;

internal static class TieredPicker
{
    public static CompactionPlan? Pick(
        TreeVersion version, KeyspaceOptions options, CompactionTuning tuning,
        CompactionClaims claims)
    {
        List<Run> runs = RunsOf(version);
        if (runs.Count < 2)
            return null;
        long newerBytes = NewerBytes(runs);
        Run oldest = runs[^1];
        if (oldest.Level > 0 && newerBytes > tuning.SpaceFactor * oldest.Bytes)
        {
            string why = string.Create(
                CultureInfo.InvariantCulture,
                $"{runs.Count - 1} newer runs hold {CompactionPicker.Mebibytes(newerBytes)}, " +
                $"the oldest {CompactionPicker.Mebibytes(oldest.Bytes)}");
            CompactionPlan? plan = Merge(
                version, options, claims, runs, 0, runs.Count,
                CompactionReason.TieredSpace, why);
            if (plan != null)
                return plan;
        }
        if (DeletesWhy(runs, tuning) is { } mostlyDeletes
            && Merge(version, options, claims, runs, 0, runs.Count,
                CompactionReason.Tombstones, mostlyDeletes) is { } full)
        {
            return full;
        }
        // Runs that are being merged will be one.
        int busy = runs.Count(static run => run.IsCompacting);
        int count = runs.Count - Math.Max(0, busy - 1);
        return count < tuning.RunTrigger
            ? null : PickNeighbours(version, options, tuning, claims, runs, count);
    }

    public static CompactionPressure Pressure(
        TreeVersion version, KeyspaceOptions options, CompactionTuning tuning)
    {
        List<Run> runs = RunsOf(version);
        long newerBytes = NewerBytes(runs);
        long debtBytes = runs.Count >= tuning.RunTrigger ? version.LevelBytes(0) : 0;
        if (runs.Count > 1 && runs[^1].Level > 0)
        {
            long excess = newerBytes - (long)(tuning.SpaceFactor * runs[^1].Bytes);
            debtBytes = Math.Max(debtBytes, excess);
        }
        return new CompactionPressure(
            version.Tables(0).Length, tuning.RunTrigger,
            tuning.Level0StopMax * tuning.RunTrigger, debtBytes, 4 * options.MemtableBytes);
    }

    // The newest group of two or more runs of similar size; failing that, as many of the newest
    // as bring the count below the trigger.
    private static CompactionPlan? PickNeighbours(
        TreeVersion version, KeyspaceOptions options, CompactionTuning tuning,
        CompactionClaims claims, List<Run> runs, int count)
    {
        string why = string.Create(
            CultureInfo.InvariantCulture,
            $"{runs.Count} sorted runs, due at {tuning.RunTrigger}");
        for (int first = 0; first < runs.Count; first++)
        {
            int end = EndOfSimilar(runs, first, tuning.SizeRatio);
            if (end - first < 2)
                continue;
            CompactionPlan? plan = Merge(
                version, options, claims, runs, first, end, CompactionReason.TieredRuns, why);
            if (plan != null)
                return plan;
        }
        int start = runs.FindIndex(static run => !run.IsCompacting);
        if (start < 0)
            return null;
        int stop = start;
        int wanted = count - tuning.RunTrigger + 2;
        while (stop < runs.Count && stop - start < wanted && !runs[stop].IsCompacting)
            stop++;
        return stop - start < 2 ? null : Merge(
            version, options, claims, runs, start, stop, CompactionReason.TieredRuns, why);
    }

    private static int EndOfSimilar(List<Run> runs, int first, double sizeRatio)
    {
        if (runs[first].IsCompacting)
            return first;
        long bytes = runs[first].Bytes;
        int end = first + 1;
        while (end < runs.Count && !runs[end].IsCompacting && runs[end].Bytes <= bytes * sizeRatio)
            bytes += runs[end++].Bytes;
        return end;
    }

    // Merges runs [first, end).
    private static CompactionPlan? Merge(
        TreeVersion version, KeyspaceOptions options, CompactionClaims claims, List<Run> runs,
        int first, int end, CompactionReason reason, string why)
    {
        Debug.Assert(end - first >= 2, "one run alone needs no merge");
        // A run on level 1 leaves no level between; so does one on level 0.
        int output = end == runs.Count
            ? LevelTargets.LastLevel
            : Math.Max(0, runs[end].Level - 1);
        Debug.Assert(
            output >= runs[end - 1].Level, "a result never lies above the oldest of its inputs");
        var inputs = new List<(int Level, Table Table)>();
        for (int i = first; i < end; i++)
        {
            foreach (Table table in runs[i].Tables)
                inputs.Add((runs[i].Level, table));
        }
        return claims.Allow(inputs, output)
            ? CompactionPlan.Of(version, options, reason, why, output, inputs)
            : null;
    }

    private static List<Run> RunsOf(TreeVersion version)
    {
        var runs = new List<Run>();
        foreach (Table table in version.Tables(0))
            runs.Add(new Run(0, [table], table.Info.FileBytes, table.IsCompacting));
        for (int level = 1; level < TreeVersion.LevelCount; level++)
        {
            Table[] tables = version.Tables(level).ToArray();
            if (tables.Length == 0)
                continue;
            bool isCompacting = Array.Exists(tables, static table => table.IsCompacting);
            runs.Add(new Run(level, tables, version.LevelBytes(level), isCompacting));
        }
        return runs;
    }

    // Tombstones of the oldest run hide nothing; while a snapshot needs them, they stay.
    private static string? DeletesWhy(List<Run> runs, CompactionTuning tuning)
    {
        long deletes = 0;
        long entries = 0;
        for (int i = 0; i < runs.Count; i++)
        {
            foreach (Table table in runs[i].Tables)
            {
                bool isOldest = i + 1 == runs.Count;
                deletes += isOldest ? 0 : table.Info.TombstoneCount;
                entries += table.Info.EntryCount - (isOldest ? 0 : table.Info.DeleteCount);
            }
        }
        return deletes > tuning.DeletesDue * entries
            ? $"newer runs hold {deletes} tombstones for {entries} entries" : null;
    }

    private static long NewerBytes(List<Run> runs)
    {
        long bytes = 0;
        for (int i = 0; i + 1 < runs.Count; i++)
            bytes += runs[i].Bytes;
        return bytes;
    }

    private readonly record struct Run(int Level, Table[] Tables, long Bytes, bool IsCompacting);
}
