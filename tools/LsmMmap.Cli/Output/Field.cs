// One named figure of a result, in the three forms the tool speaks: for a person ("12.3 MiB"),
// for a tab-separated line ("12897484") and for JSON (a number). Names are camelCase as in JSON;
// a table shows them as words.

using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace LsmMmap.Cli.Output;

internal readonly struct Field
{
    private readonly Action<Utf8JsonWriter, string> _writeJson;

    private Field(string name, string human, string plain, Action<Utf8JsonWriter, string> json)
    {
        Debug.Assert(name.Length > 0 && char.IsLower(name[0]), "names are camelCase");
        Name = name;
        Human = human;
        Plain = plain;
        _writeJson = json;
    }

    public string Name { get; }

    /// <summary>For a person.</summary>
    public string Human { get; }

    /// <summary>For a line of a pipe: no tab, no line end, no unit.</summary>
    public string Plain { get; }

    /// <summary>Whether a table aligns the column to the right.</summary>
    public bool IsNumber { get; private init; }

    /// <summary>"tableBytes" as "table bytes"; a time, whose unit varies, is just a time.</summary>
    public string Title
    {
        get
        {
            if (Name == "seconds")
                return "time";
            var title = new StringBuilder(Name.Length + 4);
            foreach (char one in Name)
                (char.IsUpper(one) ? title.Append(' ') : title).Append(char.ToLowerInvariant(one));
            return title.ToString();
        }
    }

    public static Field Text(string name, string value)
    {
        string line = ByteText.Escape(Encoding.UTF8.GetBytes(value));
        return new(name, line, line, (json, key) => json.WriteString(key, value));
    }

    /// <summary>A text that may be missing: null in JSON, nothing elsewhere.</summary>
    public static Field Optional(string name, string? value) => value is not null
        ? Text(name, value)
        : new(name, "", "", (json, key) => json.WriteNull(key));

    /// <summary>Bytes: escaped text, and in JSON text or, when not UTF-8, nameHex.</summary>
    public static Field Bytes(string name, ReadOnlySpan<byte> value)
    {
        byte[] copy = value.ToArray();
        string line = ByteText.Escape(value);
        return new(name, line, line, (json, key) => JsonLine.WriteBytes(json, key, copy));
    }

    public static Field Number(string name, long value) => new(
        name, Quantity.Count(value), Plainly(value), (json, key) => json.WriteNumber(key, value))
    { IsNumber = true };

    /// <summary>A number that is an identity, not an amount: no separators.</summary>
    public static Field Identity(string name, ulong value) => new(
        name, Plainly(value), Plainly(value), (json, key) => json.WriteNumber(key, value))
    { IsNumber = true };

    /// <summary>A place in a file: no separators, so that it can be searched for. Below zero is
    /// nowhere.</summary>
    public static Field Offset(string name, long value) => value < 0 ? Optional(name, null) : new(
        name, Plainly(value), Plainly(value), (json, key) => json.WriteNumber(key, value))
    { IsNumber = true };

    public static Field Size(string name, long bytes) => new(
        name, Quantity.Size(bytes), Plainly(bytes), (json, key) => json.WriteNumber(key, bytes))
    { IsNumber = true };

    public static Field Seconds(string name, TimeSpan time) => new(
        name, Quantity.Time(time), Plainly(Math.Round(time.TotalSeconds, 6)),
        (json, key) => json.WriteNumber(key, Math.Round(time.TotalSeconds, 6)))
    { IsNumber = true };

    public static Field Ratio(string name, double value)
    {
        // JSON has no infinity; a ratio over nothing is told as zero.
        double finite = double.IsFinite(value) ? Math.Round(value, 3) : 0;
        return new(name, finite.ToString("0.00", CultureInfo.InvariantCulture), Plainly(finite),
            (json, key) => json.WriteNumber(key, finite))
        { IsNumber = true };
    }

    public static Field Flag(string name, bool value) => new(
        name, value ? "yes" : "no", value ? "true" : "false",
        (json, key) => json.WriteBoolean(key, value));

    public void WriteJson(Utf8JsonWriter json) => _writeJson(json, Name);

    private static string Plainly(IFormattable value) =>
        value.ToString(null, CultureInfo.InvariantCulture);
}
