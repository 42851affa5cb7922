// Leveled compaction: the level that is farthest above its target gives up a table to the level
// below, which costs the bytes that overlap there; so the table with the least overlap for its
// own bytes goes, where tombstones weigh more. Level 0 goes into the base level, oldest tables
// first. Sizes and the base level: LevelTargets.
//
// Tombstones keep the space of what they hide, so a table goes down, whatever its level holds, when
// it has a tombstone for every second entry that the merge would write. So a tombstone costs two
// entries at most, and when everything was deleted everything goes: if no level has half as many
// tombstones as there are entries below it, all of them together have fewer than there are.
//
// While one compaction takes level 0 down, the next must wait, and writers go on: the newest
// tables are then merged into one that stays, so that reads meet fewer.
// Threads: under the store's lock.

using System.Diagnostics;
using System.Globalization;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Compaction;

internal static class LeveledPicker
{
    public static CompactionPlan? Pick(
        TreeVersion version, KeyspaceOptions options, CompactionTuning tuning,
        CompactionClaims claims)
    {
        var targets = LevelTargets.Of(version, options, tuning);
        Span<double> scores = stackalloc double[LevelTargets.LastLevel];
        for (int level = 0; level < scores.Length; level++)
            scores[level] = Score(version, targets, tuning, level);
        while (true)
        {
            int best = 0;
            for (int level = 1; level < scores.Length; level++)
            {
                if (scores[level] > scores[best])
                    best = level;
            }
            if (scores[best] < 1)
                return null;
            CompactionPlan? plan = best == 0
                ? PickLevel0(version, options, targets, tuning, claims)
                    ?? PickNewest(version, options, targets, tuning, claims)
                : PickSorted(version, options, targets, tuning, claims, best);
            if (plan != null)
                return plan;
            scores[best] = 0;
        }
    }

    public static CompactionPressure Pressure(
        TreeVersion version, KeyspaceOptions options, CompactionTuning tuning)
    {
        var targets = LevelTargets.Of(version, options, tuning);
        int count = version.Tables(0).Length;
        long debtBytes = count >= tuning.Level0Trigger ? version.LevelBytes(0) : 0;
        for (int level = 1; level < LevelTargets.LastLevel; level++)
            debtBytes += Math.Max(0, version.LevelBytes(level) - targets.Target(level));
        return new CompactionPressure(
            count, tuning.Level0Trigger, Level0Max(version, options, tuning), debtBytes,
            targets.Level0Bytes);
    }

    // What waits on level 0 takes space, and once more while it is merged: of a small tree less of
    // it is let in.
    private static int Level0Max(
        TreeVersion version, KeyspaceOptions options, CompactionTuning tuning)
    {
        Debug.Assert(tuning.Level0StopMin <= tuning.Level0StopMax, "the bounds are in order");
        double tables = tuning.Level0Share * version.TableBytes / options.MemtableBytes;
        return (int)Math.Clamp(
            tables, tuning.Level0StopMin * tuning.Level0Trigger,
            tuning.Level0StopMax * tuning.Level0Trigger);
    }

    /// <summary>From 1 on the level is due. What is being compacted already does not
    /// count.</summary>
    internal static double Score(
        TreeVersion version, LevelTargets targets, CompactionTuning tuning, int level)
    {
        int count = 0;
        long bytes = 0;
        bool isDue = level == 0 && IsLevel0MostlyDeletes(version, targets, tuning);
        foreach (Table table in version.Tables(level))
        {
            if (table.IsCompacting)
                continue;
            count++;
            bytes += table.Info.FileBytes;
            isDue = isDue || (level > 0 && IsMostlyDeletes(
                version, tuning, table, targets.LevelBelow(version, level)));
        }
        double score = level > 0 ? targets.Score(level, bytes) : Math.Max(
            (double)count / tuning.Level0Trigger, (double)bytes / targets.Level0Bytes);
        return isDue ? Math.Max(1, score) : score;
    }

