// A second process with a store of its own, for what one process cannot show: a lock that another
// one holds, and a kill.

using System.Diagnostics;

namespace LsmMmap.Engine.Tests;

internal sealed class OtherProcess : IDisposable
{
    private readonly Process _process;

    private OtherProcess(Process process) => _process = process;

    public int Id => _process.Id;

    /// <summary>Starts Program with the arguments and waits for its line.</summary>
    public static OtherProcess Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(typeof(Program).Assembly.Location);
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        var other = new OtherProcess(Process.Start(start)!);
        string? line = other._process.StandardOutput.ReadLine();
        if (line == "ready")
            return other;
        string errors = other._process.StandardError.ReadToEnd();
        other.Dispose();
        throw new InvalidOperationException($"the other process said '{line}': {errors}");
    }

    /// <summary>SIGKILL: nothing of the process's own runs any more.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Lets it dispose its store and end.</summary>
    public void End()
    {
        _process.StandardInput.WriteLine();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        _process.Dispose();
    }
}
