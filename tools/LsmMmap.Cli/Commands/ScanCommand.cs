// `lsm scan`: the entries of a keyspace in key order, as of the moment of opening. Made for pipes:
// one entry a line, key and value separated by a tab, both escaped so that neither can hold a tab
// or a line end (`lsm load --format tsv --escaped` reads that back); or hexadecimal; or JSON lines.
// On a terminal a value is cut at the right margin unless --full.

using System.CommandLine;
using LsmMmap.Cli.Output;

namespace LsmMmap.Cli.Commands;

internal static class ScanCommand
{
    public static Command Create(CliConsole console, SharedOptions shared)
    {
        var from = new Option<string?>("--from")
        {
            HelpName = "KEY",
            Description = "Begin at this key (included).",
        };
        var to = new Option<string?>("--to")
        {
            HelpName = "KEY",
            Description = "End before this key.",
        };
        var prefix = new Option<string?>("--prefix", "-p")
        {
            HelpName = "TEXT",
            Description = "Only keys that start with this.",
        };
        var reverse = Flag.Create("--reverse", "Last key first.", "-r");
        Option<long?> limit = NumberOption.Create(
            "--limit", ["-n"], "N", "At most N entries.", smallest: 0);
        var keysOnly = Flag.Create("--keys-only", "Leave out the values.");
        var format = new Option<string>("--format", "-f")
        {
            Description = "How an entry is written.",
            DefaultValueFactory = _ => "text",
        };
        format.AcceptOnlyFromAmong("text", "hex", "jsonl");
        var command = new Command("scan", "Prints entries in key order.")
        {
            shared.Database, shared.KeyspaceName, from, to, prefix, reverse, limit, keysOnly,
            shared.KeysAsHex, format, shared.Json, shared.Full,
        };
        command.SetAction(parsed =>
        {
            CursorOptions bounds = ScanBounds.Of(
                Key(from), Key(to), Key(prefix));
            using LsmStore store = shared.OpenReadOnly(parsed);
            Keyspace keyspace = shared.ExistingKeyspace(parsed, store);
            using Cursor cursor = keyspace.CreateCursor(bounds);
            using EntryWriter writer = EntryWriter.For(console,
                parsed.GetValue(shared.Json) ? "jsonl" : parsed.GetRequiredValue(format),
                parsed.GetValue(keysOnly), parsed.GetValue(shared.Full));
            Write(console, cursor, writer, parsed.GetValue(reverse),
                parsed.GetValue(limit) ?? long.MaxValue);
            return ExitCode.Ok;

            byte[] Key(Option<string?> option) =>
                parsed.GetValue(option) is string text ? shared.KeyOf(parsed, text) : [];
        });
        return command;
    }

    private static void Write(
        CliConsole console, Cursor cursor, EntryWriter writer, bool reverse, long limit)
    {
        // A scan into a pipe is silent for as long as its reader is slow; say that it goes on.
        using var progress = console.OutIsTerminal
            ? null : new ProgressLine(console, "scanning", unit: "entries");
        for (long done = 0; done < limit; done++)
        {
            if (!(reverse ? cursor.MovePrevious() : cursor.MoveNext()))
                return;
            writer.Write(cursor.Key, cursor.Value);
            progress?.Report(done + 1);
            if (done % 256 == 0)
                console.Cancellation.ThrowIfCancellationRequested();
        }
    }
}
