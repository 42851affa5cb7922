// Tables that lie whole under younger range tombstones, so that no reader there is or will be sees
// anything of them. They are taken out of the tree by an edit alone, without being read: a delete
// of millions of keys then costs about what unlinking some files costs.
//
// A table is covered when over each of its keys lies a tombstone that is newer than all that the
// table holds, and no snapshot sees something of the table but not that tombstone. Sequences that
// a compaction has dropped count as zero, older than every tombstone; that is right because none
// is dropped while a tombstone that the entry is newer than is left in the same version; of a
// copy whose original still stands on level 0 (CompactionRun) it is wrong, and harmless.
//
// Threads: pure functions. CoveredWork does the deed.

using System.Diagnostics;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Compaction;

internal static class CoveredTables
{
    /// <summary>Whether a table is covered. Requires: the tombstones are of the version that the
    /// table is in.</summary>
    public static bool IsCovered(
        TableInfo table, RangeTombstones ranges, ReadOnlySpan<ulong> snapshots)
    {
        ulong by = CoveredBy(table, ranges);
        return by > 0 && HeldBy(table, by, snapshots) == null;
    }

    /// <summary>The first sequence at which nothing of the table is seen; 0 when there is none.
    /// </summary>
    public static ulong CoveredBy(TableInfo table, RangeTombstones ranges)
    {
        byte[] at = table.SmallestKey;
        ulong by = 0;
        foreach (RangeFragment fragment in ranges.Fragments[ranges.Find(at)..])
        {
            if (fragment.From.AsSpan().SequenceCompareTo(at) > 0)
                return 0;
            ulong over = fragment.OldestAbove(table.LargestSequence);
            if (over == 0)
                return 0;
            by = Math.Max(by, over);
            at = fragment.To;
            int order = at.AsSpan().SequenceCompareTo(table.LargestKey);
            if (order > 0 || (order == 0 && table.IsLargestExcluded))
                return by;
        }
        return 0;
    }

    /// <summary>A snapshot that sees something of a table that is covered for later ones; null
    /// when none does.</summary>
    public static ulong? HeldBy(TableInfo table, ulong coveredBy, ReadOnlySpan<ulong> snapshots)
    {
        Debug.Assert(coveredBy > table.LargestSequence, "what covers is newer");
        foreach (ulong snapshot in snapshots)
        {
            if (snapshot >= table.SmallestSequence && snapshot < coveredBy)
                return snapshot;
        }
        return null;
    }
}
