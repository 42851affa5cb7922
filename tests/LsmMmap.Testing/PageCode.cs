// The fenced code blocks of the tree's Markdown pages, for the tests that run them. The root is the
// folder of LsmMmap.sln, looked for upward from the test assembly.
//
// The words behind a fence: the language, then at most one word that says which test runs the block
// (docs/testing.md has the list).
// Threads: any; nothing is kept but the root.

namespace LsmMmap.Testing;

/// <summary>One fenced block; Info is what follows the fence, Line is 1-based.</summary>
public sealed record CodeBlock(string Page, int Line, string Info, string Text)
{
    public string Language => Info.Split(' ')[0];

    /// <summary>The second word behind the fence; empty when there is none.</summary>
    public string Mark => Info.Length > Language.Length ? Info[(Language.Length + 1)..] : "";

    /// <summary>Where it stands, for a message.</summary>
    public string Place => $"{Page}:{Line}";
}

public static class PageCode
{
    private const string Fence = "```";

    /// <summary>The root of the tree.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The blocks of a page, named by its path from the root, in their order.</summary>
    public static List<CodeBlock> Blocks(string page)
    {
        string[] lines = File.ReadAllText(Path.Combine(Root, page)).Split('\n');
        List<CodeBlock> blocks = [];
        for (int i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith(Fence, StringComparison.Ordinal))
                continue;
            int start = i++;
            while (i < lines.Length && lines[i].TrimEnd() != Fence)
                i++;
            if (i == lines.Length)
                throw new InvalidDataException($"{page}:{start + 1}: a code block without an end");
            string text = string.Join('\n', lines[(start + 1)..i]);
            blocks.Add(
                new CodeBlock(page, start + 1, lines[start][Fence.Length..].Trim(), text));
        }
        return blocks;
    }

    /// <summary>What a block prints by its page: the text block right after it, or null.</summary>
    public static string? OutputOf(List<CodeBlock> blocks, int index)
    {
        if (index + 1 == blocks.Count || blocks[index + 1].Language != "text")
            return null;
        int lines = blocks[index].Text.Split('\n').Length;
        bool isNext = blocks[index + 1].Line - blocks[index].Line <= lines + 3;
        return isNext ? blocks[index + 1].Text : null;
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at != null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "LsmMmap.sln")))
                return at.FullName;
        }
        throw new InvalidOperationException(
            $"no LsmMmap.sln above {AppContext.BaseDirectory}: run the tests inside the tree");
    }
}
