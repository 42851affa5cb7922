// Which compaction to run next: a pure function of a version, the keyspace's options and the
// compactions that run already. The styles read and leave the same shape of tree, so a keyspace
// may change its style at any time.
//
// Every plan makes progress (data goes down, or runs become fewer), so picking and running
// ends. null means that nothing is due, or that what is due must wait for a running compaction.
// Threads: under the store's lock.

using System.Globalization;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Compaction;

internal static class CompactionPicker
{
    /// <summary>Inputs of one compaction are chosen up to about this many full tables, where
    /// there is a choice: it bounds the space and the time that one takes.</summary>
    public const int InputTablesMax = 25;

    /// <param name="version">The current version.</param>
    /// <param name="options">The keyspace's options, validated.</param>
    /// <param name="running">The plans of this keyspace that run now, all of them. Without, any
    /// table marked as compacting blocks all that its compaction might touch.</param>
    /// <param name="tuning">null, always in the engine, means the default.</param>
    /// <param name="nowMs">The time by which entries are over, in milliseconds of Unix time; 0 is
    /// long ago.</param>
    public static CompactionPlan? Pick(
        TreeVersion version, KeyspaceOptions options,
        IReadOnlyList<CompactionPlan>? running = null, CompactionTuning? tuning = null,
        long nowMs = 0)
    {
        tuning ??= CompactionTuning.Default;
        if (version.TableCount == 0 || options.Retention != null)
            return null;
        var claims = CompactionClaims.Of(version, running);
        CompactionPlan? plan = options.Compaction == CompactionStyle.Tiered
            ? TieredPicker.Pick(version, options, tuning, claims)
            : LeveledPicker.Pick(version, options, tuning, claims);
        return plan ?? ExpiredPicker.Pick(version, options, claims, nowMs);
    }

    /// <summary>With retention nothing is owed, however many tables are on level 0.</summary>
    public static CompactionPressure Pressure(
        TreeVersion version, KeyspaceOptions options, CompactionTuning? tuning = null)
    {
        tuning ??= CompactionTuning.Default;
        if (options.Retention != null)
            return new CompactionPressure(
                0, tuning.Level0Trigger, int.MaxValue, 0, options.MemtableBytes);
        return options.Compaction == CompactionStyle.Tiered
            ? TieredPicker.Pressure(version, options, tuning)
            : LeveledPicker.Pressure(version, options, tuning);
    }

    /// <summary>Sizes for people: mebibytes with one digit.</summary>
    internal static string Mebibytes(long bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:F1} MiB");
}
