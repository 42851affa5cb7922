// `lsm keyspaces`: the names; with --count also what is in each, which reads the whole store.

using System.CommandLine;
using LsmMmap.Cli.Output;

namespace LsmMmap.Cli.Commands;

internal static class KeyspacesCommand
{
    public static Command Create(CliConsole console, SharedOptions shared)
    {
        var count = Flag.Create("--count", "Count entries and bytes; reads every entry.");
        var command = new Command("keyspaces", "Lists the keyspaces.")
        {
            shared.Database, count, shared.Json,
        };
        command.SetAction(parsed =>
        {
            using LsmStore store = shared.OpenReadOnly(parsed);
            using var report = new ReportWriter(console, parsed.GetValue(shared.Json));
            foreach (string name in store.KeyspaceNames)
            {
                if (parsed.GetValue(count))
                    report.Row(Counted(console, store.GetKeyspace(name)));
                else
                    report.Row(Field.Text("keyspace", name));
            }
            return ExitCode.Ok;
        });
        return command;
    }

    private static Field[] Counted(CliConsole console, Keyspace keyspace)
    {
        long entries = 0, keyBytes = 0, valueBytes = 0;
        using (var progress = new ProgressLine(console, keyspace.Name, unit: "entries"))
        {
            using Cursor cursor = keyspace.CreateCursor();
            while (cursor.MoveNext())
            {
                keyBytes += cursor.Key.Length;
                valueBytes += cursor.Value.Length;
                progress.Report(++entries);
                if (entries % 1024 == 0)
                    console.Cancellation.ThrowIfCancellationRequested();
            }
        }
        return
        [
            Field.Text("keyspace", keyspace.Name), Field.Number("entries", entries),
            Field.Size("keyBytes", keyBytes), Field.Size("valueBytes", valueBytes),
        ];
    }
}
