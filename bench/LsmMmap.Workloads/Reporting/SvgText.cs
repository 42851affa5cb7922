// What is done to a drawing before it stands in a page: it scales with its column, its marker
// colours become the page's, and what it shows is said for those who cannot see it.

using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace LsmMmap.Workloads.Reporting;

internal static class SvgText
{
    /// <summary>For a page: without prologue, sized by its column.</summary>
    public static string Inline(string svg, string label)
    {
        string body = svg[svg.IndexOf("<svg", StringComparison.Ordinal)..];
        Match size = Regex.Match(body, "<svg[^>]*? width=\"([0-9.]+)\" height=\"([0-9.]+)\"");
        int tagEnd = body.IndexOf('>', StringComparison.Ordinal);
        string viewBox = $"0 0 {size.Groups[1].Value} {size.Groups[2].Value}";
        string name = WebUtility.HtmlEncode(label);
        return $"<svg xmlns=\"http://www.w3.org/2000/svg\" "
            + $"xmlns:xlink=\"http://www.w3.org/1999/xlink\" viewBox=\"{viewBox}\" "
            + $"role=\"img\" aria-label=\"{name}\">{Unique(body[(tagEnd + 1)..], label)}";
    }

    /// <summary>A picture of its own: with its own colours for light and dark.</summary>
    public static string Standalone(string inline) => inline.Insert(
        inline.IndexOf('>', StringComparison.Ordinal) + 1,
        "<style>text{font-family:system-ui,sans-serif}"
        + $"{Rule(Palette.Ink, "#1f2328")}{Rule(Palette.Line, "#d8dee4")}"
        + "@media(prefers-color-scheme:dark){"
        + $"{Rule(Palette.Ink, "#e6edf3")}{Rule(Palette.Line, "#3d444d")}}}</style>");

    private static string Rule(string marker, string colour) =>
        $"[fill=\"{marker}\" i]{{fill:{colour}}}[stroke=\"{marker}\" i]{{stroke:{colour}}}";

    // The drawings name their clip paths alike; in one page the names must differ.
    private static string Unique(string body, string label)
    {
        string prefix = "c" + ((uint)StableHash(label)).ToString("x", CultureInfo.InvariantCulture);
        body = Regex.Replace(body, " id=\"([^\"]+)\"", $" id=\"{prefix}$1\"");
        body = Regex.Replace(body, "url\\(#([^)]+)\\)", $"url(#{prefix}$1)");
        return Regex.Replace(body, "href=\"#([^\"]+)\"", $"href=\"#{prefix}$1\"");
    }

    private static int StableHash(string text) =>
        text.Aggregate(17, (hash, letter) => unchecked(hash * 31 + letter));
}
