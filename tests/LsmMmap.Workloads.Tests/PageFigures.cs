// Reads the figures of a report back, out of the text of the page or of what a browser made of it:
// where each claims to come from, its exact value, and what a reader sees.

using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace LsmMmap.Workloads.Tests;

internal sealed record PageFigure(string Source, double Value, string Shown)
{
    private static readonly Dictionary<string, double> s_units = new(StringComparer.Ordinal)
    {
        [""] = 1,
        ["k"] = 1e3,
        ["M"] = 1e6,
        ["G"] = 1e9,
        ["x"] = 1,
    };

    public static IReadOnlyList<PageFigure> In(string page) =>
    [
        .. Regex.Matches(
            page, "data-figure=\"([^\"]+)\" data-value=\"([^\"]+)\"[^>]*>([^<]*)<")
            .Select(match => new PageFigure(
                WebUtility.HtmlDecode(match.Groups[1].Value),
                double.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture),
                WebUtility.HtmlDecode(match.Groups[3].Value))),
    ];

    /// <summary>What a reader takes the text for, in the unit of the column.</summary>
    public double ShownValue()
    {
        string[] parts = Shown.TrimEnd('*').Split(' ');
        double number = double.Parse(
            parts[0], NumberStyles.Float | NumberStyles.AllowThousands,
            CultureInfo.InvariantCulture);
        double shown = number * s_units[parts.Length > 1 ? parts[1] : ""];
        return Source.EndsWith("Bytes", StringComparison.Ordinal) ? shown * (1 << 20) : shown;
    }

    /// <summary>The value that the JSON has where the figure says it comes from.</summary>
    public double In(JsonElement result)
    {
        string[] parts = Source.Split('/');
        JsonElement list = result.GetProperty(parts[0]);
        bool isRow = parts[0] == "rows";
        JsonElement at = list.EnumerateArray().Single(item =>
            item.GetProperty("workload").GetString() == parts[1]
            && (!isRow || item.GetProperty("engine").GetString() == parts[2]));
        foreach (string name in parts[(isRow ? 3 : 2)..])
            at = at.GetProperty(name);
        return at.GetDouble();
    }
}
