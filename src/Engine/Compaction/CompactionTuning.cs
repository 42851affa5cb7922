// The figures that decide when and what the pickers pick. The engine uses Default and nothing
// else; other figures are for the simulator (bench/LsmMmap.Simulator), which finds what they cost.
// ADR 25 says why the defaults are what they are.
// Threads: immutable.

using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Compaction;

internal sealed record CompactionTuning
{
    public static CompactionTuning Default { get; } = new();

    /// <summary>Leveled: tables on level 0 at which they are merged into the base level.
    /// </summary>
    public int Level0Trigger { get; init; } = 4;

    /// <summary>Writers stop when level 0 holds so many times the tables, or tiered runs, at which
    /// some are merged.</summary>
    public int Level0StopMax { get; init; } = 10;

    /// <summary>Leveled: they do so earlier, when level 0 holds this part of the tree...</summary>
    public double Level0Share { get; init; } = 0.2;

    /// <summary>... but not before so many times the tables at which they are merged.</summary>
    public int Level0StopMin { get; init; } = 3;

    /// <summary>Leveled: how many times larger than the level above a level is meant to be.
    /// </summary>
    public int LevelFactor { get; init; } = 10;

    /// <summary>Leveled: the least target of a level, in memtables.</summary>
    public int BaseMemtables { get; init; } = 2;

    /// <summary>Leveled: what it costs to take a table of a level first, from the bytes that
    /// overlap it below; the least is taken. null means the engine's own rule.</summary>
    public Func<int, TableInfo, long, double>? TableCost { get; init; }

    /// <summary>Tombstones are due when they are more than this part of the entries that they
    /// would be merged with.</summary>
    public double DeletesDue { get; init; } = 0.5;

    /// <summary>Tiered: sorted runs at which some are merged.</summary>
    public int RunTrigger { get; init; } = 10;

    /// <summary>Tiered: everything is merged when the newer runs have more than this many times
    /// the bytes of the oldest one.</summary>
    public double SpaceFactor { get; init; } = 2;

    /// <summary>Tiered: a run joins a merge when it is at most this much of the runs gathered so
    /// far.</summary>
    public double SizeRatio { get; init; } = 1.25;
}
