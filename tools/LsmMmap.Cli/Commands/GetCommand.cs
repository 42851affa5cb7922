// `lsm get KEY`: the value of one key, or exit code 1. On a terminal control characters are
// escaped; in a pipe the bytes come as they are, then a line feed; --raw leaves that out too.

using System.CommandLine;
using LsmMmap.Cli.Output;

namespace LsmMmap.Cli.Commands;

internal static class GetCommand
{
    public static Command Create(CliConsole console, SharedOptions shared)
    {
        var key = new Argument<string>("KEY") { Description = "The key, as UTF-8 text." };
        var raw = Flag.Create("--raw", "Write exactly the value's bytes and nothing else.");
        var asHex = Flag.Create("--value-hex", "Write the value as hexadecimal.");
        var command = new Command("get", "Prints the value of a key; exit code 1 when absent.")
        {
            key, shared.Database, shared.KeyspaceName, shared.KeysAsHex, raw, asHex, shared.Json,
        };
        command.SetAction(parsed =>
        {
            byte[] wanted = shared.KeyOf(parsed, parsed.GetRequiredValue(key));
            using LsmStore store = shared.OpenReadOnly(parsed);
            Keyspace keyspace = shared.ExistingKeyspace(parsed, store);
            using PinnedValue value = keyspace.GetPinned(wanted);
            if (parsed.GetValue(shared.Json))
                WriteJson(console, wanted, value.Found, value.Span);
            else if (!value.Found)
                console.Note($"no such key: {ByteText.Escape(wanted)}");
            else if (parsed.GetValue(asHex))
                console.Out.WriteLine(ByteText.Hex(value.Span));
            else
                WriteValue(console, value.Span, parsed.GetValue(raw));
            return value.Found ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }

    private static void WriteValue(CliConsole console, ReadOnlySpan<byte> value, bool raw)
    {
        if (raw || !console.OutIsTerminal)
        {
            console.OutBytes.Write(value);
            if (!raw)
                console.OutBytes.WriteByte((byte)'\n');
            return;
        }
        // A person reads lines: line ends stay, what else controls a terminal does not.
        foreach (Range line in value.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> text = value[line];
            console.Out.WriteLine(
                ByteText.Escape(text.EndsWith("\r"u8) ? text[..^1] : text).Replace(@"\t", "\t",
                    StringComparison.Ordinal));
        }
    }

    private static void WriteJson(
        CliConsole console, ReadOnlySpan<byte> key, bool found, ReadOnlySpan<byte> value)
    {
        using var line = new JsonLine(console);
        System.Text.Json.Utf8JsonWriter json = line.Begin();
        JsonLine.WriteBytes(json, "key", key);
        json.WriteBoolean("found", found);
        if (found)
            JsonLine.WriteBytes(json, "value", value);
        line.End();
    }
}
