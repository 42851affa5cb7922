// How large each sorted level should be. The idea is that of RocksDB's dynamic level sizes: the
// last level is as large as it is, and each level above is meant to hold a tenth of the one
// below. So at most about a ninth of the store is in levels above the last one, and the space
// taken by shadowed versions is bounded by that, whatever the size of the store.
//
// The base level, where level 0 is merged into, is the first whose target reaches the base
// bytes; levels between are empty, and drained when they are not. Base bytes are two memtables,
// half of what a merge of level 0 brings: a byte of level 0 costs half a byte to five rewritten
// there, and a store of some 20 memtables has a level that spares it rewriting all of itself.
//
// The bottom is always the last level of the tree, also while the store is small: data never has
// to be moved deeper because the store grew, new levels appear above it instead.

using System.Diagnostics;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Compaction;

internal readonly struct LevelTargets
{
    public const int LastLevel = TreeVersion.LevelCount - 1;

    private readonly long _largestLevelBytes;
    private readonly int _levelFactor;

    private LevelTargets(
        int baseLevel, long baseBytes, long level0Bytes, long largestLevelBytes, int levelFactor)
    {
        Debug.Assert(baseLevel is > 0 and <= LastLevel, "level 0 is no base");
        BaseLevel = baseLevel;
        BaseBytes = baseBytes;
        Level0Bytes = level0Bytes;
        _largestLevelBytes = largestLevelBytes;
        _levelFactor = levelFactor;
    }

    /// <summary>The level that level 0 is merged into when those above it are empty.</summary>
    public int BaseLevel { get; }

    /// <summary>What the base level holds at least before another appears above it.</summary>
    public long BaseBytes { get; }

    /// <summary>Bytes of level 0 that are merged at once as a rule.</summary>
    public long Level0Bytes { get; }

    public static LevelTargets Of(
        TreeVersion version, KeyspaceOptions options, CompactionTuning? tuning = null)
    {
        tuning ??= CompactionTuning.Default;
        Debug.Assert(options.MemtableBytes > 0, "options are validated");
        long baseBytes = tuning.BaseMemtables * options.MemtableBytes;
        int factor = tuning.LevelFactor;
        long largest = 0;
        for (int level = 1; level <= LastLevel; level++)
            largest = Math.Max(largest, version.LevelBytes(level));
        int baseLevel = LastLevel;
        for (long target = largest / factor;
            target >= baseBytes && baseLevel > 1; target /= factor)
        {
            baseLevel--;
        }
        return new LevelTargets(
            baseLevel, baseBytes, tuning.Level0Trigger * options.MemtableBytes, largest, factor);
    }

    /// <summary>Bytes that the level should not exceed; 0 above the base level.</summary>
    public long Target(int level)
    {
        Debug.Assert(level is > 0 and <= LastLevel, "level 0 is counted, not measured");
        if (level < BaseLevel)
            return 0;
        long target = _largestLevelBytes;
        for (int below = LastLevel; below > level; below--)
            target /= _levelFactor;
        return Math.Max(target, BaseBytes);
    }

    /// <summary>Above 1 when the level has too much; <paramref name="bytes"/> are those not yet
    /// being compacted.</summary>
    public double Score(int level, long bytes)
    {
        if (bytes == 0 || level == LastLevel)
            return 0;
        // A level that should be empty is drained, without haste.
        return level < BaseLevel
            ? 1 + (double)bytes / BaseBytes
            : (double)bytes / Target(level);
    }

    /// <summary>Where data of a level goes: the next level that has tables or is at or below the
    /// base. Levels passed by are empty.</summary>
    public int LevelBelow(TreeVersion version, int level)
    {
        Debug.Assert(level < LastLevel, "nothing lies below the last level");
        int below = level + 1;
        while (below < BaseLevel && version.Tables(below).IsEmpty)
            below++;
        return below;
    }
}
