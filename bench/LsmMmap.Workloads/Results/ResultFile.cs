// The result of a comparison, as it stands in results.json: the machine, the settings, the engines,
// a row for each pair of workload and engine with the medians, the comparison with the best peer,
// and every single run behind them. The report draws from this and from nothing else.

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using LsmMmap.Workloads.Running;

namespace LsmMmap.Workloads.Results;

internal sealed record MachineInfo
{
    public string Cpu { get; init; } = "";

    public int Cores { get; init; }

    public long MemoryBytes { get; init; }

    public string OperatingSystem { get; init; } = "";

    public string Architecture { get; init; } = "";

    public string FileSystem { get; init; } = "";

    public string Runtime { get; init; } = "";
}

/// <summary>An engine that took part, or was asked to and could not.</summary>
internal sealed record EngineInfo(
    string Id, string Name, bool IsPeer, string Settings, string? Version, string? WhyNot);

/// <summary>A workload, as the report shows it.</summary>
internal sealed record WorkloadInfo(string Name, string Group, string Title, string Unit);

/// <summary>A pair of workload and engine that was not run, and why.</summary>
internal sealed record SkippedRow(string Workload, string Engine, string Reason);

/// <summary>The medians over the repeats of one workload on one engine.</summary>
internal sealed record Row
{
    public required string Workload { get; init; }

    public required string Engine { get; init; }

    public int Repeats { get; init; }

    public bool Valid { get; init; }

    public string? Note { get; init; }

    public double LowestPerSecond { get; init; }

    public double HighestPerSecond { get; init; }

    /// <summary>Each figure is the median of its own; the curve and the timeline are those of the
    /// run whose speed is the median.</summary>
    public required RunResult Median { get; init; }
}

/// <summary>LsmMmap beside the best of the others, in one workload.</summary>
internal sealed record Comparison(
    string Workload, double OwnPerSecond, string BestPeer, double BestPeerPerSecond, double Ratio);

internal sealed record ResultFile
{
    public const int CurrentFormat = 1;

    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter() },
    };

    public int Format { get; init; } = CurrentFormat;

    public DateTimeOffset Made { get; init; }

    /// <summary>The options that differ from the defaults, without any path.</summary>
    public string Command { get; init; } = "";

    public double Minutes { get; init; }

    public MachineInfo Machine { get; init; } = new();

    public BenchSettings Settings { get; init; } = new();

    public IReadOnlyList<EngineInfo> Engines { get; init; } = [];

    public IReadOnlyList<WorkloadInfo> Workloads { get; init; } = [];

    public IReadOnlyList<Row> Rows { get; init; } = [];

    public IReadOnlyList<Comparison> Comparisons { get; init; } = [];

    public IReadOnlyList<SkippedRow> Skipped { get; init; } = [];

    /// <summary>Every run; those of failed loads too.</summary>
    public IReadOnlyList<RunResult> Runs { get; init; } = [];

    public static ResultFile Read(string path) =>
        JsonSerializer.Deserialize<ResultFile>(File.ReadAllText(path), Json)
        ?? throw new InvalidDataException("the file holds no result");

    public void Write(string path) =>
        File.WriteAllText(path, JsonSerializer.Serialize(this, Json) + "\n");
}
