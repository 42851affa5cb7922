// `lsm put KEY VALUE`: stores one value; `-` as the value reads it from stdin, byte for byte.
// Makes the store and the keyspace when they are missing.

using System.CommandLine;
using LsmMmap.Cli.Output;

namespace LsmMmap.Cli.Commands;

internal static class PutCommand
{
    public static Command Create(CliConsole console, SharedOptions shared)
    {
        var key = new Argument<string>("KEY") { Description = "The key, as UTF-8 text." };
        var value = new Argument<string>("VALUE")
        {
            Description = "The value, as UTF-8 text; - reads it from stdin, byte for byte.",
        };
        var valueIsHex = Flag.Create("--value-hex", "VALUE is hexadecimal.");
        var command = new Command("put", "Stores a value; makes the store when it is missing.")
        {
            key, value, shared.Database, shared.KeyspaceName, shared.KeysAsHex, valueIsHex,
            shared.Durability, shared.Json, shared.MemtableBytes,
        };
        command.SetAction(parsed =>
        {
            byte[] keyBytes = shared.KeyOf(parsed, parsed.GetRequiredValue(key));
            byte[] valueBytes = ValueOf(
                console, parsed.GetRequiredValue(value), parsed.GetValue(valueIsHex));
            using LsmStore store = shared.OpenForWriting(parsed, createIfMissing: true);
            Keyspace keyspace = shared.KeyspaceForWriting(parsed, store, shared.NameOf(parsed));
            long sequence = keyspace.Put(
                keyBytes, valueBytes, parsed.GetValue(shared.Durability));
            using var report = new ReportWriter(console, parsed.GetValue(shared.Json));
            report.Sheet(Field.Number("sequence", sequence));
            return ExitCode.Ok;
        });
        return command;
    }

    private static byte[] ValueOf(CliConsole console, string text, bool isHex)
    {
        if (text == "-" && !isHex)
        {
            using var all = new MemoryStream();
            console.Input.CopyTo(all);
            return all.ToArray();
        }
        if (!isHex)
            return System.Text.Encoding.UTF8.GetBytes(text);
        if (!ByteText.TryParseHex(text, out byte[] value))
            throw new UsageException($"'{text}' is not hexadecimal (an even number of 0-9, a-f)");
        return value;
    }
}
