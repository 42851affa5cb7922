// The meter: one for the process, its instruments made once. All but two are observable: they read
// what the store counts anyway, when somebody collects, and cost nothing before. The two
// histograms are recorded by whoever waited, and only while somebody listens.
//
// Names, units and attributes are a contract; docs/observability.md lists them, and a test
// compares.
// Threads: any.

using System.Diagnostics.Metrics;
using System.Reflection;

namespace LsmMmap.Engine.Telemetry;

internal static class StoreMeter
{
    public const string Name = "LsmMmap";

    private const string Bytes = "By";
    private const string Seconds = "s";

    public static string Version { get; } = typeof(StoreMeter).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    private static readonly Meter s_meter = new(new MeterOptions(Name) { Version = Version });

    // From a commit into memory to a disk that hangs; the boundaries that collectors take by
    // themselves are made for milliseconds.
    private static readonly InstrumentAdvice<double> s_latencies = new()
    {
        HistogramBucketBoundaries =
        [
            0.000_001, 0.000_002_5, 0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25,
            0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
        ],
    };

    static StoreMeter()
    {
        CountWrites();
        CountStalls();
        CountWork();
        MeasureReading();
        MeasureSizes();
        MeasureHolders();
        WatchHealth();
    }

    /// <summary>What commits took, from the call to its return.</summary>
    public static Histogram<double> Commits { get; } = s_meter.CreateHistogram(
        "lsm.commit.duration", Seconds, "How long commits took, waiting for their turn included",
        tags: null, s_latencies);

    /// <summary>What reads of one key took, and MultiGets.</summary>
    public static Histogram<double> Gets { get; } = s_meter.CreateHistogram(
        "lsm.get.duration", Seconds, "How long gets took, where StoreOptions.MeasureReads is set",
        tags: null, s_latencies);

    private static void CountWrites()
    {
        Counter("lsm.operations", "{operation}", "Entries written, by kind", static (r, to) =>
        {
            to.Add(r.Entries.Puts, StoreTags.Operation, "put");
            to.Add(r.Entries.Deletes, StoreTags.Operation, "delete");
            to.Add(r.Entries.RangeDeletes, StoreTags.Operation, "delete_range");
        });
        Counter("lsm.commits", "{commit}", "Commits, single writes included",
            static (r, to) => to.Add(r.Entries.Commits));
        Counter("lsm.user.written", Bytes, "Bytes of keys and values given to writes",
            static (r, to) => to.Add(r.Statistics.BytesWrittenByUser));
        Counter("lsm.disk.written", Bytes, "Bytes written to files", static (r, to) =>
        {
            to.Add(r.Statistics.BytesWrittenToLog, StoreTags.Target, "log");
            to.Add(r.Work.FlushBytes, StoreTags.Target, "flush");
            to.Add(r.Work.CompactionBytesWritten, StoreTags.Target, "compaction");
        });
    }

    private static void CountStalls()
    {
        Counter("lsm.stalls", "{stall}", "How often writes were held back", static (r, to) =>
        {
            for (int reason = 1; reason < r.StallCounts.Count; reason++)
                to.Add(
                    r.StallCounts[reason], StoreTags.Reason,
                    StoreTags.Of((StallReason)reason));
        });
        CounterOf<double>("lsm.stall.time", Seconds, "How long writes were held back",
            static (r, to) =>
            {
                for (int reason = 1; reason < r.StallCounts.Count; reason++)
                    to.Add(
                        r.Statistics.StallTimes.GetValueOrDefault((StallReason)reason)
                            .TotalSeconds,
                        StoreTags.Reason, StoreTags.Of((StallReason)reason));
            });
        Gauge<long>("lsm.stall.active", "1", "1 for the reason why a write would be held back now",
            static (r, to) =>
            {
                for (int reason = 1; reason < r.StallCounts.Count; reason++)
                    to.Add(
                        (int)r.Statistics.StallReason == reason ? 1 : 0, StoreTags.Reason,
                        StoreTags.Of((StallReason)reason));
            });
    }

