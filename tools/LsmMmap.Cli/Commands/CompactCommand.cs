// `lsm compact`: brings a keyspace, a range of it, or the whole store into its last level, and
// says what that freed. Needs the store for itself.

using System.CommandLine;
using LsmMmap.Cli.Output;

namespace LsmMmap.Cli.Commands;

internal static class CompactCommand
{
    public static Command Create(CliConsole console, SharedOptions shared)
    {
        var keyspaceName = new Option<string?>("--keyspace", "-k")
        {
            HelpName = "NAME",
            Description = "Only this keyspace; without it, all of them.",
        };
        var from = new Option<string?>("--from")
        {
            HelpName = "KEY",
            Description = "Begin at this key (included); needs --keyspace.",
        };
        var to = new Option<string?>("--to")
        {
            HelpName = "KEY",
            Description = "End before this key; needs --keyspace.",
        };
        var command = new Command("compact", "Merges tables; drops what is deleted or replaced.")
        {
            shared.Database, keyspaceName, from, to, shared.KeysAsHex, shared.Json,
            shared.MemtableBytes,
        };
        command.Validators.Add(result =>
        {
            bool hasRange = result.GetResult(from) is not null || result.GetResult(to) is not null;
            if (hasRange && result.GetResult(keyspaceName) is null)
                result.AddError("--from and --to need --keyspace.");
        });
        command.SetAction(parsed => Run(console, shared, parsed, keyspaceName, from, to));
        return command;
    }

    private static int Run(
        CliConsole console, SharedOptions shared, ParseResult parsed,
        Option<string?> keyspaceName, Option<string?> from, Option<string?> to)
    {
        using LsmStore store = shared.OpenForWriting(parsed, createIfMissing: false);
        long start = console.Time.GetTimestamp();
        StoreStatistics before = store.GetStatistics();
        using (new ProgressLine(console, "compacting"))
        {
            if (parsed.GetValue(keyspaceName) is not string name)
                store.Compact(console.Cancellation);
            else
                shared.ExistingKeyspace(store, name).Compact(
                    Bound(from), Bound(to), console.Cancellation);
        }
        StoreStatistics after = store.GetStatistics();
        using var report = new ReportWriter(console, parsed.GetValue(shared.Json));
        report.Sheet(
            Field.Number("tablesBefore", before.TableCount),
            Field.Size("tableBytesBefore", before.TableBytes),
            Field.Number("tablesAfter", after.TableCount),
            Field.Size("tableBytesAfter", after.TableBytes),
            Field.Seconds("seconds", console.Time.GetElapsedTime(start)));
        return ExitCode.Ok;

        byte[] Bound(Option<string?> option) =>
            parsed.GetValue(option) is string text ? shared.KeyOf(parsed, text) : [];
    }
}
