// The rows of the comparison, in the order of the report.

namespace LsmMmap.Workloads.Workloads;

internal static class WorkloadCatalogue
{
    public const string Writes = "Writes";
    public const string Synced = "Synced writes";
    public const string Reads = "Point reads";
    public const string Scans = "Scans";
    public const string Mixed = "Reads beside other work";
    public const string Ycsb = "YCSB";
    public const string Real = "API documentation";
    public const string Large = "Large values";
    public const string Beyond = "Larger than memory";
    public const string Opening = "Opening";
    public const string Sustained = "Sustained writes";

    public static IReadOnlyList<WorkloadDefinition> All { get; } =
    [
        .. Marked(OfWrites()), .. Marked(OfReads()), .. Marked(OfYcsb()), .. OfRealData(),
        .. OfLargeValues(), .. OfOpening(), .. OfMemory(), .. OfSustained(),
    ];

    private static IEnumerable<WorkloadDefinition> Marked(IEnumerable<WorkloadDefinition> all) =>
        all.Select(workload => workload with
        {
            ShowsCompression = workload.Name is
                "fillrandom" or "readrandom" or "readseq" or "seekrandom" or "ycsb-a",
        });

    private static IEnumerable<WorkloadDefinition> OfWrites()
    {
        yield return Write("fillseq", "puts in key order", WriteWorkloads.FillSequential);
        yield return Write("fillrandom", "puts in random order", WriteWorkloads.FillRandom);
        yield return Write("fillbatch", "puts, 100 a batch", WriteWorkloads.FillBatch);
        yield return Write("overwrite", "puts over existing keys", WriteWorkloads.Overwrite)
            with
        { Data = DataSet.Main };
        yield return Write("deleterandom", "deletes", WriteWorkloads.DeleteRandom)
            with
        { Data = DataSet.Main };
        yield return Write("writeasync", "WriteAsync, 1,000 in flight", OwnWorkloads.WriteAsync)
            with
        { OwnOnly = true };
        foreach (int threads in (int[])[1, 2, 8])
        {
            yield return Write(
                FormattableString.Invariant($"fillsync{threads}"),
                $"synced puts, {threads} " + (threads == 1 ? "writer" : "writers"),
                context => WriteWorkloads.FillSync(context, threads))
                with
            { Group = Synced, NeedsSync = true };
        }
    }

    private static IEnumerable<WorkloadDefinition> OfReads()
    {
        yield return Read("readrandom", Reads, "gets", c => ReadWorkloads.ReadRandom(c, 1));
        yield return Read("readmissing", Reads, "gets of absent keys", ReadWorkloads.ReadMissing);
        yield return Read(
            "multireadrandom", Reads, "gets, 100 a call", ReadWorkloads.MultiRead);
        yield return Read("readrandom-threads", Reads, "gets by --threads threads",
            c => ReadWorkloads.ReadRandom(c, c.Settings.Threads));
        yield return Read("readseq", Scans, "entries in key order",
            c => ReadWorkloads.ReadAll(c, backward: false)) with
        { Unit = "entries" };
        yield return Read("readreverse", Scans, "entries backwards",
            c => ReadWorkloads.ReadAll(c, backward: true)) with
        { Unit = "entries" };
        yield return Read(
            "seekrandom", Scans, "seek and 50 nexts", ReadWorkloads.SeekRandom)
            with
        { Unit = "seeks" };
        yield return Read("scandeleted", Scans, "scan over a deleted range of all but two",
            OwnWorkloads.ScanDeleted) with
        { Unit = "scans", OwnOnly = true, Writes = true };
        yield return Read("readwhilewriting", Mixed, "gets beside one writer",
            ReadWorkloads.ReadWhileWriting) with
        { Writes = true };
        yield return Read("readwhilescanning", Mixed, "gets beside one scanner",
            ReadWorkloads.ReadWhileScanning);
    }

    private static IEnumerable<WorkloadDefinition> OfYcsb()
    {
        foreach (char letter in "abcdef")
            yield return Read($"ycsb-{letter}", Ycsb, char.ToUpperInvariant(letter) switch
            {
                'A' => "A: half updates",
                'B' => "B: 5 % updates",
                'C' => "C: reads only",
                'D' => "D: the latest",
                'E' => "E: short scans",
                _ => "F: read-modify-write",
            }, context => YcsbWorkloads.Run(context, letter)) with
            { Writes = letter != 'c' };
    }