    private static void CountWork()
    {
        Counter("lsm.work.runs", "{run}", "Pieces of background work that are done",
            static (r, to) =>
            {
                StoreStatistics s = r.Statistics;
                to.Add(s.FlushCount, StoreTags.Work, "flush");
                to.Add(s.CompactionCount - s.TrivialMoveCount, StoreTags.Work, "compaction");
                to.Add(s.TrivialMoveCount, StoreTags.Work, "move");
                to.Add(r.Work.Drops, StoreTags.Work, "drop");
            });
        CounterOf<double>("lsm.work.time", Seconds, "What background work took",
            static (r, to) =>
            {
                to.Add(r.Work.FlushTime.TotalSeconds, StoreTags.Work, "flush");
                to.Add(r.Work.CompactionTime.TotalSeconds, StoreTags.Work, "compaction");
            });
        Counter("lsm.compaction.read", Bytes, "Bytes of tables that compactions read",
            static (r, to) => to.Add(r.Work.CompactionBytesRead));
        Counter("lsm.entries.expired", "{entry}", "Entries taken away because they were over",
            static (r, to) => to.Add(r.Statistics.EntriesExpired));
        Gauge<double>("lsm.amplification.write", "1",
            "Bytes written to files for each byte given to writes",
            static (r, to) => to.Add(r.Statistics.WriteAmplification));
        Gauge<double>("lsm.amplification.space", "1",
            "Bytes of all tables for each byte of the deepest level",
            static (r, to) => to.Add(r.SpaceAmplification));
        Gauge<long>("lsm.amplification.read", "{run}",
            "Memtables and sorted runs that a get may have to ask",
            static (r, to) => to.Add(r.ReadAmplification));
    }

    private static void MeasureReading()
    {
        Size("lsm.cache.usage", Bytes, "Bytes that a cache holds", static (r, to) =>
        {
            to.Add(r.IndexCache.UsedBytes, StoreTags.Cache, "index");
            to.Add(r.BlockCache.UsedBytes, StoreTags.Cache, "block");
        });
        Size("lsm.cache.limit", Bytes, "Bytes that a cache may hold", static (r, to) =>
        {
            to.Add(r.IndexCache.LimitBytes, StoreTags.Cache, "index");
            to.Add(r.BlockCache.LimitBytes, StoreTags.Cache, "block");
        });
        Counter("lsm.cache.fills", "{fill}",
            "Indexes flattened and blocks inflated, because a cache did not have them",
            static (r, to) =>
            {
                to.Add(r.IndexCache.Fills, StoreTags.Cache, "index");
                to.Add(r.BlockCache.Fills, StoreTags.Cache, "block");
            });
        Size("lsm.mapped", Bytes, "Bytes of tables that are mapped",
            static (r, to) => to.Add(r.MappedBytes));
        SizeOf("lsm.resident", Bytes, "Bytes of tables that the page cache holds",
            static (store, to) =>
            {
                long bytes = store.ResidentTableBytes();
                if (bytes >= 0)
                    to.Add(bytes);
            });
        s_meter.CreateObservableCounter(
            "lsm.process.major_faults", MajorFaults, "{fault}",
            "Page faults of the process that waited for the disk");
    }

    private static void MeasureSizes()
    {
        Size("lsm.memtable.usage", Bytes, "Native bytes of all memtables",
            static (r, to) => to.Add(r.Statistics.MemtableBytes));
        Size("lsm.memtable.limit", Bytes, "What memtables may have of the memory budget",
            static (r, to) => to.Add(r.MemtableBudgetBytes));
        Size("lsm.memtable.frozen", "{memtable}", "Memtables that wait for their flush",
            static (r, to) => to.Add(r.FrozenMemtables));
        Size("lsm.level.size", Bytes, "Table bytes of a level", static (r, to) =>
        {
            for (int level = 0; level < r.Statistics.BytesPerLevel.Count; level++)
                to.Add(r.Statistics.BytesPerLevel[level], StoreTags.Level, level);
        });
        Size("lsm.level.tables", "{table}", "Tables of a level", static (r, to) =>
        {
            for (int level = 0; level < r.Statistics.TablesPerLevel.Count; level++)
                to.Add(r.Statistics.TablesPerLevel[level], StoreTags.Level, level);
        });
        Size("lsm.log.size", Bytes, "Bytes of the logs that hold what no table has",
            static (r, to) => to.Add(r.LogBytes));
    }

