// What a line of a file means: which bytes are the key, which are the value.
//
//   text    value = the line; key = its number as ten digits, so that key order is line order
//   tsv     key, tab, value: exact bytes up to the first tab and after it; with escapes (as
//           `lsm scan` writes them) only when asked for, because a plain file may hold backslashes
//   jsonl   key = one field of the object; value = the whole line, or another field
//
// A line that does not fit is refused with the reason; the caller knows its number.

using System.Buffers;
using System.Text;

namespace LsmMmap.Cli.Loading;

internal abstract class LineFormat
{
    private const int KeyBytesMax = 65_535;
    private const int ValueBytesMax = 1 << 30;

    private readonly ArrayBufferWriter<byte> _key = new();
    private readonly ArrayBufferWriter<byte> _value = new();

    public ReadOnlySpan<byte> Key => _key.WrittenSpan;

    public ReadOnlySpan<byte> Value => _value.WrittenSpan;

    public static LineFormat Text() => new TextLines();

    public static LineFormat Tsv(bool escaped) => new TsvLines(escaped);

    public static LineFormat Jsonl(string keyField, string? valueField) =>
        new JsonLines(keyField, valueField);

    /// <summary>
    /// Finds Key and Value in a line, or what is wrong with it (null when it is good). False for a
    /// line that holds no entry and is no error either.
    /// </summary>
    public bool TryRead(ReadOnlySpan<byte> line, long lineNumber, out string? wrong)
    {
        _key.ResetWrittenCount();
        _value.ResetWrittenCount();
        wrong = null;
        if (IsBlank(line))
            return false;
        wrong = Split(line, lineNumber, _key, _value);
        if (wrong is null && _key.WrittenCount > KeyBytesMax)
            wrong = $"the key has {_key.WrittenCount} bytes, at most {KeyBytesMax} are possible";
        if (wrong is null && _value.WrittenCount > ValueBytesMax)
            wrong = $"the value has {_value.WrittenCount} bytes, at most {ValueBytesMax} are"
                + " possible";
        return true;
    }

    protected abstract bool IsBlank(ReadOnlySpan<byte> line);

    /// <summary>Writes key and value, or returns what is wrong with the line.</summary>
    protected abstract string? Split(
        ReadOnlySpan<byte> line, long lineNumber, IBufferWriter<byte> key,
        IBufferWriter<byte> value);

    private sealed class TextLines : LineFormat
    {
        protected override bool IsBlank(ReadOnlySpan<byte> line) => false;

        protected override string? Split(
            ReadOnlySpan<byte> line, long lineNumber, IBufferWriter<byte> key,
            IBufferWriter<byte> value)
        {
            Span<byte> digits = key.GetSpan(20);
            lineNumber.TryFormat(digits, out int written, "D10");
            key.Advance(written);
            value.Write(line);
            return null;
        }
    }

    private sealed class TsvLines(bool escaped) : LineFormat
    {
        protected override bool IsBlank(ReadOnlySpan<byte> line) => false;

        protected override string? Split(
            ReadOnlySpan<byte> line, long lineNumber, IBufferWriter<byte> key,
            IBufferWriter<byte> value)
        {
            int tab = line.IndexOf((byte)'\t');
            if (tab < 0)
                return "there is no tab between key and value";
            if (escaped)
                return Output.ByteText.TryUnescape(line[..tab], key)
                    && Output.ByteText.TryUnescape(line[(tab + 1)..], value)
                    ? null : "a backslash begins no known escape";
            key.Write(line[..tab]);
            value.Write(line[(tab + 1)..]);
            return null;
        }
    }

    private sealed class JsonLines(string keyField, string? valueField) : LineFormat
    {
        private readonly byte[] _keyField = Encoding.UTF8.GetBytes(keyField);
        private readonly byte[]? _valueField =
            valueField is null ? null : Encoding.UTF8.GetBytes(valueField);

        protected override bool IsBlank(ReadOnlySpan<byte> line) =>
            line.IndexOfAnyExcept(" \t"u8) < 0;

        protected override string? Split(
            ReadOnlySpan<byte> line, long lineNumber, IBufferWriter<byte> key,
            IBufferWriter<byte> value)
        {
            string? wrong = JsonFields.Read(line, _keyField, key, _valueField, value);
            if (wrong is null && _valueField is null)
                value.Write(line);
            return wrong;
        }
    }
}
