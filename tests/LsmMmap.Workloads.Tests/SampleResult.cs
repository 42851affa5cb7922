// A result file with invented figures: every kind of row that a report must show, a loss beside a
// win, an engine that took no part, an invalid row, figures with many digits.

using LsmMmap.Workloads.Results;
using LsmMmap.Workloads.Running;

namespace LsmMmap.Workloads.Tests;

internal static class SampleResult
{
    private static readonly EngineInfo[] s_engines =
    [
        new("lsm", "LsmMmap", false, "defaults", "0.1.0", null),
        new("rocksdb", "RocksDB LZ4", true, "LZ4 & a cache", "11.12", null),
        new("lmdb", "LMDB", true, "NOSYNC", null, "its native library does not load here"),
        new("sqlite", "SQLite", true, "WAL <on>", "3.50", null),
    ];

    public static ResultFile Create()
    {
        Row[] rows =
        [
            Medians.Of([Run("fillrandom", "lsm", 1, 401_234.5), Run("fillrandom", "lsm", 2, 9e5),
                Run("fillrandom", "lsm", 3, 520_000)]),
            Medians.Of([Run("fillrandom", "rocksdb", 1, 233_333.3)]),
            Medians.Of([Run("fillrandom", "sqlite", 1, 31_000)]),
            Medians.Of([Run("readrandom", "lsm", 1, 912_345.6)]),
            Medians.Of([Run("readrandom", "rocksdb", 1, 1_830_000)]),
            Medians.Of([Run("readrandom", "sqlite", 1, 9_000_000) with
            {
                Valid = false, Note = "12 hits instead of 13",
            }]),
        ];
        return new ResultFile
        {
            Made = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
            Command = "--quick",
            Machine = new MachineInfo { Cpu = "A <CPU>", Cores = 2, FileSystem = "ext4" },
            Settings = new BenchSettings { Entries = 1_234_567 },
            Engines = s_engines,
            Workloads =
            [
                new("fillrandom", "Writes", "puts in random order", "operations"),
                new("readrandom", "Point reads", "gets", "operations"),
            ],
            Rows = rows,
            Comparisons = [.. Medians.Compare(rows, s_engines)],
            Skipped = [new SkippedRow("readrandom-beyond", "lsm", "no control group")],
        };
    }

    public static RunResult Run(string workload, string engine, int repeat, double speed) => new()
    {
        Workload = workload,
        Engine = engine,
        Repeat = repeat,
        Valid = true,
        Operations = 1_000_000,
        Seconds = 1_000_000 / speed,
        OperationsPerSecond = speed,
        LatencySampledEvery = 1,
        P50Us = 2.345 * repeat,
        P99Us = 7.9,
        P999Us = 44.123,
        MaxUs = 123_456.789,
        ManagedBytesPerOperation = 0.04,
        Gen0 = 3,
        GcPauseMs = 1.25,
        PeakBytes = 300 << 20,
        PeakAnonymousBytes = 100 << 20,
        PeakFileBytes = 200 << 20,
        UserBytes = 116_000_000,
        WrittenBytes = 250_000_001,
        WriteAmplification = 2.155,
        LiveBytes = 116_000_000,
        DirectoryBytes = 130_000_000,
        SpaceAmplification = 1.121,
        StallMs = 12.5,
        LongOperationMs = 30.1,
        OpenMs = 4.44,
        SettleMs = 812.5,
        LatencyCurve = [[0, 0.8], [50, 2.3], [99, 7.9], [99.9, 44.1], [100, 123_456.8]],
        Timeline = [10_000, 41_000, 39_000, 2_000],
        Marks = [new TimelineMark(0.2, "flush"), new TimelineMark(0.3, "stall")],
        Extra = new Dictionary<string, double> { ["writesPerSecond"] = 54_321 },
    };
}
