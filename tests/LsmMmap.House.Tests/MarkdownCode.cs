// What is left of a Markdown page without its code: the prose, in which links are looked for.

using System.Text;

namespace LsmMmap.House.Tests;

internal static class MarkdownCode
{
    private const string Fence = "```";

    /// <summary>The page with its code blocks emptied and its inline code removed.</summary>
    public static string WithoutCode(string text)
    {
        StringBuilder prose = new();
        bool inside = false;
        foreach (string line in text.Split('\n'))
        {
            bool isFence = line.StartsWith(Fence, StringComparison.Ordinal);
            inside ^= isFence;
            prose.Append(inside || isFence ? "" : WithoutSpans(line)).Append('\n');
        }
        return prose.ToString();
    }

    // Keeps the words of a code span and drops the marks that would read as links.
    private static string WithoutSpans(string line)
    {
        StringBuilder kept = new();
        bool inside = false;
        foreach (char c in line)
        {
            inside ^= c == '`';
            if (c != '`' && !(inside && c is '[' or ']' or '(' or ')'))
                kept.Append(c);
        }
        return kept.ToString();
    }
}
