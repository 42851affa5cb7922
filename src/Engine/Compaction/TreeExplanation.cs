// What a keyspace looks like to the picker, for people: its levels against their targets, what
// would be compacted or dropped next and why, and what the shape of the tree costs at worst.
// A picture of one version; it holds nothing of the store.
// Threads: made by one; Of under a reference on the version.

using System.Diagnostics;
using System.Globalization;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Compaction;

/// <param name="Level">Where it lies.</param>
/// <param name="Info">What the MANIFEST says.</param>
/// <param name="ResidentBytes">Bytes in the page cache; -1 when the system does not
/// tell.</param>
internal sealed record ExplainedTable(int Level, TableInfo Info, long ResidentBytes);

/// <param name="Level">0 is the youngest.</param>
/// <param name="TableCount">Its tables.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="TargetBytes">What it should hold; 0 when it has no target.</param>
/// <param name="Score">From 1 on a compaction of it is due.</param>
/// <param name="EntryCount">Entries, tombstones of keys included.</param>
/// <param name="TombstoneCount">Tombstones of keys and of ranges.</param>
internal sealed record ExplainedLevel(
    int Level, int TableCount, long Bytes, long TargetBytes, double Score, long EntryCount,
    long TombstoneCount);

internal sealed record TreeExplanation
{
    public required string Keyspace { get; init; }

    public required KeyspaceOptions Options { get; init; }

    /// <summary>Levels that hold a table.</summary>
    public required IReadOnlyList<ExplainedLevel> Levels { get; init; }

    /// <summary>Oldest first.</summary>
    public required IReadOnlyList<ExplainedTable> Tables { get; init; }

    /// <summary>What comes next and why, in a sentence.</summary>
    public required string Next { get; init; }

    /// <summary>The tables that it would take.</summary>
    public required IReadOnlyList<long> NextTables { get; init; }

    /// <summary>Sorted runs: how many tables a get may have to ask.</summary>
    public required int RunCount { get; init; }

    /// <summary>Bytes of all tables for each byte of the deepest level, an estimate of what a
    /// byte of live data takes at worst; 0 when there is no level to compare with.</summary>
    public required double SpaceAmplification { get; init; }

    /// <summary>"leveled", "tiered" or "retention".</summary>
    public string Style => Options.Retention != null ? "retention"
        : Options.Compaction == CompactionStyle.Tiered ? "tiered" : "leveled";

    public static TreeExplanation Of(
        string keyspace, TreeVersion version, KeyspaceOptions options, long nowMs)
    {
        CompactionPlan? plan = CompactionPicker.Pick(version, options, nowMs: nowMs);
        List<(int Level, Table Table)> due = options.Retention is { } retention
            ? RetentionLimit.Due(version, retention, nowMs, []) : [];
        Debug.Assert(plan == null || due.Count == 0, "with retention nothing is compacted");
        List<(int Level, Table Table)> over = ExpiredTables.Due(version, nowMs);
        IReadOnlyList<(int Level, Table Table)> taken = due.Count > 0 ? due
            : over.Count > 0 ? over : plan != null ? plan.Inputs : [];
        int deepest = version.DeepestLevel();
        return new TreeExplanation
        {
            Keyspace = keyspace,
            Options = options,
            Levels = [.. Enumerable.Range(0, TreeVersion.LevelCount)
                .Where(level => !version.Tables(level).IsEmpty)
                .Select(level => LevelOf(version, options, level))],
            Tables = [.. RetentionLimit.OldestFirst(version).Select(static t =>
                new ExplainedTable(t.Level, t.Table.Info, t.Table.ResidentBytes()))],
            Next = taken.Count == 0 ? "nothing is due" : taken == plan?.Inputs ? Words(plan)
                : $"drop {taken.Count} of {version.TableCount} tables; "
                    + (taken == over ? "every entry is over" : KeptOf(options)),
            NextTables = [.. taken.Select(static t => t.Table.Info.Number)],
            RunCount = version.Tables(0).Length + version.SortedLevels.Length,
            SpaceAmplification = deepest == 0
                ? 0 : (double)version.TableBytes / version.LevelBytes(deepest),
        };
    }

    public static string KeptOf(KeyspaceOptions options) =>
        options.Retention is { } retention ? WorkEvents.Words(retention) : "everything is kept";

    private static string Words(CompactionPlan plan) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(plan.IsTrivialMove ? "move" : "merge")} {plan.Inputs.Count} tables of " +
        $"{CompactionPicker.Mebibytes(plan.InputBytes)} from level {plan.TopLevel} into level " +
        $"{plan.OutputLevel}: {plan.Why}");

    private static ExplainedLevel LevelOf(
        TreeVersion version, KeyspaceOptions options, int level)
    {
        long entries = 0;
        long tombstones = 0;
        foreach (Table table in version.Tables(level))
        {
            entries += table.Info.EntryCount;
            tombstones += table.Info.TombstoneCount;
        }
        long targetBytes = 0;
        double score = 0;
        bool isLeveled = options is { Retention: null, Compaction: CompactionStyle.Leveled };
        if (isLeveled)
        {
            var targets = LevelTargets.Of(version, options);
            targetBytes = level == 0 ? targets.Level0Bytes : targets.Target(level);
            score = level == LevelTargets.LastLevel
                ? 0 : LeveledPicker.Score(
                    version, targets, CompactionTuning.Default, level);
        }
        else if (options.Retention == null && level == 0)
        {
            score = (double)(version.Tables(0).Length + version.SortedLevels.Length)
                / CompactionTuning.Default.RunTrigger;
        }
        return new ExplainedLevel(
            level, version.Tables(level).Length, version.LevelBytes(level), targetBytes, score,
            entries, tombstones);
    }
}
