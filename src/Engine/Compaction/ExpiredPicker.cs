// Tables of which more than half is over are due whatever the style, and are written again where
// they lie: what is over becomes a tombstone, or nothing at the bottom. A table on its own costs
// its own bytes; to merge it with what lies below would cost more, and the tombstones that are left
// go down by the rules for tombstones. It comes after what the style has to do, which may take the
// table anyway.
//
// When half is over is an estimate, from when the first and the last entry are. A table that was
// due is not due again at the same time, because nothing in its outputs is over then; and an
// estimate that was wrong cut the first entry off, so the next one is for less time.
// Threads: under the store's lock.

using System.Globalization;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Compaction;

internal static class ExpiredPicker
{
    /// <summary>The table that has been due for longest.</summary>
    public static CompactionPlan? Pick(
        TreeVersion version, KeyspaceOptions options, CompactionClaims claims, long nowMs)
    {
        if (version.FirstHalfOverAtMs > nowMs)
            return null;
        // Those are dropped unread.
        HashSet<Table> dropped =
            [.. ExpiredTables.Due(version, nowMs).Select(static due => due.Table)];
        List<(int Level, Table Table)>? best = null;
        long bestMs = long.MaxValue;
        for (int level = 0; level < TreeVersion.LevelCount; level++)
        {
            foreach (Table table in version.Tables(level))
            {
                long dueMs = table.Info.HalfOverAtMs;
                if (dueMs > nowMs || dueMs >= bestMs || table.IsCompacting
                    || dropped.Contains(table))
                    continue;
                List<(int Level, Table Table)> inputs = [(level, table)];
                if (claims.Allow(inputs, level))
                    (best, bestMs) = (inputs, dueMs);
            }
        }
        if (best == null)
            return null;
        (int at, Table chosen) = best[0];
        string why = string.Create(
            CultureInfo.InvariantCulture,
            $"more than half of {chosen.Info.EntryCount} entries are over on level {at}");
        return CompactionPlan.Of(version, options, CompactionReason.Expired, why, at, best);
    }
}
