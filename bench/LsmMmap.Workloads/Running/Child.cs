// What a child process does: open the store, run one workload, let the background work end, count
// what is there, close, and hand back one RunResult. A failure of any kind is a result too: the row
// is then marked invalid and says why.

using System.Diagnostics;
using LsmMmap.Workloads.Data;
using LsmMmap.Workloads.Engines;
using LsmMmap.Workloads.Measuring;
using LsmMmap.Workloads.Results;
using LsmMmap.Workloads.Workloads;

namespace LsmMmap.Workloads.Running;

internal sealed class Child
{
    /// <summary>Begins the name of the task that only loads a data set.</summary>
    public const string LoadPrefix = "load-";

    private const int LoadBatchEntries = 1_000;
    private const double WarmWriteSeconds = 1;
    private const long WarmWriteBytesMax = 128L << 20;

    private readonly RunTask _task;
    private readonly EngineDefinition _definition;
    private readonly WorkloadDefinition _workload;
    private readonly DataPlan _plan;
    private readonly WorkloadContext _context;

    public Child(RunTask task)
    {
        _task = task;
        _definition = EngineCatalogue.All(task.Settings.Compression)
            .First(engine => engine.Id == task.Engine);
        _workload = WorkloadOf(task.Workload);
        _plan = DataPlan.Of(_workload.Data, task.Settings);
        _context = new WorkloadContext(_definition, task.Settings, _plan, Options(task.Directory));
    }

    public RunResult Run()
    {
        try
        {
            return _task.Workload.StartsWith(LoadPrefix, StringComparison.Ordinal)
                ? Load() : Measure();
        }
        catch (Exception e)
        {
            return new RunResult
            {
                Workload = _task.Workload,
                Engine = _task.Engine,
                Repeat = _task.Repeat,
                Note = e.GetType().Name + ": "
                    + e.Message.Replace(_task.Directory, "store", StringComparison.Ordinal),
            };
        }
    }

    private static WorkloadDefinition WorkloadOf(string name)
    {
        if (!name.StartsWith(LoadPrefix, StringComparison.Ordinal))
            return WorkloadCatalogue.All.First(workload => workload.Name == name);
        var set = Enum.Parse<DataSet>(name[LoadPrefix.Length..]);
        return new WorkloadDefinition(name, "", "", set, _ => throw new NotSupportedException());
    }

    private EngineOptions Options(string directory)
    {
        var options = new EngineOptions
        {
            Directory = directory,
            Durability = _workload.NeedsSync ? Durability.Synced : _task.Settings.Durability,
            ReadMode = _task.Settings.ReadMode,
            TableBytes = _plan.TableBytes,
            EntryBytes = _plan.KeyBytes + _plan.ValueBytes,
        };
        // A cache of its own must fit into the memory; a third is what RocksDB's guide advises.
        return _workload.NeedsMemoryLimit
            ? options with { CacheBytes = _task.Settings.MemoryLimitBytes / 3 } : options;
    }

    private RunResult Load()
    {
        long start = Stopwatch.GetTimestamp();
        Directory.CreateDirectory(_task.Directory);
        long bytes = _plan.Bytes;
        using (IEngine engine = _definition.Open(_context.Options))
        {
            using (IEngineSession session = engine.OpenSession())
            {
                if (_workload.Data == DataSet.ApiDocs)
                    LoadMembers(session);
                else
                    LoadEntries(session);
            }
            engine.Compact();
        }
        return new RunResult
        {
            Workload = _task.Workload,
            Engine = _task.Engine,
            Repeat = _task.Repeat,
            Valid = true,
            Operations = _plan.Entries,
            Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
            LiveBytes = bytes,
            DirectoryBytes = StoreFolder.BytesOnDisk(_task.Directory),
        };
    }

    private void LoadEntries(IEngineSession session)
    {
        EntrySource source = _context.Source;
        var order = new Permutation(_plan.Entries, _task.Settings.Seed);
        byte[] key = new byte[source.KeyBytes];
        for (long i = 0; i < _plan.Entries; i++)
        {
            long number = order.Of(i);
            source.Key(key, number);
            session.Add(key, source.Value(number));
            if (i % LoadBatchEntries == LoadBatchEntries - 1)
                session.Commit();
        }
        if (_plan.Entries % LoadBatchEntries != 0)
            session.Commit();
    }

    private void LoadMembers(IEngineSession session)
    {
        ApiMembers members = _context.Members;
        for (int i = 0; i < members.Count; i++)
            session.Put(members.Key(i), members.Value(i));
    }

    // So that no engine's first puts pay for the compiler; a scratch store beside the real one.
    // The runtime compiles hot code three times in the course of most of a second.
    private void WarmWriter()
    {
        string scratch = _task.Directory + "-warm";
        EngineOptions options = _context.Options with
        {
            Directory = scratch,
            // Warm code is warm at any durability.
            Durability = Durability.Flushed,
        };
        using (IEngine engine = _definition.Open(options))
        using (IEngineSession session = engine.OpenSession())
            WarmWrites(session);
        StoreFolder.Delete(scratch);
    }

    private void WarmWrites(IEngineSession session)
    {
        EntrySource source = _context.Source;
        byte[] key = new byte[source.KeyBytes];
        double seconds = Math.Min(WarmWriteSeconds, _task.Settings.Seconds);
        long bytes = 0;
        long number = 0;
        long start = Stopwatch.GetTimestamp();
        while (bytes < WarmWriteBytesMax
            && Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
        {
            for (int i = 0; i < 200; i++)
            {
                source.Key(key, number);
                if (i < 100)
                    session.Put(key, source.Value(number));
                else
                    session.Add(key, source.Value(number));
                number++;
                bytes += source.EntryBytes;
            }
            session.Commit();
            session.Delete(key);
        }
    }

    private RunResult Measure()
    {
        if (_workload.Writes && !_workload.OpensItself)
            WarmWriter();
        Directory.CreateDirectory(_task.Directory);
        if (_workload.OpensItself)
            return Result(_workload.Run(_context), new Ending(null, 0, 0, EngineMarks.Unknown));
        long start = Stopwatch.GetTimestamp();
        // Closed once and by hand: after a failure the process ends anyway, its result written.
        IEngine engine = _definition.Open(_context.Options);
        double openMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        _context.Engine = engine;
        Outcome outcome = _workload.Run(_context);
        start = Stopwatch.GetTimestamp();
        engine.WaitForBackground();
        double settleMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        EngineMarks marks = engine.Marks();
        long written = ProcessReadings.WrittenToDisk();
        CountEntries(engine, outcome);
        engine.Dispose();
        return Result(outcome, new Ending(written, openMs, settleMs, marks));
    }

    private static void CountEntries(IEngine engine, Outcome outcome)
    {
        if (outcome.ExpectedEntries < 0)
            return;
        using IEngineSession session = engine.OpenSession();
        ReadTotals totals = default;
        long seen = session.ScanAll(backward: false, ref totals);
        outcome.Expect(seen == outcome.ExpectedEntries,
            $"the store holds {seen} entries instead of {outcome.ExpectedEntries}");
    }

    private RunResult Result(Outcome outcome, Ending ending) =>
        ResultBuilder.Build(_task, _workload, outcome, ending);
}

/// <summary>What was read after the workload.</summary>
internal sealed record Ending(long? Written, double OpenMs, double SettleMs, EngineMarks Marks);
