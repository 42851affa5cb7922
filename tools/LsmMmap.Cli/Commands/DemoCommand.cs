// `lsm demo`: the first command of the README. Takes real data that every machine with the SDK
// has, the documentation of .NET's own API, stores it, reads it back and compares every byte.
// May be killed at any moment and run again on the same --db.

using System.CommandLine;
using LsmMmap.Cli.Demo;
using LsmMmap.Cli.Output;

namespace LsmMmap.Cli.Commands;

internal static class DemoCommand
{
    private const int SyntheticCount = 100_000;

    public static Command Create(CliConsole console, SharedOptions shared)
    {
        var options = new DemoOptions();
        var command = new Command("demo", "Loads the API documentation of the installed .NET SDK,"
            + " reads it back and compares every byte.")
        {
            options.Database, options.Keep, options.Delete, options.Reads, options.Seed,
            options.Synthetic, shared.Durability, shared.MemtableBytes, options.Packs,
            options.Acknowledge,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(options.Keep) && result.GetValue(options.Delete))
                result.AddError("--keep and --delete exclude each other.");
        });
        command.SetAction(parsed => Run(console, shared, options, parsed));
        return command;
    }

    private static int Run(
        CliConsole console, SharedOptions shared, DemoOptions options, ParseResult parsed)
    {
        var steps = new StepWriter(console);
        DemoSource source = FindSource(console, steps, options, parsed);
        bool isOwn = parsed.GetValue(options.Database) is null;
        string directory = parsed.GetValue(options.Database)
            ?? Directory.CreateTempSubdirectory("lsm-demo-").FullName;
        steps.Step("Store", Path.GetFullPath(directory));
        var run = new DemoRun(console, source, directory, new DemoSettings
        {
            Durability = parsed.GetValue(shared.Durability),
            Reads = (int)parsed.GetValue(options.Reads)!.Value,
            Seed = (int)parsed.GetValue(options.Seed)!.Value,
            Acknowledge = parsed.GetValue(options.Acknowledge),
            MemtableBytes = parsed.GetValue(shared.MemtableBytes),
        });
        bool equal = RunOrExplain(run, console, directory);
        TellStore(steps, source, directory, isOwn, parsed.GetValue(options.Delete) && equal);
        run.TellResult();
        return equal ? ExitCode.Ok : ExitCode.Failed;
    }

    private static bool RunOrExplain(DemoRun run, CliConsole console, string directory)
    {
        try
        {
            return run.Run();
        }
        catch (OperationCanceledException)
        {
            console.Note($"what is loaded stays; this goes on: lsm demo --db {directory}");
            throw;
        }
    }

    private static DemoSource FindSource(
        CliConsole console, StepWriter steps, DemoOptions options, ParseResult parsed)
    {
        long start = console.Time.GetTimestamp();
        DemoSource? source = null;
        if (parsed.GetValue(options.Synthetic) is long wanted)
        {
            source = DemoSource.Synthetic((int)wanted);
        }
        else
        {
            IReadOnlyList<ReferencePack> packs = parsed.GetValue(options.Packs) is string directory
                ? ReferencePacks.In(directory) : ReferencePacks.Find();
            if (packs.Count > 0)
                source = DemoSource.OfPacks(packs, console.Cancellation);
            else
                console.Note("no reference pack of .NET is installed here; the demo takes"
                    + " generated data instead");
        }
        source ??= DemoSource.Synthetic(SyntheticCount);
        foreach (string description in source.Descriptions)
            steps.Step("Source", description);
        steps.Step("", $"{Quantity.Size(source.KeyBytes)} of keys and"
            + $" {Quantity.Size(source.ValueBytes)} of values, prepared in"
            + $" {Quantity.Time(console.Time.GetElapsedTime(start))}");
        return source;
    }

    private static void TellStore(
        StepWriter steps, DemoSource source, string directory, bool isOwn, bool delete)
    {
        if (delete)
        {
            steps.Step("Store", StoreFiles.Delete(directory)
                ? "deleted" : "deleted; the directory holds other files and stays");
            return;
        }
        steps.Step("Look", $"{OwnCommand()} scan --db {directory} -k {source.Keyspaces[0]} "
            + "--limit 10");
        if (isOwn)
            steps.Detail("(the store stays until you delete it; --delete does it at the end)");
    }

    // What to type to call this tool again: its name where a shell finds it, else where it lies.
    private static string OwnCommand()
    {
        string name = OperatingSystem.IsWindows() ? "lsm.exe" : "lsm";
        string[] folders =
            Environment.GetEnvironmentVariable("PATH")?.Split(Path.PathSeparator) ?? [];
        if (folders.Any(folder => File.Exists(Path.Combine(folder, name))))
            return "lsm";
        string? own = Environment.ProcessPath;
        return own is not null && Path.GetFileName(own) == name
            ? own : "dotnet " + Path.Combine(AppContext.BaseDirectory, "lsm.dll");
    }

    private sealed class DemoOptions
    {
        public Option<string?> Database { get; } = new("--db", "-d")
        {
            HelpName = "DIR",
            Description = "Where the store lies; without it, a fresh folder for temporary files."
                + " A store of an earlier demo, killed or not, is checked and completed.",
        };

        public Option<bool> Keep { get; } = Flag.Create(
            "--keep", "Leave the store behind, to look into it (the default).");

        public Option<bool> Delete { get; } = Flag.Create(
            "--delete", "Delete the store at the end, when all was equal.");

        public Option<long?> Reads { get; } = NumberOption.Create(
            "--reads", [], "N", "Random reads before the store is closed.", 0, int.MaxValue,
            standard: 200_000);

        public Option<long?> Seed { get; } = NumberOption.Create(
            "--seed", [], "N", "Chooses which members are read.", 0, int.MaxValue, standard: 1);

        public Option<long?> Synthetic { get; } = NumberOption.Create(
            "--synthetic", [], "N", "Take N generated members instead of the documentation.", 1,
            10_000_000);

        /// <summary>Another `packs` directory; tests bring a small one.</summary>
        public Option<string?> Packs { get; } = new("--packs") { Hidden = true };

        public Option<bool> Acknowledge { get; } = CreateAcknowledge();

        // For tests that kill: what is acknowledged must be there afterwards.
        private static Option<bool> CreateAcknowledge()
        {
            Option<bool> option = Flag.Create("--acknowledge", "Say what is stored for good.");
            option.Hidden = true;
            return option;
        }
    }
}
