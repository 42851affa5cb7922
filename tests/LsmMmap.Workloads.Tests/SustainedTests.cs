// The rows that run only by name: small runs of the whole program, whose results must be valid and
// must have their figures, and command lines that are wrong. Seen to fail: with the overwriting
// phase writing first values the row is invalid; with the filter of the default run taken out a
// quick run lists the rows.

using System.Diagnostics;
using LsmMmap.Testing;
using LsmMmap.Workloads.CommandLine;
using LsmMmap.Workloads.Data;
using LsmMmap.Workloads.Engines;
using LsmMmap.Workloads.Measuring;
using LsmMmap.Workloads.Results;
using LsmMmap.Workloads.Running;
using LsmMmap.Workloads.Workloads;

namespace LsmMmap.Workloads.Tests;

public sealed class SustainedTests : IDisposable
{
    private const int Entries = 3_000;

    private static readonly string[] s_phaseFigures =
    [
        "PutMBPerSecond", "SustainedMBPerSecond", "CpuSecondsPerGB", "SpacePeak",
        "SpacePeakWithoutLogs", "SpaceAtRest", "SpaceAtRestWithoutLogs", "LogPeakMB", "P50Us",
        "P99Us", "P999Us", "MaxUs", "PutsOver50Ms", "Flatness", "StallMs",
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Program_WithTheRowsNamed_HasValidRowsWithTheirFigures()
    {
        string[] engines = ["lsm", "lsm-tiered", "lsm-lz4"];
        string[] workloads = ["sustained", "readwhilecompacting", "compactspeed"];
        (int code, string output) = Run(
            ["--engines", .. engines, "--workloads", .. workloads,
                "--entries", $"{Entries}", "--seconds", "0.01", "--out", _folder["out.json"]]);
        Assert.True(code == 0, output);
        ResultFile result = ResultFile.Read(_folder["out.json"]);
        Assert.Equal(engines.Length * workloads.Length, result.Rows.Count);
        foreach (Row row in result.Rows)
        {
            Assert.True(row.Valid, row.Note);
            // Repeats are one, whatever is asked, and no number of seconds cuts anything off.
            Assert.Equal(1, row.Repeats);
            Assert.True(row.Median.Complete);
            string[] figures = row.Workload switch
            {
                "sustained" => [.. s_phaseFigures.Select(name => "fill" + name),
                    .. s_phaseFigures.Select(name => "overwrite" + name)],
                "compactspeed" => ["inputMB", "mbPerSecond", "mbPerCpuSecond"],
                _ => ["idlePerSecond", "duringPerSecond", "ratio"],
            };
            Assert.Empty(figures.Except(row.Median.Extra.Keys));
            Assert.All(row.Median.Extra.Keys, name => Assert.Contains(name, output));
        }
        Row own = result.Rows.First(row => row is { Workload: "sustained", Engine: "lsm" });
        Assert.Equal(2 * Entries, own.Median.Operations);
        Assert.Equal(Entries * (16 + 100), own.Median.LiveBytes);
        Assert.True(own.Median.Extra["fillSustainedMBPerSecond"]
            <= own.Median.Extra["fillPutMBPerSecond"]);
        // The fill has been flushed: each entry lies once in a table.
        Assert.InRange(own.Median.Extra["fillSpaceAtRestWithoutLogs"], 0.9, 1.5);
    }

    [Fact]
    public void EngineWithoutTables_InTheRowsThatMerge_IsLeftOut()
    {
        EngineDefinition lmdb = EngineCatalogue.All(Compression.None).First(e => e.Id == "lmdb");
        Assert.All(Sustained().Where(w => w.Name != "sustained"),
            workload => Assert.NotNull(workload.WhyNot(lmdb)));
        Assert.Null(Sustained().Single(w => w.Name == "sustained").WhyNot(lmdb));
    }

    [Fact]
    public void DefaultRun_OfAnySize_LeavesOutWhatRunsByName()
    {
        foreach (string[] line in (string[][])[[], ["--quick"], ["--engines", "lsm"]])
        {
            var options = new BenchOptions();
            var root = new System.CommandLine.RootCommand();
            foreach (System.CommandLine.Option option in options.All)
                root.Add(option);
            BenchSettings settings = options.Settings(root.Parse(line));
            Assert.NotEmpty(settings.Workloads);
            Assert.Empty(settings.Workloads.Intersect(Sustained().Select(w => w.Name)));
            Assert.DoesNotContain("lsm-tiered", settings.Engines);
        }
    }

    [Theory]
    [InlineData("--workloads", "sustained-fill")]
    [InlineData("--engines", "lsm-tierd", "--workloads", "sustained")]
    [InlineData("--entries", "999", "--workloads", "sustained")]
    public void Program_WithWrongArguments_EndsWithTwo(params string[] line)
    {
        (int code, string output) = Run(line);
        Assert.True(code == 2, $"{code}: {output}");
    }

    [Fact]
    public void VersionCheck_OfAStoreNeverOverwritten_FindsIt()
    {
        var settings = new BenchSettings { Entries = Entries };
        DataPlan plan = DataPlan.Of(DataSet.Main, settings);
        EngineDefinition own = EngineCatalogue.All(Compression.None)[0];
        var context = new WorkloadContext(own, settings, plan, new EngineOptions
        {
            Directory = _folder["store"],
        });
        using IEngine engine = own.Open(context.Options);
        context.Engine = engine;
        using (IEngineSession session = engine.OpenSession())
        {
            byte[] key = new byte[context.Source.KeyBytes];
            for (int i = 0; i < Entries; i++)
            {
                context.Source.Key(key, i);
                session.Put(key, context.Source.Value(i));
            }
        }
        var loaded = new Outcome(null!);
        new VersionCheck(context).Loaded(loaded);
        Assert.Empty(loaded.Problems);
        var outcome = new Outcome(null!);
        new VersionCheck(context).Overwritten(outcome, new RandomSource(1), Entries);
        Assert.Contains("1000 of 1000 overwritten entries have another value", outcome.Problems);
    }

    [Fact]
    public void Space_OfAFolder_HasLogsApart()
    {
        Directory.CreateDirectory(_folder["a/log"]);
        File.WriteAllBytes(_folder["a/000001.sst"], new byte[1_000]);
        File.WriteAllBytes(_folder["a/000002.log"], new byte[200]);
        File.WriteAllBytes(_folder["a/LOG"], new byte[30]);
        File.WriteAllBytes(_folder["a/log/7"], new byte[4]);
        Assert.Equal(new SpaceSample(1_234, 204), SpaceSample.Of(_folder["a"]));
        using var watch = new SpaceWatch(_folder["a"], () => 617, 600);
        watch.End();
        Assert.Equal(2, watch.Peak);
        Assert.Equal(1_030.0 / 617, watch.PeakWithoutLogs);
        Assert.Equal(204, watch.AtRest.LogBytes);
    }

    [Fact]
    public void Flatness_OfASlowSlice_IsAboveOne()
    {
        var progress = new PhaseProgress(PhaseProgress.Slices * 10);
        progress.Start();
        for (int done = 1; done <= PhaseProgress.Slices * 10; done++)
        {
            if (done == 55)
                Thread.Sleep(50);
            progress.Count(done);
        }
        Assert.Equal(PhaseProgress.Slices * 10, progress.Done);
        Assert.True(progress.Flatness() > 2, $"{progress.Flatness()}");
    }

    private static IEnumerable<WorkloadDefinition> Sustained() =>
        WorkloadCatalogue.All.Where(w => w.Group == WorkloadCatalogue.Sustained);

    // The program starts itself again for each pair, so it must be itself that runs.
    private (int Code, string Output) Run(string[] line)
    {
        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var start = new ProcessStartInfo(host)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in (string[])
            [
                Path.Combine(AppContext.BaseDirectory, "LsmMmap.Workloads.dll"), .. line,
                "--work-folder", _folder["work"],
            ])
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd() + errors.Result;
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
