// The pages hold together: every relative link leads to a file, every anchor to a heading, every
// room of source has its page, and nothing in the tree names a place on somebody's machine.

using System.Text.RegularExpressions;

namespace LsmMmap.House.Tests;

public sealed class DocumentationTests
{
    private static readonly string[] s_pages =
    [
        "README.md", "CONTRIBUTING.md", "docs/ARCHITECTURE.md", "docs/format.md",
        "docs/durability.md", "docs/concurrency.md", "docs/glossary.md", "docs/testing.md",
        "docs/unsafe.md", "docs/observability.md", "docs/quickstart.md", "docs/recipes.md",
        "docs/operations.md", "docs/containers.md", "docs/hosting.md", "docs/caching.md",
        "src/Wal/README.md", "src/Sstable/README.md", "src/Engine/README.md",
        "src/Hosting/README.md", "src/Caching/README.md",
    ];

    // Roots of home folders and scratch places; written apart so that this file passes itself.
    private static readonly Regex s_machinePath = new(
        "(?<![A-Za-z0-9_.~-])/(?:ho" + "me|ro" + "ot|Us" + "ers|wo" + "rk|t" + "mp|m" + "nt)/"
        + "|\\b[A-Z]:\\\\(?!n)");

    [Fact]
    public void Pages_OfTheHouse_AreThere()
    {
        Findings findings = new();
        foreach (string page in s_pages.Where(p => !SourceTree.Paths.Contains(p)))
            findings.Add($"{page}: missing");
        findings.AssertNone("the pages a newcomer is sent to");
    }

    [Fact]
    public void Link_InPages_LeadsSomewhere()
    {
        Findings findings = new();
        foreach (string page in SourceTree.Pages)
        {
            string text = MarkdownCode.WithoutCode(SourceTree.Read(page));
            foreach (Match link in Regex.Matches(text, @"\[[^\]]*\]\(([^)\s]+)\)"))
                JudgeLink(page, link.Groups[1].Value, findings);
        }
        findings.AssertNone("a relative link leads to a file of the tree, an anchor to a heading");
    }

    [Fact]
    public void File_OfTheTree_NamesNoMachinePath()
    {
        Findings findings = new();
        foreach (string path in SourceTree.Paths)
        {
            string[] lines = SourceTree.ReadIfText(path)?.Split('\n') ?? [];
            for (int i = 0; i < lines.Length; i++)
            {
                if (s_machinePath.Match(lines[i]) is { Success: true } found)
                    findings.Add(path, i + 1, $"'{found.Value}' is a place on one machine");
            }
        }
        findings.AssertNone("tracked files name no absolute path of a machine");
    }

    [Fact]
    public void Readme_FirstScreen_HasItsTwoCommands()
    {
        string[] screen = SourceTree.Read("README.md").Split('\n')[..50];
        Assert.Contains("dotnet test -c Checked --nologo", screen);
        Assert.Contains("dotnet run -c Release --project tools/LsmMmap.Cli -- demo", screen);
    }

    private static void JudgeLink(string page, string target, Findings findings)
    {
        if (Regex.IsMatch(target, "^[a-z]+:"))
            return;
        string[] parts = target.Split('#', 2);
        string folder = page.Contains('/') ? page[..page.LastIndexOf('/')] : "";
        string path = parts[0].Length == 0 ? page : Resolve(folder, parts[0]);
        string full = SourceTree.FullPath(path);
        if (!File.Exists(full) && !Directory.Exists(full))
            findings.Add($"{page}: {target}: no such file");
        else if (parts.Length == 2 && !Anchors(path).Contains(parts[1]))
            findings.Add($"{page}: {target}: no such heading");
    }

    private static string Resolve(string folder, string target)
    {
        Stack<string> parts = new(folder.Split('/', StringSplitOptions.RemoveEmptyEntries));
        foreach (string part in target.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == "..")
                parts.TryPop(out _);
            else if (part != ".")
                parts.Push(part);
        }
        return string.Join('/', parts.Reverse());
    }

    /// <summary>The anchors that a page's headings get: lower case, spaces to dashes.</summary>
    private static HashSet<string> Anchors(string page)
    {
        HashSet<string> anchors = [];
        string text = MarkdownCode.WithoutCode(SourceTree.Read(page));
        foreach (Match heading in Regex.Matches(text, "^#+ +(.+)$", RegexOptions.Multiline))
        {
            string name = heading.Groups[1].Value.Trim().ToLowerInvariant();
            anchors.Add(Regex.Replace(name, @"[^\w\- ]", "").Replace(' ', '-'));
        }
        return anchors;
    }
}
