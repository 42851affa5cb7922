// The command-line tool `lsm`: looks into stores, fills them, checks them. It is a guest of the
// public API; nothing of the store's own logic lives here. Reading commands open read-only and so
// work beside a process that writes.
//
// Run is the whole tool for one command line, with its streams handed in; Main adds the process:
// standard streams and Ctrl-C.

using System.CommandLine;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;
using LsmMmap.Cli.Commands;
using LsmMmap.Cli.Output;

namespace LsmMmap.Cli;

internal static class Program
{
    public static int Main(string[] args)
    {
        using var stop = new CancellationTokenSource();
        // The first signal asks, and the command closes its store; a second one ends the process.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Ask);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Ask);
        using CliConsole console = CliConsole.ForProcess(stop.Token);
        return Run(args, console);

        void Ask(PosixSignalContext context)
        {
            context.Cancel = !stop.IsCancellationRequested;
            stop.Cancel();
        }
    }

    /// <summary>Runs one command line and returns its exit code; throws nothing.</summary>
    public static int Run(IReadOnlyList<string> args, CliConsole console)
    {
        try
        {
            int code = Invoke(args, console);
            console.OutBytes.Flush();
            return code;
        }
        catch (Exception e)
        {
            return Explain(e, console);
        }
    }

    private static int Invoke(IReadOnlyList<string> args, CliConsole console)
    {
        ParseResult parsed = CreateRoot(console).Parse(args);
        var streams = new InvocationConfiguration
        {
            Output = console.Out,
            Error = console.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        // The library answers 1 to a wrong command line; here 1 means that something was found.
        if (parsed.Action is ParseErrorAction refusal)
        {
            refusal.ShowHelp = args.Count == 0;
            // Suggestions and help belong to the refusal; stdout stays empty.
            streams.Output = console.Error;
            parsed.Invoke(streams);
            if (!refusal.ShowHelp)
                console.Error.WriteLine($"Try '{HelpCommandOf(parsed)} --help'.");
            return ExitCode.Usage;
        }
        return parsed.Invoke(streams);
    }

    private static RootCommand CreateRoot(CliConsole console)
    {
        var shared = new SharedOptions();
        return new RootCommand(
            "Looks into LsmMmap stores, fills them and checks them. Start with: lsm demo")
        {
            DemoCommand.Create(console, shared),
            GetCommand.Create(console, shared),
            PutCommand.Create(console, shared),
            DeleteCommand.Create(console, shared),
            ScanCommand.Create(console, shared),
            LoadCommand.Create(console, shared),
            StatsCommand.Create(console, shared),
            KeyspacesCommand.Create(console, shared),
            ExplainCommand.Create(console, shared),
            ReportCommand.Create(console, shared),
            VerifyCommand.Create(console, shared),
            RepairCommand.Create(console, shared),
            CompactCommand.Create(console, shared),
            SstCommand.Create(console, shared),
            WalCommand.Create(console, shared),
            ManifestCommand.Create(console, shared),
        };
    }

    private static string HelpCommandOf(ParseResult parsed)
    {
        string path = "";
        for (var at = parsed.CommandResult; at is not null;
            at = at.Parent as System.CommandLine.Parsing.CommandResult)
            path = at.Command is RootCommand ? "lsm" + path : " " + at.Command.Name + path;
        return path;
    }

    private static int Explain(Exception e, CliConsole console)
    {
        switch (e)
        {
            case UsageException or ArgumentException:
                console.Note(e.Message);
                return ExitCode.Usage;
            case OperationCanceledException:
                console.Note("stopped");
                return ExitCode.Cancelled;
            case IOException when IsBrokenPipe(e):
                // Whoever read our output has seen enough; that is no failure.
                return ExitCode.Ok;
            case CorruptionException damage:
                console.Note($"damage in {damage.FileName} at offset {damage.Offset}: {e.Message}");
                return ExitCode.Failed;
            case FailureException or IOException or UnauthorizedAccessException
                or KeyNotFoundException or NotSupportedException:
                console.Note(e.Message);
                return ExitCode.Failed;
            default:
                console.Note("this is a bug in lsm: " + e);
                return ExitCode.Failed;
        }
    }

    // EPIPE on Unix, ERROR_BROKEN_PIPE and ERROR_NO_DATA on Windows.
    private static bool IsBrokenPipe(Exception e) => e is not LsmException &&
        (OperatingSystem.IsWindows()
            ? (e.HResult & 0xFFFF) is 109 or 232
            : e.HResult == 32 || e.Message.StartsWith("Broken pipe", StringComparison.Ordinal));
}