    private static bool IsMostlyDeletes(
        TreeVersion version, CompactionTuning tuning, Table table, int output)
    {
        KeyRange keys = KeyRange.Of(table);
        long deletes = table.Info.TombstoneCount;
        long entries = table.Info.EntryCount - table.Info.DeleteCount;
        ReadOnlySpan<Table> below = version.Tables(output);
        for (int i = deletes > tuning.DeletesDue * entries
                ? version.FindTable(output, keys.Smallest) : below.Length;
            i < below.Length && keys.Overlaps(below[i]); i++)
        {
            entries += below[i].Info.EntryCount;
        }
        return deletes > tuning.DeletesDue * entries;
    }

    // Level 0 goes as one; the whole level below counts as what it meets.
    private static bool IsLevel0MostlyDeletes(
        TreeVersion version, LevelTargets targets, CompactionTuning tuning)
    {
        long deletes = 0;
        long entries = 0;
        foreach (Table table in version.Tables(0))
        {
            if (table.IsCompacting)
                return false;
            deletes += table.Info.TombstoneCount;
            entries += table.Info.EntryCount - table.Info.DeleteCount;
        }
        if (deletes == 0)
            return false;
        foreach (Table table in version.Tables(targets.LevelBelow(version, 0)))
            entries += table.Info.EntryCount;
        return deletes > tuning.DeletesDue * entries;
    }

    // Oldest first: whatever is taken, every older table that overlaps it is taken too. A table
    // that cannot be taken holds back the newer ones that overlap it.
    private static CompactionPlan? PickLevel0(
        TreeVersion version, KeyspaceOptions options, LevelTargets targets,
        CompactionTuning tuning, CompactionClaims claims)
    {
        ReadOnlySpan<Table> tables = version.Tables(0);
        var inputs = new List<(int Level, Table Table)>();
        var left = new List<Table>();
        long bytes = 0;
        long bytesMax = Math.Max(
            CompactionPicker.InputTablesMax * options.TableBytes, targets.Level0Bytes);
        for (int i = tables.Length - 1; i >= 0; i--)
        {
            Table table = tables[i];
            if (bytes >= bytesMax)
                break;
            if (table.IsCompacting || left.Exists(KeyRange.Of(table).Overlaps))
            {
                left.Add(table);
                continue;
            }
            inputs.Add((0, table));
            bytes += table.Info.FileBytes;
        }
        if (inputs.Count == 0)
            return null;
        string why = string.Create(
            CultureInfo.InvariantCulture,
            $"level 0 holds {tables.Length} tables of {Mebibytes(version.LevelBytes(0))} " +
            $"(due at {tuning.Level0Trigger} or {Mebibytes(targets.Level0Bytes)})");
        int output = targets.LevelBelow(version, 0);
        AddOverlapping(version, inputs, output);
        return claims.Allow(inputs, output)
            ? CompactionPlan.Of(
                version, options, CompactionReason.Level0Count, why, output, inputs)
            : null;
    }

    // Tables that are large already, as results of this are, are left: a byte is written once
    // more here, and not again and again.
    private static CompactionPlan? PickNewest(
        TreeVersion version, KeyspaceOptions options, LevelTargets targets,
        CompactionTuning tuning, CompactionClaims claims)
    {
        ReadOnlySpan<Table> tables = version.Tables(0);
        if (tables.Length < 2 * tuning.Level0Trigger || !claims.Level0GoesDown)
            return null;
        long bytes = 0;
        var inputs = new List<(int Level, Table Table)>();
        foreach (Table table in tables)
        {
            bytes += table.Info.FileBytes;
            bool isLarge = table.Info.FileBytes > targets.Level0Bytes / 2;
            if (table.IsCompacting || isLarge || bytes > 2 * targets.Level0Bytes)
                break;
            inputs.Add((0, table));
        }
        if (inputs.Count < tuning.Level0Trigger || !claims.Allow(inputs, 0))
            return null;
        string why = $"level 0 holds {tables.Length} tables while a compaction of it runs";
        return CompactionPlan.Of(
            version, options, CompactionReason.Level0Newest, why, 0, inputs);
    }

