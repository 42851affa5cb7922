// One row of the comparison: what it is called, what it needs, how it runs, and what it hands back.

using LsmMmap.Workloads.Data;
using LsmMmap.Workloads.Engines;
using LsmMmap.Workloads.Measuring;
using LsmMmap.Workloads.Running;

namespace LsmMmap.Workloads.Workloads;

/// <summary>A workload. Groups are the report's charts.</summary>
internal sealed record WorkloadDefinition(
    string Name, string Group, string Title, DataSet Data, Func<WorkloadContext, Outcome> Run)
{
    /// <summary>What one operation is, where it is not a key.</summary>
    public string Unit { get; init; } = "operations";

    /// <summary>Whether it changes its store and so needs a copy.</summary>
    public bool Writes { get; init; }

    /// <summary>Whether the engine must be opened with Synced.</summary>
    public bool NeedsSync { get; init; }

    /// <summary>Only for LsmMmap: the others have nothing like it.</summary>
    public bool OwnOnly { get; init; }

    /// <summary>Whether an engine with compression and the same one without both take part; else
    /// the one without, which is the faster one where all data fits in memory.</summary>
    public bool ShowsCompression { get; init; }

    public bool NeedsMemoryLimit { get; init; }

    /// <summary>Left out of a quick comparison.</summary>
    public bool SlowOnly { get; init; }

    /// <summary>Runs only where it is named: it takes minutes with the entries it is meant for.
    /// </summary>
    public bool ByNameOnly { get; init; }

    /// <summary>Only for engines whose compaction merges tables.</summary>
    public bool NeedsMerges { get; init; }

    /// <summary>At most this many repeats; what is loaded for it takes its time.</summary>
    public int RepeatsMax { get; init; } = int.MaxValue;

    /// <summary>Whether the workload opens and closes the store itself.</summary>
    public bool OpensItself { get; init; }

    /// <summary>Why an engine is left out; null when it is not.</summary>
    public string? WhyNot(EngineDefinition engine) =>
        OwnOnly && engine.IsPeer ? "only LsmMmap has this call"
        : NeedsSync && !engine.CanSync ? "the engine has no mode that syncs each write"
        : engine.IsCompressedTwin && !ShowsCompression
            ? "this row has the engine without compression only"
        : NeedsMerges && !engine.MergesTables ? "the engine has no compaction that merges tables"
        : Data == DataSet.Tables && !engine.HasTables ? "the engine has no tables of a set size"
        : null;
}

/// <summary>What a running workload works with.</summary>
internal sealed class WorkloadContext(
    EngineDefinition definition, BenchSettings settings, DataPlan plan, EngineOptions options)
{
    private ApiMembers? _members;
    private IEngine? _engine;

    public EngineDefinition Definition { get; } = definition;

    public BenchSettings Settings { get; } = settings;

    public EngineOptions Options { get; } = options;

    public EntrySource Source { get; } = plan.Source(settings);

    public long Entries { get; } = plan.Entries;

    public ApiMembers Members =>
        _members ??= ApiMembers.Read(DataPlan.ApiMembersMax(Settings));

    public IEngine Engine
    {
        get => _engine ?? throw new InvalidOperationException("the workload opens its store");
        set => _engine = value;
    }

    public Meter Meter => new(Engine);

    /// <summary>For reads: as long as asked.</summary>
    public Limits ForReads => new() { Seconds = Settings.Seconds, TimeEvery = 8 };

    /// <summary>For scans and other operations that are long beside a clock.</summary>
    public Limits ForScans => new() { Seconds = Settings.Seconds };

    /// <summary>For writes: all entries, but not for ever.</summary>
    public Limits ForWrites(long operations) => new()
    {
        Operations = operations,
        Seconds = Settings.Seconds * 4,
        HasTimeline = true,
    };
}

/// <summary>What a workload found, beside its speed.</summary>
internal sealed class Outcome(Measured measured)
{
    public Measured Measured { get; } = measured;

    public long UserBytes { get; set; }

    public long LiveBytes { get; set; }

    /// <summary>How many entries the store must hold at the end; negative: not to be counted.
    /// </summary>
    public long ExpectedEntries { get; set; } = -1;

    /// <summary>What the workload itself spent waiting for background work.</summary>
    public double SettledMs { get; set; }

    public string? Note { get; set; }

    public List<string> Problems { get; } = [];

    public Dictionary<string, double> Extra { get; } = [];

    public Outcome Expect(bool holds, string otherwise)
    {
        if (!holds)
            Problems.Add(otherwise);
        return this;
    }

    public Outcome ExpectHits(long hits, int valueBytes)
    {
        Expect(Measured.Totals.Wrong == 0, $"{Measured.Totals.Wrong} wrong answers");
        Expect(Measured.Totals.Hits == hits, $"{Measured.Totals.Hits} hits instead of {hits}");
        return Expect(Measured.Totals.Bytes == Measured.Totals.Hits * valueBytes,
            $"{Measured.Totals.Bytes} bytes in {Measured.Totals.Hits} values");
    }
}
