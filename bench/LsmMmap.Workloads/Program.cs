// The throughput comparison: `lsm-workloads` runs every workload on every engine, each pair in a
// child process of its own, prints a table, and writes results.json and the report. The child is
// this same program with the hidden command `run`.

using System.Text.Json;
using LsmMmap.Workloads.CommandLine;
using LsmMmap.Workloads.Engines;
using LsmMmap.Workloads.Results;
using LsmMmap.Workloads.Running;

namespace LsmMmap.Workloads;

internal static class Program
{
    public static int Main(string[] args)
    {
        NativeFiles.Register();
        return args is ["run", string task, string result]
            ? RunChild(task, result)
            : BenchCommand.Run(args);
    }

    private static int RunChild(string taskFile, string resultFile)
    {
        RunTask task = JsonSerializer.Deserialize<RunTask>(
            File.ReadAllText(taskFile), ResultFile.Json)!;
        RunResult result = new Child(task).Run();
        File.WriteAllText(resultFile, JsonSerializer.Serialize(result, ResultFile.Json));
        return 0;
    }
}