    private static IEnumerable<WorkloadDefinition> OfRealData()
    {
        yield return new("api-load", Real, "load member by member", DataSet.None, ApiWorkloads.Load)
        { Writes = true, ShowsCompression = true };
        yield return new("api-get", Real, "lookups by Zipf", DataSet.ApiDocs, ApiWorkloads.Get)
        { ShowsCompression = true };
        yield return new(
            "api-prefix", Real, "members of a type", DataSet.ApiDocs, ApiWorkloads.Prefix)
        { Unit = "prefixes", ShowsCompression = true };
    }

    private static IEnumerable<WorkloadDefinition> OfLargeValues()
    {
        foreach ((DataSet set, string size) in
            ((DataSet, string)[])[(DataSet.Values4K, "4k"), (DataSet.Values64K, "64k")])
        {
            // An overwrite has the right sizes and needs no store of its own.
            yield return new(
                $"overwrite-{size}", Large, $"puts of {size}", set, WriteWorkloads.Overwrite)
            { Writes = true, ShowsCompression = true };
            yield return new($"readrandom-{size}", Large, $"gets of {size}", set,
                c => ReadWorkloads.ReadRandom(c, 1))
            { ShowsCompression = true };
            yield return new($"readseq-{size}", Large, $"entries of {size}", set,
                c => ReadWorkloads.ReadAll(c, backward: false))
            { Unit = "entries", ShowsCompression = true };
        }
    }

    private static IEnumerable<WorkloadDefinition> OfOpening()
    {
        yield return new("open", Opening, "open, get, close", DataSet.Main, OwnWorkloads.Open)
        { Unit = "opens", OpensItself = true, Writes = true };
        yield return new(
            "open-tables", Opening, "the same, 1,000 tables", DataSet.Tables, OwnWorkloads.Open)
        { Unit = "opens", OpensItself = true, Writes = true, RepeatsMax = 1 };
    }

    private static IEnumerable<WorkloadDefinition> OfMemory()
    {
        yield return new("readrandom-beyond", Beyond, "gets, data 4 x memory",
            DataSet.LargerThanMemory, c => MemoryWorkloads.ReadRandom(c, 1))
        { NeedsMemoryLimit = true, SlowOnly = true, RepeatsMax = 1, ShowsCompression = true };
        yield return new("readrandom-beyond-8", Beyond, "the same, 8 threads",
            DataSet.LargerThanMemory, c => MemoryWorkloads.ReadRandom(c, 8))
        { NeedsMemoryLimit = true, SlowOnly = true, RepeatsMax = 1 };
        yield return new("readasync-beyond", Beyond, "the same, GetAsync, 200 in flight",
            DataSet.LargerThanMemory, MemoryWorkloads.ReadAsync)
        { NeedsMemoryLimit = true, SlowOnly = true, RepeatsMax = 1, OwnOnly = true };
        yield return new("seekrandom-beyond", Beyond, "seek and 50 nexts, data 4 x memory",
            DataSet.LargerThanMemory, MemoryWorkloads.SeekRandom)
        {
            NeedsMemoryLimit = true,
            SlowOnly = true,
            RepeatsMax = 1,
            Unit = "seeks",
            ShowsCompression = true,
        };
    }

    private static IEnumerable<WorkloadDefinition> OfSustained()
    {
        WorkloadDefinition[] all =
        [
            new("sustained", Sustained, "fill and overwrite everything, until at rest",
                DataSet.None, SustainedWorkloads.FillAndOverwrite),
            new("readwhilecompacting", Sustained, "gets beside a compaction of everything",
                DataSet.Main, SustainedWorkloads.ReadWhileCompacting) { NeedsMerges = true },
            new("compactspeed", Sustained, "a compaction of everything, half overwritten",
                DataSet.Main, SustainedWorkloads.CompactSpeed)
            { NeedsMerges = true, Unit = "entries" },
        ];
        return all.Select(workload => workload with
        {
            Writes = true,
            ByNameOnly = true,
            RepeatsMax = 1,
            ShowsCompression = true,
        });
    }

    private static WorkloadDefinition Write(
        string name, string title, Func<WorkloadContext, Outcome> run) =>
        new(name, Writes, title, DataSet.None, run) { Writes = true };

    private static WorkloadDefinition Read(
        string name, string group, string title, Func<WorkloadContext, Outcome> run) =>
        new(name, group, title, DataSet.Main, run);
}
