// Writes key-value pairs, one a line, as escaped text, hexadecimal or JSON. Bulk output: bytes go
// straight into the buffered stdout, no string in between.

using System.Buffers;
using System.Text;

namespace LsmMmap.Cli.Output;

internal abstract class EntryWriter : IDisposable
{
    public static EntryWriter For(CliConsole console, string format, bool keysOnly, bool full) =>
        format switch
        {
            "jsonl" => new JsonEntries(console, keysOnly),
            "hex" => new HexEntries(console, keysOnly),
            _ when console.OutIsTerminal && !full => new TerminalEntries(console, keysOnly),
            _ => new TextEntries(console, keysOnly),
        };

    public abstract void Write(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    public virtual void Dispose()
    {
    }

    private sealed class TextEntries(CliConsole console, bool keysOnly) : EntryWriter
    {
        private readonly ArrayBufferWriter<byte> _line = new();

        public override void Write(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            _line.ResetWrittenCount();
            ByteText.Escape(key, _line);
            if (!keysOnly)
            {
                _line.Write("\t"u8);
                ByteText.Escape(value, _line);
            }
            _line.Write("\n"u8);
            console.OutBytes.Write(_line.WrittenSpan);
        }
    }

    private sealed class HexEntries(CliConsole console, bool keysOnly) : EntryWriter
    {
        public override void Write(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            string line = keysOnly
                ? ByteText.Hex(key) : ByteText.Hex(key) + "\t" + ByteText.Hex(value);
            console.OutBytes.Write(Encoding.ASCII.GetBytes(line + "\n"));
        }
    }

    private sealed class JsonEntries(CliConsole console, bool keysOnly) : EntryWriter
    {
        private readonly JsonLine _line = new(console);

        public override void Write(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            System.Text.Json.Utf8JsonWriter json = _line.Begin();
            JsonLine.WriteBytes(json, "key", key);
            if (!keysOnly)
                JsonLine.WriteBytes(json, "value", value);
            _line.End();
        }

        public override void Dispose()
        {
            _line.Dispose();
            base.Dispose();
        }
    }

    // For a person: the key stands out, and what does not fit the line is cut.
    private sealed class TerminalEntries(CliConsole console, bool keysOnly) : EntryWriter
    {
        private const int ValueCharactersMin = 20;

        public override void Write(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            string keyText = ByteText.Escape(key);
            if (keysOnly)
            {
                console.Out.WriteLine(keyText);
                return;
            }
            int room = Math.Max(ValueCharactersMin, console.Width - keyText.Length - 3);
            console.Out.WriteLine(
                "\e[36m" + keyText + "\e[0m  " + ByteText.Shorten(value, room));
        }
    }
}
