// `lsm delete KEY`: removes one key. The store itself deletes blindly; a person who mistyped a
// key wants to hear of it, so the tool looks first and answers 1 when there was nothing.

using System.CommandLine;
using LsmMmap.Cli.Output;

namespace LsmMmap.Cli.Commands;

internal static class DeleteCommand
{
    public static Command Create(CliConsole console, SharedOptions shared)
    {
        var key = new Argument<string>("KEY") { Description = "The key, as UTF-8 text." };
        var command = new Command("delete", "Removes a key; exit code 1 when it is absent.")
        {
            key, shared.Database, shared.KeyspaceName, shared.KeysAsHex, shared.Durability,
            shared.Json, shared.MemtableBytes,
        };
        command.SetAction(parsed =>
        {
            byte[] wanted = shared.KeyOf(parsed, parsed.GetRequiredValue(key));
            using LsmStore store = shared.OpenForWriting(parsed, createIfMissing: false);
            Keyspace keyspace = shared.ExistingKeyspace(parsed, store);
            if (!keyspace.ContainsKey(wanted))
            {
                console.Note($"no such key: {ByteText.Escape(wanted)}");
                return ExitCode.Failed;
            }
            long sequence = keyspace.Delete(wanted, parsed.GetValue(shared.Durability));
            using var report = new ReportWriter(console, parsed.GetValue(shared.Json));
            report.Sheet(Field.Number("sequence", sequence));
            return ExitCode.Ok;
        });
        return command;
    }
}
