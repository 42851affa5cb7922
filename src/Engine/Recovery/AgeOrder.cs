// The rule that lets a lookup stop at the first source that knows a key: of each key, a newer
// version never lies below an older one. Level 0 counts from its newest table down, every deeper
// level is one run.
//
// Bounds decide most pairs of tables: no shared keys, or every sequence of the upper one above
// those of the lower one. What they leave open is merged and looked at entry by entry. Merged in
// the order of keys and ages, the entries of one key must come from runs that only go down. A range
// tombstone is a version of every key under it.
//
// What a compaction that was not finished has brought down stands on level 0 too (CompactionRun):
// an entry or tombstone of a deeper level that is also on level 0 counts there alone.
// Threads: one.

using System.Diagnostics;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Recovery;

internal static class AgeOrder
{
    private const int EntriesBetweenLooks = 4096;

    /// <summary>The tables of a tree by run, the newest run first.</summary>
    public static IEnumerable<(int Run, TableInfo Table)> Runs(
        IEnumerable<(int Level, TableInfo Table)> tables)
    {
        int run = 0;
        foreach (TableInfo table in tables.Where(static t => t.Level == 0)
            .Select(static t => t.Table)
            .OrderByDescending(static t => t.LargestSequence)
            .ThenByDescending(static t => t.Number))
            yield return (run++, table);
        foreach ((int level, TableInfo table) in tables.Where(static t => t.Level > 0))
            yield return (run + level, table);
    }

    /// <summary>The tables whose bounds leave it open whether they are in order.</summary>
    public static HashSet<long> Undecided(IReadOnlyList<(int Run, TableInfo Table)> tables)
    {
        Debug.Assert(
            tables.All(static table => table.Run >= 0), "runs are counted from the newest, 0");
        var undecided = new HashSet<long>();
        foreach ((int upperRun, TableInfo upper) in tables)
        {
            foreach ((int lowerRun, TableInfo lower) in tables)
            {
                if (upperRun < lowerRun && upper.SmallestSequence <= lower.LargestSequence
                    && upper.Keys.Overlaps(lower.Keys))
                {
                    undecided.Add(upper.Number);
                    undecided.Add(lower.Number);
                }
            }
        }
        return undecided;
    }

    /// <summary>Walks the tables, ranked by run, of which so many are of level 0, and tells of
    /// each entry that lies below an older one or stands in two tables. False when it ended at
    /// once because one was found and <paramref name="onWrong"/> did not want more.</summary>
    public static bool Check(
        IEnumerable<RankedTable> tables, int level0Runs, Func<MergedTables, string, bool> onWrong,
        CancellationToken cancellationToken)
    {
        RankedTable[] all = [.. tables];
        RankedTable[] withRanges = [.. all.Where(static t => t.Info.RangeDeleteCount > 0)];
        using var merged = new MergedTables(all);
        byte[] key = [];
        int keyBytes = -1;
        ulong tag = 0;
        long run = 0;
        for (long i = 1; merged.MoveNext(); i++)
        {
            if (i % EntriesBetweenLooks == 0)
                cancellationToken.ThrowIfCancellationRequested();
            bool isSame = keyBytes == merged.UserKey.Length
                && merged.UserKey.SequenceEqual(key.AsSpan(0, keyBytes));
            if (isSame && EntryTag.Sequence(merged.Tag) == EntryTag.Sequence(tag)
                && run < level0Runs != merged.Table.Rank < level0Runs)
            {
                run = Math.Min(run, merged.Table.Rank);
                continue;
            }
            string? wrong = !isSame ? null
                : merged.Tag == tag ? "an entry stands in two tables"
                : merged.Table.Rank < run ? "a version lies above a newer one of its key" : null;
            wrong ??= FindWrongRange(merged, withRanges, level0Runs);
            if (wrong != null && !onWrong(merged, wrong))
                return false;
            if (!isSame)
            {
                if (key.Length < merged.UserKey.Length)
                    key = new byte[Math.Max(256, 2 * merged.UserKey.Length)];
                merged.UserKey.CopyTo(key);
                keyBytes = merged.UserKey.Length;
            }
            Debug.Assert(!isSame || merged.Tag <= tag, "versions of a key descend");
            tag = merged.Tag;
            run = merged.Table.Rank;
        }
        return true;
    }

    private static string? FindWrongRange(
        MergedTables merged, RankedTable[] tables, int level0Runs)
    {
        ulong sequence = EntryTag.Sequence(merged.Tag);
        foreach (RankedTable table in tables)
        {
            if (table.Rank == merged.Table.Rank
                || table.Reader.Ranges.At(merged.UserKey) is not { } over)
                continue;
            bool isInOrder = table.Rank < merged.Table.Rank
                ? over.Sequences[^1] > sequence
                : over.Sequences.All(tombstone => tombstone < sequence
                    || (table.Rank >= level0Runs
                        && IsOnLevel0(merged.UserKey, tombstone, tables, level0Runs)));
            if (!isInOrder)
                return "an entry and a range tombstone over it lie in the wrong order";
        }
        return null;
    }

    private static bool IsOnLevel0(
        ReadOnlySpan<byte> key, ulong tombstone, RankedTable[] tables, int level0Runs)
    {
        foreach (RankedTable table in tables)
        {
            if (table.Rank < level0Runs
                && table.Reader.Ranges.At(key)?.Sequences.Contains(tombstone) == true)
                return true;
        }
        return false;
    }
}
