// The child program as a real process, perhaps under strace. Its lines are read by the thread that
// runs it, as they come, so that a test can kill it (SIGKILL) at the very line that it chose.
// Threads: one; standard error is collected by the runtime.

using System.Diagnostics;
using System.Text;

namespace LsmMmap.Real.Tests;

internal sealed class ChildProcess : IDisposable
{
    private static readonly TimeSpan s_never = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly List<string> _lines = [];
    private int _isKilled;

    private ChildProcess(ProcessStartInfo start)
    {
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.Environment["DOTNET_TieredPGO"] = "0";
        // A process that ends on purpose should not write its memory anywhere.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        _process = new Process { StartInfo = start };
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
                _errors.AppendLine(line.Data);
        };
        _process.Start();
        _process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public int ExitCode => _process.ExitCode;

    public bool IsKilled => Volatile.Read(ref _isKilled) != 0;

    /// <summary>Whether it was killed because it would not end.</summary>
    public bool IsHung { get; private set; }

    /// <summary>What it has said so far.</summary>
    public IReadOnlyList<string> Lines => _lines;

    public string Errors
    {
        get
        {
            lock (_errors)
                return _errors.ToString();
        }
    }

    /// <summary>For a message: how it ended and the last that it said.</summary>
    public string Story =>
        $"exit {(_process.HasExited ? ExitCode : "none")}, killed {IsKilled}, hung {IsHung}\n"
        + string.Join('\n', _lines.TakeLast(25)) + "\n" + Errors;

    public static ChildProcess Start(params string[] arguments) =>
        new(new ProcessStartInfo(Host, [Program, .. arguments]));

    /// <summary>Under strace, with its options first.</summary>
    public static ChildProcess StartTraced(
        IEnumerable<string> options, params string[] arguments) =>
        new(new ProcessStartInfo(
            "strace", ["-f", "-qq", .. options, Host, Program, .. arguments]));

    /// <summary>Reads one line; null at the end.</summary>
    public string? ReadLine()
    {
        string? line = _process.StandardOutput.ReadLine();
        if (line != null)
            _lines.Add(line);
        return line;
    }

    /// <summary>Waits for this line. Everything else that comes before is only kept.</summary>
    public void Await(string expected)
    {
        while (ReadLine() is { } line)
        {
            if (line == expected)
                return;
        }
        throw new InvalidOperationException($"the child never said '{expected}': {Story}");
    }

    public void Say(string line) => _process.StandardInput.WriteLine(line);

    /// <summary>Reads to the end, and kills it when that does not come.</summary>
    public void RunToEnd() => RunToEnd(s_never);

    public void RunToEnd(TimeSpan atMost)
    {
        using var limit = new Timer(
            _ =>
            {
                IsHung = true;
                Kill();
            },
            null, atMost, Timeout.InfiniteTimeSpan);
        while (ReadLine() != null)
        {
        }
        _process.WaitForExit();
    }

    /// <summary>SIGKILL, from any thread: nothing of the process's own runs any more.</summary>
    public void Kill()
    {
        if (Interlocked.Exchange(ref _isKilled, 1) != 0)
            return;
        try
        {
            _process.Kill(entireProcessTree: _process.StartInfo.FileName == "strace");
        }
        catch (InvalidOperationException)
        {
            // It ended between the wish and the kill.
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
            _process.WaitForExit();
        }
        _process.Dispose();
    }

    private static string Host =>
        Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    private static string Program =>
        Path.Combine(AppContext.BaseDirectory, "LsmMmap.Real.Child.dll");
}
