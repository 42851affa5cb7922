// The test's side of a run: starts the child, watches that its cases move on, and turns whatever
// ends it into a message that names seed, case, mutation and the command that repeats it alone.
//
// A case may take as long as it is not taking the processor's time: the limit is on processor time
// since the case began, so that a loaded machine is no finding, with a far longer one on the clock.
// Threads: the child's lines arrive on threads of the runtime.

using System.Diagnostics;
using System.Globalization;
using LsmMmap.Testing;

namespace LsmMmap.Fuzz.Tests;

internal sealed class FuzzChild : IDisposable
{
    private const string MemoryDisk = "/dev/shm";

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_busyMax = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_clockMax = TimeSpan.FromSeconds(120);

    private readonly Process _process;
    private readonly BlackBox _box;
    private readonly Task<string> _output;
    private readonly Task<string> _error;

    private FuzzChild(string program, string fuzz, long first, long count, string boxPath)
    {
        _box = BlackBox.Create(boxPath);
        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var start = new ProcessStartInfo(host)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        string self = Path.Combine(program, "LsmMmap.Fuzz.Tests.dll");
        foreach (string argument in new[] { self, fuzz, Text(first), Text(count), boxPath })
            start.ArgumentList.Add(argument);
        start.Environment["LSM_SEED"] = Text(Seeds.Base);
        // Stores of a case live a moment: where there is a disk in memory they need no other.
        if (Directory.Exists(MemoryDisk))
            start.Environment["TMPDIR"] = MemoryDisk;
        // A crash that is expected to be possible needs no core of the runtime beside it.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        _process = Process.Start(start)!;
        _output = _process.StandardOutput.ReadToEndAsync();
        _error = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>Runs the cases of a fuzz that the environment asks for; throws with everything
    /// known at the first bad one.</summary>
    /// <param name="fuzz">Which.</param>
    /// <param name="program">The folder of an instrumented copy of this program, or null.
    /// </param>
    public static FuzzResult Run(string fuzz, string? program = null)
    {
        program ??= AppContext.BaseDirectory;
        long only = Seeds.Number("LSM_FUZZ_CASE", -1);
        (long first, long count) = only >= 0 ? (only, 1L) : (0L, FuzzList.CasesOf(fuzz));
        using var folder = new TemporaryFolder();
        string? found;
        long last;
        byte[] input;
        using (var child = new FuzzChild(program, fuzz, first, count, folder["box"]))
        {
            found = child.Watch();
            last = child._box.Case;
            input = child._box.Input();
            if (found == null)
                return child._box.Result;
        }
        if (input.Length > 0)
            throw new FuzzFindException(
                $"{fuzz}: {found}\nseed {Seeds.Base}, case {last}, input of {input.Length} "
                + $"bytes: {Convert.ToBase64String(input)}");
        // A crash had no time for words: the case alone says them before it does anything.
        string words = "";
        if (only < 0 && last >= 0)
        {
            using var alone = new FuzzChild(program, fuzz, last, 1, folder["box-alone"]);
            words = alone.Watch() ?? "alone the case goes well";
        }
        throw new FuzzFindException(
            $"{fuzz}: {found}\nalone: {words}\nrepeat with LSM_SEED={Seeds.Base} "
            + $"LSM_FUZZ_CASE={last} dotnet test tests/LsmMmap.Fuzz.Tests -c Checked "
            + $"--filter \"FullyQualifiedName~{FuzzList.TestOf(fuzz)}\"");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _box.Dispose();
    }

    /// <summary>Waits for the end. Null when all went well, else what the child left.</summary>
    private string? Watch()
    {
        long current = -1;
        TimeSpan busyAtStart = TimeSpan.Zero;
        var clock = Stopwatch.StartNew();
        while (!_process.WaitForExit(s_look))
        {
            long now = _box.Case;
            if (now != current)
            {
                current = now;
                busyAtStart = Busy();
                clock.Restart();
                continue;
            }
            bool isStuck = now >= 0 && Busy() - busyAtStart > s_busyMax;
            if (isStuck || clock.Elapsed > s_clockMax)
            {
                _process.Kill();
                return $"case {now} does not end";
            }
        }
        if (_process.ExitCode == 0)
            return null;
        string error = _error.GetAwaiter().GetResult();
        return $"case {_box.Case}, exit code {_process.ExitCode}\n"
            + _output.GetAwaiter().GetResult() + error[..Math.Min(error.Length, 6000)];
    }

    private TimeSpan Busy()
    {
        try
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
        catch (InvalidOperationException)
        {
            return TimeSpan.Zero;
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
