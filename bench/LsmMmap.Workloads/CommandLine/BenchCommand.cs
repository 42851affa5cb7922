// The command line: options with their defaults, checked before anything runs.

using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using LsmMmap.Workloads.Reporting;
using LsmMmap.Workloads.Results;
using LsmMmap.Workloads.Running;
using Spectre.Console;

namespace LsmMmap.Workloads.CommandLine;

internal static class BenchCommand
{
    /// <summary>One command line. A first signal stops after the child that runs, which is
    /// ended; the work folder is removed.</summary>
    public static int Run(string[] args)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Ask);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Ask);
        return Create(stop.Token).Parse(args).Invoke(
            new InvocationConfiguration { ProcessTerminationTimeout = null });

        void Ask(PosixSignalContext context)
        {
            context.Cancel = !stop.IsCancellationRequested;
            stop.Cancel();
        }
    }

    private static RootCommand Create(CancellationToken cancellation)
    {
        var options = new BenchOptions();
        var root = new RootCommand(
            "Compares LsmMmap with RocksDB, LevelDB, LMDB, ZoneTree and SQLite, each workload of"
            + " each engine in its own process. Without options: everything, in under half an"
            + " hour on two cores.");
        foreach (Option option in options.All)
            root.Add(option);
        root.SetAction(parsed => RunOrExplain(options, parsed, cancellation));
        return root;
    }

    private static int RunOrExplain(
        BenchOptions options, ParseResult parsed, CancellationToken cancellation)
    {
        try
        {
            return Run(options, parsed, cancellation);
        }
        catch (Exception e) when (e is ArgumentException or IOException or JsonException)
        {
            AnsiConsole.WriteLine(e.Message);
            return 2;
        }
    }

    private static int Run(
        BenchOptions options, ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(options.From) is FileInfo from)
            return Publish(options, parsed, ResultFile.Read(from.FullName));
        BenchSettings settings = options.Settings(parsed);
        string folder = Path.GetFullPath(parsed.GetValue(options.WorkFolder)!);
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            AnsiConsole.WriteLine("the work folder is not empty; it would be overwritten");
            return 1;
        }
        Directory.CreateDirectory(folder);
        try
        {
            var progress = new ProgressText(settings);
            var run = new ComparisonRun(settings, folder, progress.Tell, cancellation);
            progress.Begin(run.TaskCount);
            ResultFile result = run.Run(options.Describe(parsed));
            ResultTable.Print(result);
            if (parsed.GetValue(options.Out) is FileInfo file)
                result.Write(file.FullName);
            return Publish(options, parsed, result);
        }
        catch (OperationCanceledException)
        {
            AnsiConsole.WriteLine("stopped");
            return 130;
        }
        finally
        {
            StoreFolder.Delete(folder);
        }
    }

    private static int Publish(BenchOptions options, ParseResult parsed, ResultFile result)
    {
        if (parsed.GetValue(options.Report) is FileInfo page)
            File.WriteAllText(page.FullName, ReportPage.Write(result));
        if (parsed.GetValue(options.Svg) is DirectoryInfo folder)
            ReadmePictures.Write(result, folder.FullName);
        return result.Rows.All(row => row.Valid) ? 0 : 1;
    }
}
