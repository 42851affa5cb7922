// Which tables a keyspace with retention drops next: a pure function of a version, the limits and
// the time.
//
// The order is from oldest to newest: the deepest level first and level 0 last, there by age, and
// only ever a prefix of it goes. Of two tables that share a key, the one that comes first in it
// holds the older versions, whatever styles and options made the tree; so what is left shows of
// each key the newest version or nothing, and a tombstone outlives all that it hides. In a tree
// made with retention alone, which is one of level 0, what is left is what was flushed since some
// moment.
//
// Three things hold a table back, and with it all newer ones: a compaction begun before retention
// was set, a snapshot that sees an entry of it, and an age that is not known; a table without a
// time is as old as the next newer one that has one, or older.
// A clock that was once ahead therefore keeps tables too long, and never drops one too early.
// Threads: under the store's lock.

using System.Diagnostics;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Compaction;

internal static class RetentionLimit
{
    /// <summary>The tables to drop now, oldest first.</summary>
    /// <param name="version">The current version.</param>
    /// <param name="retention">The limits, validated.</param>
    /// <param name="nowMs">Unix time in milliseconds.</param>
    /// <param name="snapshots">Ascending.</param>
    public static List<(int Level, Table Table)> Due(
        TreeVersion version, Retention retention, long nowMs, ulong[] snapshots)
    {
        List<(int Level, Table Table)> tables = OldestFirst(version);
        long excessBytes = retention.Bytes == 0 ? 0 : version.TableBytes - retention.Bytes;
        int count = 0;
        for (; count < tables.Count; count++)
        {
            TableInfo info = tables[count].Table.Info;
            bool isTooMuch = excessBytes > 0 && count < tables.Count - 1;
            bool isTooOld = ExpiresAtMs(tables, count, retention) <= nowMs;
            bool isSeen = snapshots.Length > 0 && snapshots[^1] >= info.SmallestSequence;
            if ((!isTooMuch && !isTooOld) || isSeen || tables[count].Table.IsCompacting)
                break;
            excessBytes -= info.FileBytes;
        }
        return tables[..count];
    }

    /// <summary>When the oldest table has its age, in milliseconds of Unix time; long max when
    /// none ever will.</summary>
    public static long NextExpiryMs(TreeVersion version, Retention retention)
    {
        List<(int Level, Table Table)> tables = OldestFirst(version);
        return tables.Count == 0 ? long.MaxValue : ExpiresAtMs(tables, 0, retention);
    }

    /// <summary>Every table of a version, those with the oldest entries first.</summary>
    public static List<(int Level, Table Table)> OldestFirst(TreeVersion version)
    {
        var tables = new List<(int Level, Table Table)>(version.TableCount);
        for (int level = TreeVersion.LevelCount - 1; level > 0; level--)
        {
            if (version.Tables(level).IsEmpty)
                continue;
            int first = tables.Count;
            foreach (Table table in version.Tables(level))
                tables.Add((level, table));
            tables.Sort(first, tables.Count - first, s_byTime);
        }
        ReadOnlySpan<Table> newestFirst = version.Tables(0);
        for (int i = newestFirst.Length - 1; i >= 0; i--)
            tables.Add((0, newestFirst[i]));
        Debug.Assert(tables.Count == version.TableCount, "every table has its place");
        return tables;
    }

    private static readonly Comparer<(int Level, Table Table)> s_byTime =
        Comparer<(int Level, Table Table)>.Create(static (a, b) =>
        {
            int order = a.Table.Info.WrittenAtMs.CompareTo(b.Table.Info.WrittenAtMs);
            return order != 0 ? order : a.Table.Info.Number.CompareTo(b.Table.Info.Number);
        });

    private static long ExpiresAtMs(
        List<(int Level, Table Table)> tables, int index, Retention retention)
    {
        if (retention.Age == TimeSpan.Zero)
            return long.MaxValue;
        while (index < tables.Count && tables[index].Table.Info.WrittenAtMs == 0)
            index++;
        // Far enough from both ends of long: ages are limited, and times are checked here.
        const long TimeMsMax = long.MaxValue / 2;
        return index == tables.Count
            ? long.MaxValue
            : Math.Min(tables[index].Table.Info.WrittenAtMs, TimeMsMax)
                + (long)retention.Age.TotalMilliseconds;
    }
}
