// Fenced code blocks of Markdown pages: where they stand, in which language, and what they hold.

using System.Text;

namespace LsmMmap.House.Tests;

/// <summary>One fenced block; Info is what follows the fence, Line is 1-based.</summary>
internal sealed record CodeBlock(string Page, int Line, string Info, string Text)
{
    public string Language => Info.Split(' ')[0];
}

internal static class MarkdownCode
{
    private const string Fence = "```";

    public static IEnumerable<CodeBlock> Blocks(string page)
    {
        string[] lines = SourceTree.Read(page).Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith(Fence, StringComparison.Ordinal))
                continue;
            int start = i++;
            while (i < lines.Length && lines[i].TrimEnd() != Fence)
                i++;
            Assert.True(i < lines.Length, $"{page}:{start + 1}: a code block without an end");
            string text = string.Join('\n', lines[(start + 1)..i]);
            yield return new CodeBlock(page, start + 1, lines[start][Fence.Length..].Trim(), text);
        }
    }

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
