// The order of a comparison. For each repeat and each data set: load it once for every engine, then
// for each workload run the engines one after the other, beginning with another one in every
// repeat. So the engines of a row are measured within seconds of each other, and a machine that
// grows warm or busy harms them alike.
//
// Data larger than memory goes engine by engine, and its files are read through before each row. A
// disk may have a cache of its own below (one was seen to answer 14,000 random reads a second of a
// file just written, 500 of the same file ten minutes and 15 GB later), and with all engines
// loaded first the one loaded last would be measured on that cache and the others on the disk.

using System.Diagnostics;
using LsmMmap.Workloads.Engines;
using LsmMmap.Workloads.Results;
using LsmMmap.Workloads.Workloads;

namespace LsmMmap.Workloads.Running;

internal sealed class ComparisonRun
{
    private readonly BenchSettings _settings;
    private readonly string _folder;
    private readonly ChildProcess _child;
    private readonly Action<RunResult> _tell;
    private readonly IReadOnlyList<EngineDefinition> _asked;
    private readonly IReadOnlyList<EngineDefinition> _engines;
    private readonly IReadOnlyList<WorkloadDefinition> _workloads;
    private readonly List<RunResult> _runs = [];
    private readonly List<SkippedRow> _skipped = [];
    private readonly Dictionary<string, string?> _whyNot;

    public ComparisonRun(
        BenchSettings settings, string folder, Action<RunResult> tell,
        CancellationToken cancellation)
    {
        _settings = settings;
        _folder = folder;
        _tell = tell;
        _child = new ChildProcess(folder, cancellation);
        _asked = [.. EngineCatalogue.All(settings.Compression)
            .Where(engine => settings.Engines.Contains(engine.Id))];
        _whyNot = _asked.ToDictionary(engine => engine.Id, engine => engine.WhyNot());
        _engines = [.. _asked.Where(engine => _whyNot[engine.Id] == null)];
        _workloads = [.. WorkloadCatalogue.All
            .Where(workload => settings.Workloads.Contains(workload.Name))];
    }

    /// <summary>How many children there will be, loading included.</summary>
    public int TaskCount
    {
        get
        {
            int count = 0;
            for (int repeat = 0; repeat < _settings.Repeats; repeat++)
                foreach (IGrouping<DataSet, WorkloadDefinition> set in SetsOf(repeat))
                    count += _engines.Count * (set.Key == DataSet.None ? 0 : 1)
                        + set.Sum(w => _engines.Count(e => w.WhyNot(e) == null));
            return count;
        }
    }

    public ResultFile Run(string command)
    {
        long start = Stopwatch.GetTimestamp();
        foreach (WorkloadDefinition workload in _workloads)
            foreach (EngineDefinition engine in _engines)
                if (workload.WhyNot(engine) is string reason)
                    _skipped.Add(new SkippedRow(workload.Name, engine.Id, reason));
        for (int repeat = 0; repeat < _settings.Repeats; repeat++)
            foreach (IGrouping<DataSet, WorkloadDefinition> set in SetsOf(repeat))
                RunSet(set.Key, [.. set], repeat);
        Row[] rows = [.. Rows()];
        EngineInfo[] engines = [.. _asked.Select(Info)];
        return new ResultFile
        {
            Made = DateTimeOffset.UtcNow,
            Command = command,
            Minutes = Math.Round(Stopwatch.GetElapsedTime(start).TotalMinutes, 2),
            Machine = Machine.Describe(_folder),
            Settings = _settings,
            Engines = engines,
            Workloads = [.. _workloads.Select(
                w => new WorkloadInfo(w.Name, w.Group, w.Title, w.Unit))],
            Rows = rows,
            Comparisons = [.. Medians.Compare(rows, engines)],
            Skipped = _skipped,
            Runs = _runs,
        };
    }

    private IEnumerable<IGrouping<DataSet, WorkloadDefinition>> SetsOf(int repeat) =>
        _workloads.Where(workload => repeat < workload.RepeatsMax).GroupBy(w => w.Data);

