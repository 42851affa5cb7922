// The built command-line tool as a real child process, with its stderr read line by line while it
// runs, so that a test can kill it (SIGKILL on Unix) at a moment that it chose.
//
// Threads: the lines arrive on a thread of the runtime; they are kept under a lock.

using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace LsmMmap.Crash.Tests;

internal sealed class ToolProcess : IDisposable
{
    private const string Acknowledged = "acknowledged ";

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();
    private readonly Lock _gate = new();
    private readonly int _killAtLine;
    private int _acknowledgedLines;
    private int _lastAcknowledged;

    private ToolProcess(Process process, int killAtLine)
    {
        _process = process;
        _killAtLine = killAtLine;
    }

    /// <summary>The last number that the child said was stored for good.</summary>
    public int LastAcknowledged
    {
        get
        {
            lock (_gate)
                return _lastAcknowledged;
        }
    }

    public int ExitCode => _process.ExitCode;

    /// <summary>Everything that the child wrote, for a message.</summary>
    public string Output
    {
        get
        {
            lock (_gate)
                return _output.ToString() + _error;
        }
    }

    /// <summary>
    /// Starts `lsm`. With a <paramref name="killAtLine"/> it is killed as soon as it has
    /// acknowledged that often.
    /// </summary>
    public static ToolProcess Start(int killAtLine, params IEnumerable<string> args)
    {
        string tool = Path.Combine(AppContext.BaseDirectory, "lsm.dll");
        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var start = new ProcessStartInfo(host)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.ArgumentList.Add(tool);
        foreach (string arg in args)
            start.ArgumentList.Add(arg);
        var child = new ToolProcess(new Process { StartInfo = start }, killAtLine);
        child._process.OutputDataReceived += (_, line) => child.Keep(child._output, line.Data);
        child._process.ErrorDataReceived += (_, line) => child.Keep(child._error, line.Data);
        child._process.Start();
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Lets it run that long at most, then kills it. True when it ended by itself.
    /// </summary>
    public bool RunAtMost(TimeSpan time)
    {
        bool ended = _process.WaitForExit(time);
        if (!ended)
            Kill();
        // Without a time this also waits until both streams are read to their ends.
        _process.WaitForExit();
        return ended && !WasKilled;
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }

    private bool WasKilled { get; set; }

    private void Kill()
    {
        try
        {
            if (_process.HasExited)
                return;
            WasKilled = true;
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It ended between the question and the kill.
        }
    }

    private void Keep(StringBuilder text, string? line)
    {
        if (line is null)
            return;
        bool killNow = false;
        lock (_gate)
        {
            text.Append(line).Append('\n');
            if (line.StartsWith(Acknowledged, StringComparison.Ordinal))
            {
                _lastAcknowledged = int.Parse(
                    line.AsSpan(Acknowledged.Length), CultureInfo.InvariantCulture);
                killNow = ++_acknowledgedLines == _killAtLine;
            }
        }
        if (killNow)
            Kill();
    }
}
