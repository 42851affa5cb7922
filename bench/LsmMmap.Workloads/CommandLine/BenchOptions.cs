// The options of the command line, and the settings that follow from them.

using System.CommandLine;
using LsmMmap.Workloads.Engines;
using LsmMmap.Workloads.Running;
using LsmMmap.Workloads.Workloads;

namespace LsmMmap.Workloads.CommandLine;

/// <summary>The options, and the settings that follow from them.</summary>
internal sealed class BenchOptions
{
    private static readonly BenchSettings s_defaults = new();
    private static readonly BenchSettings s_quick = new()
    {
        Quick = true,
        Entries = 20_000,
        Seconds = 0.1,
        Repeats = 1,
    };

    private readonly Option<bool> _quick = new("--quick")
    { Description = "Small and once: under three minutes, good for a first look only." };
    private readonly Option<long?> _entries = new("--entries")
    { Description = $"Entries of the main data set [default: {s_defaults.Entries:N0}]" };
    private readonly Option<int?> _keyBytes = new("--key-bytes")
    { Description = $"From 12 [default: {s_defaults.KeyBytes}]" };
    private readonly Option<int?> _valueBytes = new("--value-bytes")
    { Description = $"From 1 [default: {s_defaults.ValueBytes}]" };
    private readonly Option<int?> _threads = new("--threads")
    { Description = $"For readrandom-threads [default: {s_defaults.Threads}]" };
    private readonly Option<Durability?> _durability = new("--durability")
    { Description = "Buffered, Flushed or Synced; peers have no Buffered [default: Flushed]" };
    private readonly Option<double?> _compressibility = new("--compressibility")
    { Description = "What compression leaves of a value [default: 0.5]" };
    private readonly Option<ulong?> _seed = new("--seed") { Description = "[default: 1]" };
    private readonly Option<ReadMode?> _readMode = new("--read-mode")
    { Description = "How LsmMmap reads its tables [default: Auto]" };
    private readonly Option<Compression?> _compression = new("--compression")
    { Description = "Of the engine 'lsm'; 'lsm-lz4' always has LZ4 [default: None]" };
    private readonly Option<double?> _seconds = new("--seconds")
    { Description = "Of each read; writes take up to four times as long [default: 1]" };
    private readonly Option<int?> _repeats = new("--repeats")
    { Description = $"The figures are medians [default: {s_defaults.Repeats}]" };
    private readonly Option<int?> _memory = new("--memory-mib")
    {
        Description = "Limit of the larger-than-memory rows "
            + $"[default: {s_defaults.MemoryLimitBytes >> 20}]"
    };
    private readonly Option<string[]> _engines = new("--engines")
    {
        Description = "Some of: " + string.Join(", ", EngineIds())
            + $" [default: all but {Named(EngineCatalogue.All(Compression.None)
                .Where(e => e.ByNameOnly).Select(e => e.Id))}]",
        AllowMultipleArgumentsPerToken = true
    };
    private readonly Option<string[]> _workloads = new("--workloads")
    {
        Description = "Some of: " + string.Join(", ", WorkloadNames())
            + $" [default: all but {Named(WorkloadCatalogue.All
                .Where(w => w.ByNameOnly).Select(w => w.Name))}]",
        AllowMultipleArgumentsPerToken = true
    };

    public Option<string> WorkFolder { get; } = new("--work-folder")
    {
        Description = "Where the stores are made; must be empty, is removed afterwards",
        DefaultValueFactory = _ => Path.Combine("artifacts", "workloads"),
    };

    public Option<FileInfo?> Out { get; } = new("--out") { Description = "results.json" };

    public Option<FileInfo?> Report { get; } = new("--report") { Description = "The page" };

    public Option<DirectoryInfo?> Svg { get; } = new("--svg")
    { Description = "Folder for the pictures of a README" };

    public Option<FileInfo?> From { get; } = new("--from")
    { Description = "Runs nothing; makes --report and --svg from an earlier --out" };

    public IEnumerable<Option> All =>
    [
        _quick, _entries, _keyBytes, _valueBytes, _threads, _durability, _compressibility, _seed,
        _readMode, _compression, _seconds, _repeats, _memory, _engines, _workloads, WorkFolder,
        Out, Report, Svg, From,
    ];

    public BenchSettings Settings(ParseResult parsed)
    {
        BenchSettings start = parsed.GetValue(_quick) ? s_quick : s_defaults;
        return Checked(start with
        {
            Entries = parsed.GetValue(_entries) ?? start.Entries,
            KeyBytes = parsed.GetValue(_keyBytes) ?? start.KeyBytes,
            ValueBytes = parsed.GetValue(_valueBytes) ?? start.ValueBytes,
            Threads = parsed.GetValue(_threads) ?? start.Threads,
            Durability = parsed.GetValue(_durability) ?? start.Durability,
            Compressibility = parsed.GetValue(_compressibility) ?? start.Compressibility,
            Seed = parsed.GetValue(_seed) ?? start.Seed,
            ReadMode = parsed.GetValue(_readMode) ?? start.ReadMode,
            Compression = parsed.GetValue(_compression) ?? start.Compression,
            Seconds = parsed.GetValue(_seconds) ?? start.Seconds,
            Repeats = parsed.GetValue(_repeats) ?? start.Repeats,
            MemoryLimitBytes = parsed.GetValue(_memory) is int mib
                ? (long)mib << 20 : start.MemoryLimitBytes,
            Engines = parsed.GetValue(_engines) is { Length: > 0 } engines
                ? Chosen(engines, EngineIds(), "engine")
                : [.. EngineCatalogue.All(Compression.None).Where(e => !e.ByNameOnly)
                    .Select(e => e.Id)],
            Workloads = parsed.GetValue(_workloads) is { Length: > 0 } named
                ? Chosen(named, WorkloadNames(), "workload")
                : [.. WorkloadCatalogue.All
                    .Where(w => !w.ByNameOnly && (!start.Quick || !w.SlowOnly))
                    .Select(w => w.Name)],
        });
    }

    /// <summary>The command without its paths: what a reader would type.</summary>
    public string Describe(ParseResult parsed)
    {
        Option[] paths = [WorkFolder, Out, Report, Svg, From];
        IEnumerable<string> words = All.Except(paths)
            .Select(option => parsed.GetResult(option))
            .Where(result => result is { Implicit: false })
            .Select(result => string.Join(' ',
                result!.Tokens.Select(token => token.Value).Prepend(result.Option.Name)));
        return string.Join(' ', words);
    }

    private static BenchSettings Checked(BenchSettings settings)
    {
        Require(settings.Entries is >= 1_000 and <= 1_000_000_000, "--entries: from 1,000");
        Require(settings.KeyBytes is >= 12 and <= 511, "--key-bytes: from 12 to 511");
        Require(settings.ValueBytes is >= 1 and <= 1 << 24, "--value-bytes: from 1");
        Require(settings.Threads is >= 1 and <= 64, "--threads: from 1 to 64");
        Require(settings.Compressibility is > 0 and <= 1, "--compressibility: above 0, up to 1");
        Require(settings.Seconds is >= 0.01 and <= 3600, "--seconds: from 0.01");
        Require(settings.Repeats is >= 1 and <= 99, "--repeats: from 1");
        Require(settings.MemoryLimitBytes >= 128L << 20, "--memory-mib: from 128");
        return settings;
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
            throw new ArgumentException(otherwise);
    }

    private static string[] Chosen(string[] named, string[] known, string what)
    {
        string[] parts = [.. named.SelectMany(text => text.Split(
            ',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
        string? wrong = parts.FirstOrDefault(part => !known.Contains(part));
        if (wrong != null)
            throw new ArgumentException($"no {what} is called {wrong}");
        return parts;
    }

    private static string Named(IEnumerable<string> names) => string.Join(", ", names);

    private static string[] EngineIds() =>
        [.. EngineCatalogue.All(Compression.None).Select(engine => engine.Id)];

    private static string[] WorkloadNames() =>
        [.. WorkloadCatalogue.All.Select(workload => workload.Name)];
}
