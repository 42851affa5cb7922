// Starts this program once more for one task, waits for it, and reads what it wrote. The task goes
// in by a file and the result comes out by a file, so that nothing an engine prints can be mistaken
// for either.

using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using LsmMmap.Workloads.Results;

namespace LsmMmap.Workloads.Running;

internal sealed class ChildProcess(string workFolder, CancellationToken cancellation)
{
    /// <summary>The note of a child that the system killed, for want of memory as a rule.</summary>
    public const string Killed = "killed by the system";

    private const int KilledExitCode = 137;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(15);

    // A slow engine on a slow disk: some workloads touch each entry twice or more.
    private static readonly TimeSpan s_patiencePerEntry = TimeSpan.FromMicroseconds(200);

    /// <summary>Runs a task; with a group, inside it.</summary>
    public RunResult Run(RunTask task, MemoryGroup? group)
    {
        string taskFile = Path.Combine(workFolder, "task.json");
        string resultFile = Path.Combine(workFolder, "result.json");
        File.Delete(resultFile);
        File.WriteAllText(taskFile, JsonSerializer.Serialize(task, ResultFile.Json));
        string output = Execute(
            taskFile, resultFile, group, s_patience + task.Settings.Entries * s_patiencePerEntry);
        if (File.Exists(resultFile))
            return JsonSerializer.Deserialize<RunResult>(
                File.ReadAllText(resultFile), ResultFile.Json)!;
        return new RunResult
        {
            Workload = task.Workload,
            Engine = task.Engine,
            Repeat = task.Repeat,
            Note = output,
        };
    }

    private string Execute(
        string taskFile, string resultFile, MemoryGroup? group, TimeSpan patience)
    {
        ProcessStartInfo start = Command();
        foreach (string argument in (string[])["run", taskFile, resultFile])
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)
            ?? throw new IOException("the program could not be started again");
        // What a failing engine says may be long; it is read so that it never fills the pipe.
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellation);
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellation);
        using CancellationTokenRegistration stop = cancellation.Register(process.Kill);
        group?.Add(process.Id);
        process.StandardInput.Close();
        if (!process.WaitForExit(patience))
        {
            process.Kill();
            return $"did not end within {patience.TotalMinutes:0} minutes";
        }
        cancellation.ThrowIfCancellationRequested();
        _ = output.Result;
        if (process.ExitCode == KilledExitCode)
            return Killed;
        return $"ended with exit code {process.ExitCode}: {FirstLine(errors.Result)}";
    }

    private static ProcessStartInfo Command()
    {
        string program = Environment.ProcessPath ?? "dotnet";
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        };
        // Started as `dotnet <assembly>`, not by the program's own name.
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
            start.ArgumentList.Add(Assembly.GetExecutingAssembly().Location);
        return start;
    }

    private static string FirstLine(string text) => text.Split('\n')
        .Select(line => line.Trim()).FirstOrDefault(line => line.Length > 0 && !line.Contains('/'))
        ?? "it said nothing";
}