    private static CompactionPlan? PickSorted(
        TreeVersion version, KeyspaceOptions options, LevelTargets targets,
        CompactionTuning tuning, CompactionClaims claims, int level)
    {
        int output = targets.LevelBelow(version, level);
        long freeBytes = 0;
        foreach (Table table in version.Tables(level))
            freeBytes += table.IsCompacting ? 0 : table.Info.FileBytes;
        bool isTooLarge = targets.Score(level, freeBytes) >= 1;
        Table? best = LeastOverlapping(
            version, tuning, claims, level, output, onlyDeletes: !isTooLarge);
        if (best == null)
            return null;
        List<(int Level, Table Table)> inputs = [(level, best)];
        AddOverlapping(version, inputs, output);
        string why = isTooLarge
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"level {level} holds {Mebibytes(version.LevelBytes(level))}, " +
                $"its target is {Mebibytes(targets.Target(level))}")
            : string.Create(
                CultureInfo.InvariantCulture,
                $"a table of level {level} has {best.Info.DeleteShare:P0} tombstones");
        return CompactionPlan.Of(
            version, options,
            isTooLarge ? CompactionReason.LevelSize : CompactionReason.Tombstones, why, output,
            inputs);
    }

    // One pass over both levels. Of equals the oldest, so that no table waits for ever.
    private static Table? LeastOverlapping(
        TreeVersion version, CompactionTuning tuning, CompactionClaims claims, int level,
        int output, bool onlyDeletes)
    {
        ReadOnlySpan<Table> below = version.Tables(output);
        Table? best = null;
        double bestRatio = 0;
        int first = 0;
        foreach (Table table in version.Tables(level))
        {
            while (first < below.Length
                && below[first].Info.Keys.EndsBefore(table.Info.SmallestKey))
            {
                first++;
            }
            KeyRange keys = KeyRange.Of(table);
            KeyRange hull = keys;
            long overlapBytes = 0;
            bool isFree = !table.IsCompacting;
            for (int i = first; i < below.Length && keys.Overlaps(below[i]); i++)
            {
                overlapBytes += below[i].Info.FileBytes;
                hull = hull.With(below[i]);
                isFree &= !below[i].IsCompacting;
            }
            double ratio = tuning.TableCost?.Invoke(level, table.Info, overlapBytes)
                ?? OverlapRatio(table.Info, overlapBytes);
            bool isBetter = best == null || ratio < bestRatio
                || (ratio == bestRatio && table.Info.Number < best.Info.Number);
            isFree &= !onlyDeletes || IsMostlyDeletes(version, tuning, table, output);
            if (isFree && isBetter && claims.AllowKeys(hull, level, output))
                (best, bestRatio) = (table, ratio);
        }
        return best;
    }

    // A table of tombstones alone counts twice: what it hides goes too.
    private static double OverlapRatio(TableInfo table, long overlapBytes) =>
        overlapBytes / (Math.Max(1, table.FileBytes) * (1 + table.DeleteShare));

    /// <summary>Adds the tables of the output level that meet the hull of the inputs. They share
    /// no key with their neighbours, so the hull does not have to grow again.</summary>
    internal static void AddOverlapping(
        TreeVersion version, List<(int Level, Table Table)> inputs, int output)
    {
        Debug.Assert(output > 0, "level 0 is not merged into");
        KeyRange keys = KeyRange.Of(inputs);
        foreach (Table table in version.Overlapping(output, keys))
            inputs.Add((output, table));
    }

    private static string Mebibytes(long bytes) => CompactionPicker.Mebibytes(bytes);
}