    private void RunSet(DataSet set, WorkloadDefinition[] workloads, int repeat)
    {
        bool needsLimit = workloads.Any(workload => workload.NeedsMemoryLimit);
        string whyNot = "";
        using MemoryGroup? group = needsLimit
            ? MemoryGroup.TryCreate(_settings.MemoryLimitBytes, out whyNot) : null;
        if (needsLimit && group == null)
        {
            foreach (WorkloadDefinition workload in workloads)
                Skip(workload, _engines, whyNot);
            return;
        }
        foreach (EngineDefinition[] engines in needsLimit ? _engines.Chunk(1) : [[.. _engines]])
        {
            EngineDefinition[] loaded = [.. Load(set, engines, workloads, repeat)];
            foreach (WorkloadDefinition workload in workloads)
            {
                EngineDefinition[] turn =
                    [.. loaded.Where(engine => workload.WhyNot(engine) == null)];
                for (int i = 0; i < turn.Length; i++)
                    RunOne(workload, turn[(i + repeat) % turn.Length], repeat, group);
            }
            foreach (EngineDefinition engine in loaded)
                StoreFolder.Delete(LoadedFolder(engine));
        }
    }

    private IEnumerable<EngineDefinition> Load(
        DataSet set, EngineDefinition[] engines, WorkloadDefinition[] workloads, int repeat)
    {
        foreach (EngineDefinition engine in engines)
        {
            if (set == DataSet.None)
            {
                yield return engine;
                continue;
            }
            if (workloads.All(workload => workload.WhyNot(engine) != null))
                continue;
            RunResult result = _child.Run(
                Task(Child.LoadPrefix + set, engine, repeat, LoadedFolder(engine)), null);
            _tell(result);
            if (result.Valid)
            {
                yield return engine;
                continue;
            }
            foreach (WorkloadDefinition workload in workloads)
                Skip(workload, [engine], "loading failed: " + result.Note);
            StoreFolder.Delete(LoadedFolder(engine));
        }
    }

    private void RunOne(
        WorkloadDefinition workload, EngineDefinition engine, int repeat, MemoryGroup? group)
    {
        string folder = Path.Combine(_folder, "run");
        StoreFolder.Delete(folder);
        StoreFolder.Delete(folder + "-warm");
        if (workload.Data == DataSet.None)
            Directory.CreateDirectory(folder);
        else if (workload.Writes)
            StoreFolder.Copy(LoadedFolder(engine), folder);
        else
            folder = LoadedFolder(engine);
        if (group != null)
        {
            StoreFolder.ReadThrough(folder);
            StoreFolder.DropFromCache(folder);
        }
        long start = Stopwatch.GetTimestamp();
        RunResult result = _child.Run(Task(workload.Name, engine, repeat, folder), group) with
        {
            ProcessSeconds = Math.Round(Stopwatch.GetElapsedTime(start).TotalSeconds, 2),
        };
        StoreFolder.Delete(Path.Combine(_folder, "run"));
        if (group != null && result.Note == ChildProcess.Killed)
        {
            Skip(workload, [engine], "the system ended it at the memory limit");
            return;
        }
        _runs.Add(result);
        _tell(result);
    }

    private RunTask Task(string workload, EngineDefinition engine, int repeat, string folder) =>
        new()
        {
            Workload = workload,
            Engine = engine.Id,
            Repeat = repeat,
            Directory = folder,
            Settings = _settings,
        };

    private void Skip(
        WorkloadDefinition workload, IEnumerable<EngineDefinition> engines, string reason)
    {
        foreach (EngineDefinition engine in engines)
        {
            var row = new SkippedRow(workload.Name, engine.Id, reason);
            if (!_skipped.Contains(row))
                _skipped.Add(row);
        }
    }

    private IEnumerable<Row> Rows() =>
        from workload in _workloads
        from engine in _engines
        let runs = _runs.Where(r => r.Workload == workload.Name && r.Engine == engine.Id).ToArray()
        where runs.Length > 0
        select Medians.Of(runs);

    private EngineInfo Info(EngineDefinition engine)
    {
        string? whyNot = _whyNot[engine.Id];
        return new EngineInfo(
            engine.Id, engine.Name, engine.IsPeer, engine.Settings,
            whyNot == null ? engine.Version() : null, whyNot);
    }

    private string LoadedFolder(EngineDefinition engine) =>
        Path.Combine(_folder, "loaded-" + engine.Id);
}
