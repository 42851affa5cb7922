// Leveled compaction: the level that is farthest above its target gives up a table to the level
// below, which costs the bytes that overlap there; so the table with the least overlap for its
// own bytes goes. Level 0 goes into the base level, oldest tables first.
// Sizes and the base level: LevelTargets.
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
            count, tuning.Level0Trigger, debtBytes, targets.BaseBytes);
    }

    /// <summary>From 1 on the level is due. What is being compacted already does not
    /// count.</summary>
    internal static double Score(
        TreeVersion version, LevelTargets targets, CompactionTuning tuning, int level)
    {
        int count = 0;
        long bytes = 0;
        foreach (Table table in version.Tables(level))
        {
            if (table.IsCompacting)
                continue;
            count++;
            bytes += table.Info.FileBytes;
        }
        if (level > 0)
            return targets.Score(level, bytes);
        return Math.Max((double)count / tuning.Level0Trigger, (double)bytes / targets.BaseBytes);
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
        long bytesMax = CompactionPicker.InputTablesMax * options.TableBytes;
        for (int i = tables.Length - 1; i >= 0; i--)
        {
            Table table = tables[i];
            if (inputs.Count >= tuning.Level0Trigger && bytes >= bytesMax)
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
            $"(due at {tuning.Level0Trigger} or {Mebibytes(targets.BaseBytes)})");
        int output = targets.LevelBelow(version, 0);
        AddOverlapping(version, inputs, output);
        return claims.Allow(inputs, output)
            ? CompactionPlan.Of(
                version, options, CompactionReason.Level0Count, why, output, inputs)
            : null;
    }

    private static CompactionPlan? PickSorted(
        TreeVersion version, KeyspaceOptions options, LevelTargets targets,
        CompactionTuning tuning, CompactionClaims claims, int level)
    {
        int output = targets.LevelBelow(version, level);
        Table? best = LeastOverlapping(version, tuning, claims, level, output);
        if (best == null)
            return null;
        List<(int Level, Table Table)> inputs = [(level, best)];
        AddOverlapping(version, inputs, output);
        string why = string.Create(
            CultureInfo.InvariantCulture,
            $"level {level} holds {Mebibytes(version.LevelBytes(level))}, " +
            $"its target is {Mebibytes(targets.Target(level))}");
        return CompactionPlan.Of(
            version, options, CompactionReason.LevelSize, why, output, inputs);
    }

    // One pass over both levels. Of equals the oldest, so that no table waits for ever.
    private static Table? LeastOverlapping(
        TreeVersion version, CompactionTuning tuning, CompactionClaims claims, int level,
        int output)
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
                ?? (double)overlapBytes / Math.Max(1, table.Info.FileBytes);
            bool isBetter = best == null || ratio < bestRatio
                || (ratio == bestRatio && table.Info.Number < best.Info.Number);
            if (isFree && isBetter && claims.AllowKeys(hull, level, output))
                (best, bestRatio) = (table, ratio);
        }
        return best;
    }

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