    private static void MeasureHolders()
    {
        Size("lsm.snapshots", "{snapshot}", "Snapshots that are not disposed",
            static (r, to) => to.Add(r.Statistics.LiveSnapshots));
        Gauge<double>("lsm.snapshot.oldest_age", Seconds, "Age of the oldest snapshot",
            static (r, to) => to.Add(r.OldestSnapshotAge.TotalSeconds));
        SizeOf("lsm.cursors", "{cursor}", "Cursors that are not disposed",
            static (store, to) => to.Add(store.OpenCursors()));
        Counter("lsm.undisposed", "{object}", "Cursors, snapshots and results that were collected",
            static (r, to) => to.Add(r.Statistics.UndisposedCount));
        SizeOf("lsm.held.files", "{file}", "Files of tables that only readers keep",
            static (store, to) => to.Add(store.HeldFiles(out _)));
        SizeOf("lsm.held.size", Bytes, "Bytes of those files", static (store, to) =>
        {
            _ = store.HeldFiles(out long bytes);
            to.Add(bytes);
        });
    }

    private static void WatchHealth()
    {
        Gauge<long>("lsm.failed", "1", "1 when a failed write has ended writing",
            static (r, to) => to.Add(r.HasFailed ? 1 : 0));
        Gauge<long>("lsm.paused", "1", "1 while background work waits for space",
            static (r, to) => to.Add(r.IsPaused ? 1 : 0));
        Counter("lsm.scrub.read", Bytes, "Bytes that the scrub has read",
            static (r, to) => to.Add(r.Statistics.ScrubbedBytes));
        Counter("lsm.scrub.damages", "{damage}", "Damages that the scrub has found",
            static (r, to) => to.Add(r.Statistics.ScrubDamages));
        s_meter.CreateObservableCounter(
            "lsm.damages", static () => Damages.Count, "{damage}",
            "Damages that anything in the process has found");
        s_meter.CreateObservableCounter(
            "lsm.telemetry.lost", static () => TelemetryThread.LostCount, "{event}",
            "Events and activities that listeners were too slow for");
    }

    private static void Counter(
        string name, string unit, string what, Action<StoreReading, Observed<long>> read) =>
        CounterOf(name, unit, what, read);

    private static void CounterOf<T>(
        string name, string unit, string what, Action<StoreReading, Observed<T>> read)
        where T : struct => s_meter.CreateObservableCounter(
            name, () => Observed<T>.Of((store, to) => read(store.Read(), to)), unit, what);

    /// <summary>What adds up to something over levels, caches and stores.</summary>
    private static void Size(
        string name, string unit, string what, Action<StoreReading, Observed<long>> read) =>
        SizeOf(name, unit, what, (store, to) => read(store.Read(), to));

    private static void Gauge<T>(
        string name, string unit, string what, Action<StoreReading, Observed<T>> read)
        where T : struct => s_meter.CreateObservableGauge(
            name, () => Observed<T>.Of((store, to) => read(store.Read(), to)), unit, what);

    private static void SizeOf(
        string name, string unit, string what, Action<IMeteredStore, Observed<long>> read) =>
        s_meter.CreateObservableUpDownCounter(name, () => Observed<long>.Of(read), unit, what);

    private static IEnumerable<Measurement<long>> MajorFaults()
    {
        // Of the process: whichever store is open can tell.
        foreach (StoreTelemetry store in MeteredStores.ToArray())
        {
            if (store.Metered?.MajorFaults() is { } faults and >= 0)
                return [new Measurement<long>(faults)];
        }
        return [];
    }
}
