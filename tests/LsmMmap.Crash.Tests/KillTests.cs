// kill -9 of real processes: the promise that a Flushed commit survives the end of the process,
// whole, and that recovery itself may be killed. Memtables are small, so that the kills fall into
// flushes, compactions and the opening as well as into commits.
//
// The kills are timed, so what exactly is hit differs from run to run; the choices of when come
// from the seed (LSM_SEED), which every message names. This cannot see a missing sync, because the
// page cache outlives the process; the crash-state tests are for that.

using System.Globalization;
using System.Text;
using LsmMmap.Cli.Output;

namespace LsmMmap.Crash.Tests;

public sealed class KillTests : IDisposable
{
    private const int DemoMembers = 12_000;
    private const int DemoKills = 16;
    private const int LoadLines = 60_000;
    private const int LoadKills = 8;
    private const int CompactKills = 4;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("lsm-kill-test-");
    private readonly int _seed = int.TryParse(Environment.GetEnvironmentVariable("LSM_SEED"),
        NumberStyles.Integer, CultureInfo.InvariantCulture, out int seed)
        ? seed : Environment.TickCount & int.MaxValue;

    private string Store => Path.Combine(_root.FullName, "store");

    [Fact]
    public void Demo_KilledAtRandomMoments_KeepsWhatItAcknowledgedAndGoesOn()
    {
        var random = new Random(_seed);
        string[] demo = ["demo", "--synthetic", $"{DemoMembers}", "--reads", "2000", "--db", Store,
            "--memtable-bytes", "65536", "--acknowledge"];
        int acknowledged = 0;
        for (int kill = 0; kill < DemoKills;)
        {
            // Half of the kills follow a certain commit, half come at any time, which is often
            // during the opening or the checks that follow it.
            bool atCommit = random.Next(2) == 0;
            int line = atCommit ? random.Next(1, 20) : 0;
            TimeSpan time = atCommit ? s_patience : Time(random, 100, 1200);
            using ToolProcess child = ToolProcess.Start(line, demo);
            bool completed = child.RunAtMost(time);
            string what = $"seed {_seed}, kill {kill} ({line}, {time}): {child.Output}";
            acknowledged = Math.Max(acknowledged, child.LastAcknowledged);
            CheckDemo(acknowledged, what);
            if (!completed)
            {
                kill++;
                continue;
            }
            Assert.True(child.ExitCode == 0 && EndsWell(child.Output), what);
            Directory.Delete(Store, recursive: true);
            acknowledged = 0;
        }
        using ToolProcess last = ToolProcess.Start(0, demo);
        bool ended = last.RunAtMost(s_patience);
        Assert.True(ended && last.ExitCode == 0 && EndsWell(last.Output),
            $"seed {_seed}, last run: {last.Output}");
    }

    [Fact]
    public void Load_KilledAtRandomMoments_LeavesWholeBatchesOfAPrefix()
    {
        const int Batch = 50;
        var random = new Random(_seed);
        string[] lines = [.. Enumerable.Range(1, LoadLines)
            .Select(i => $"line {i} {new string('x', i % 100)}")];
        string file = Path.Combine(_root.FullName, "lines.txt");
        File.WriteAllLines(file, lines);
        string[] load = ["load", file, "--db", Store, "--batch", $"{Batch}",
            "--memtable-bytes", "65536"];
        for (int kill = 0; kill < LoadKills; kill++)
        {
            if (Directory.Exists(Store))
                Directory.Delete(Store, recursive: true);
            TimeSpan time = Time(random, 100, 900);
            using ToolProcess child = ToolProcess.Start(0, load);
            child.RunAtMost(time);
            string what = $"seed {_seed}, kill {kill} ({time}): {child.Output}";
            if (!File.Exists(Path.Combine(Store, "CURRENT")))
                continue;
            MustRun(what, "verify");
            string[] found = Lines(MustRun(what, "scan"));
            Assert.True(found.Length % Batch == 0, what + $"half a batch: {found.Length} lines");
            Assert.True(found.SequenceEqual(Expected(lines).Take(found.Length)), what);
        }
        Assert.Equal(0, Run(load).Code);
        Assert.Equal(Expected(lines), Lines(MustRun($"seed {_seed}", "scan")));
    }

    [Fact]
    public void Compact_KilledAtRandomMoments_LosesNothing()
    {
        var random = new Random(_seed);
        string[] demo = ["demo", "--synthetic", "20000", "--reads", "100", "--db", Store,
            "--memtable-bytes", "65536"];
        Assert.Equal(0, Run(demo).Code);
        for (int kill = 0; kill < CompactKills; kill++)
        {
            TimeSpan time = Time(random, 80, 500);
            using ToolProcess child = ToolProcess.Start(0, "compact", "--db", Store);
            child.RunAtMost(time);
            string what = $"seed {_seed}, kill {kill} ({time}): {child.Output}";
            MustRun(what, "verify");
            (int code, string output) = Run(demo);
            Assert.True(code == 0 && EndsWell(output), what + output);
        }
        MustRun($"seed {_seed}", "compact");
        MustRun($"seed {_seed}", "verify");
    }

    public void Dispose() => _root.Delete(recursive: true);

    private static bool EndsWell(string output) =>
        output.Contains("OK: all ", StringComparison.Ordinal);

    private static TimeSpan Time(Random random, int fromMs, int toMs) =>
        TimeSpan.FromMilliseconds(random.Next(fromMs, toMs));

    private static IEnumerable<string> Expected(string[] lines) =>
        lines.Select((line, index) => $"{index + 1:D10}\t{line}");

    private static string[] Lines(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    // In this process, which spares the start of a runtime; a store that was killed while it was
    // being made is none yet.
    private void CheckDemo(int acknowledged, string what)
    {
        if (!File.Exists(Path.Combine(Store, "CURRENT")))
        {
            Assert.True(acknowledged == 0, what);
            return;
        }
        MustRun(what, "verify");
        using LsmStore store = LsmStore.OpenReadOnly(Store);
        byte[]? loaded = store.Get("lsm-demo/loaded"u8);
        int kept = loaded is null
            ? 0 : int.Parse(Encoding.ASCII.GetString(loaded), CultureInfo.InvariantCulture);
        Assert.True(kept >= acknowledged,
            $"{what}kept {kept} members, acknowledged {acknowledged}");
    }

    private string MustRun(string what, string command)
    {
        (int code, string output) = Run(command, "--db", Store);
        Assert.True(code == 0, $"{what}{command} ended with {code}: {output}");
        return output;
    }

    private static (int Code, string Output) Run(params string[] args)
    {
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        int code;
        using (var console = new CliConsole(Stream.Null, output, error))
            code = Cli.Program.Run(args, console);
        return (code, Encoding.UTF8.GetString(output.ToArray())
            + Encoding.UTF8.GetString(error.ToArray()));
    }
}
