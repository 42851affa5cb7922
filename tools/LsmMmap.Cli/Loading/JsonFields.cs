// Takes one or two top-level fields out of a JSON object without building a tree. The whole text
// is read, so that a broken line is refused even when its fields come first.
//
// A field's bytes: of a string its text, of a number, true or false the JSON text itself. Objects,
// arrays and null are no keys; as a value an object or array is its JSON text.

using System.Buffers;
using System.Text;
using System.Text.Json;

namespace LsmMmap.Cli.Loading;

internal static class JsonFields
{
    /// <summary>Writes the fields' bytes; returns what is wrong, or null.</summary>
    public static string? Read(
        ReadOnlySpan<byte> json, ReadOnlySpan<byte> keyField, IBufferWriter<byte> key,
        ReadOnlySpan<byte> valueField, IBufferWriter<byte> value)
    {
        bool keyFound = false, valueFound = valueField.IsEmpty;
        try
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                return "the line is no JSON object";
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isKey = !keyFound && reader.ValueTextEquals(keyField);
                bool isValue = !valueFound && reader.ValueTextEquals(valueField);
                reader.Read();
                if (isKey && !IsScalar(reader.TokenType))
                    return $"the field '{Encoding.UTF8.GetString(keyField)}' is no key";
                int from = (int)reader.TokenStartIndex;
                if (isKey)
                    Copy(ref reader, key);
                if (isValue && IsScalar(reader.TokenType))
                    Copy(ref reader, value);
                bool isTree = isValue && !IsScalar(reader.TokenType);
                reader.Skip();
                if (isTree)
                    value.Write(json[from..(int)reader.BytesConsumed]);
                keyFound |= isKey;
                valueFound |= isValue;
            }
            while (reader.Read())
            {
                // Only white space may follow; the reader refuses anything else.
            }
        }
        catch (JsonException e)
        {
            return $"no valid JSON at byte {e.BytePositionInLine + 1}";
        }
        catch (InvalidOperationException)
        {
            return "a string holds text that is no valid UTF-8 or UTF-16";
        }
        if (!keyFound || !valueFound)
            return "there is no field '"
                + Encoding.UTF8.GetString(keyFound ? valueField : keyField) + "'";
        return null;
    }

    private static bool IsScalar(JsonTokenType token) => token is JsonTokenType.String
        or JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False;

    private static void Copy(ref Utf8JsonReader reader, IBufferWriter<byte> target)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            // Unescaping never makes a text longer.
            Span<byte> text = target.GetSpan(Math.Max(1, reader.ValueSpan.Length));
            target.Advance(reader.CopyString(text));
        }
        else
        {
            target.Write(reader.ValueSpan);
        }
    }
}
