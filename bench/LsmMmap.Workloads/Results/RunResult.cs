// What one child process found out: one engine, one workload, one repeat. Written as JSON; the
// parent adds it to the result file as it is.

namespace LsmMmap.Workloads.Results;

/// <summary>A moment, in seconds from the start, and what the engine did then.</summary>
internal sealed record TimelineMark(double Second, string Kind);

/// <summary>The figures of one run. Null: does not apply, or is not known here.</summary>
internal sealed record RunResult
{
    public string Workload { get; init; } = "";

    public string Engine { get; init; } = "";

    public int Repeat { get; init; }

    /// <summary>Whether every check of the workload held.</summary>
    public bool Valid { get; init; }

    /// <summary>What failed, or what a reader must know.</summary>
    public string? Note { get; init; }

    public long Operations { get; init; }

    public double Seconds { get; init; }

    /// <summary>The whole child, from its start to its end.</summary>
    public double ProcessSeconds { get; init; }

    /// <summary>False when the time was up before all entries were done.</summary>
    public bool Complete { get; init; } = true;

    public double OperationsPerSecond { get; init; }

    /// <summary>How many operations each timed one stands for; 0 when none was timed.</summary>
    public int LatencySampledEvery { get; init; }

    public double? P50Us { get; init; }

    public double? P99Us { get; init; }

    public double? P999Us { get; init; }

    public double? MaxUs { get; init; }

    public double? ManagedBytesPerOperation { get; init; }

    public int Gen0 { get; init; }

    public int Gen1 { get; init; }

    public int Gen2 { get; init; }

    public double GcPauseMs { get; init; }

    public long PeakBytes { get; init; }

    public long PeakAnonymousBytes { get; init; }

    public long PeakFileBytes { get; init; }

    /// <summary>Bytes of keys and values that the run wrote.</summary>
    public long UserBytes { get; init; }

    public long? WrittenBytes { get; init; }

    public double? WriteAmplification { get; init; }

    /// <summary>Bytes of keys and values that the store holds at the end.</summary>
    public long LiveBytes { get; init; }

    public long? DirectoryBytes { get; init; }

    public double? SpaceAmplification { get; init; }

    /// <summary>What the engine itself says it held writers back.</summary>
    public double? StallMs { get; init; }

    /// <summary>Time in single operations of more than 10 ms.</summary>
    public double? LongOperationMs { get; init; }

    public double OpenMs { get; init; }

    /// <summary>Background work left over when the last operation had returned.</summary>
    public double? SettleMs { get; init; }

    public double[][] LatencyCurve { get; init; } = [];

    /// <summary>Operations in each 100 ms; of fills only.</summary>
    public int[] Timeline { get; init; } = [];

    public IReadOnlyList<TimelineMark> Marks { get; init; } = [];

    /// <summary>Figures of this workload alone, by name.</summary>
    public Dictionary<string, double> Extra { get; init; } = [];
}
