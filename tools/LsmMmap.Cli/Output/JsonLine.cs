// JSON lines: one object, one line feed. Bytes that are UTF-8 are a string under their own name;
// other bytes are hexadecimal text under that name with "Hex" appended, so that a reader sees
// from the name alone what it got and nothing is ever lost.

using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LsmMmap.Cli.Output;

internal sealed class JsonLine : IDisposable
{
    private static readonly JsonWriterOptions s_options = new()
    {
        // The output goes to files and pipes, not into HTML: angle brackets stay readable.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly Utf8JsonWriter _json;
    private readonly CliConsole _console;

    public JsonLine(CliConsole console)
    {
        _console = console;
        _json = new Utf8JsonWriter(_buffer, s_options);
    }

    public static void WriteBytes(Utf8JsonWriter json, string name, ReadOnlySpan<byte> value)
    {
        if (ByteText.IsUtf8(value))
            json.WriteString(name, value);
        else
            json.WriteString(name + "Hex", ByteText.Hex(value));
    }

    /// <summary>Starts the object of the next line.</summary>
    public Utf8JsonWriter Begin()
    {
        _buffer.ResetWrittenCount();
        _json.Reset();
        _json.WriteStartObject();
        return _json;
    }

    /// <summary>Ends the object and writes the line.</summary>
    public void End()
    {
        _json.WriteEndObject();
        _json.Flush();
        _buffer.Write("\n"u8);
        _console.OutBytes.Write(_buffer.WrittenSpan);
    }

    public void Dispose() => _json.Dispose();
}
