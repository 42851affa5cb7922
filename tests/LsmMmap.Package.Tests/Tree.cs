// The tree that is packed: where it lies, and what its README shows. The folder of LsmMmap.sln is
// looked for upward from the test assembly.
// Threads: everything is found once and read-only afterwards.

using System.Xml.Linq;

namespace LsmMmap.Package.Tests;

internal static class Tree
{
    private const string Fence = "```";

    public static string Root { get; } = FindRoot();

    public static string FullPath(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>The first C# of the README, and the text block after it: what it prints.</summary>
    public static (string Code, string Output) ReadmeSample() =>
        (Block("README.md", "csharp"), Block("README.md", "text"));

    /// <summary>The first block of a page in this language.</summary>
    public static string Block(string page, string language)
    {
        string[] lines = File.ReadAllLines(FullPath(page.Split('/')));
        int start = Array.IndexOf(lines, Fence + language) + 1;
        int end = start == 0 ? -1 : Array.IndexOf(lines, Fence, start);
        Assert.True(end > start, $"{page} has no {language} block");
        return string.Join('\n', lines[start..end]) + "\n";
    }

    /// <summary>The version of a package that the tree asks for.</summary>
    public static string VersionOf(string package) =>
        XDocument.Load(FullPath("Directory.Packages.props")).Descendants("PackageVersion")
            .Single(e => (string?)e.Attribute("Include") == package)
            .Attribute("Version")!.Value;

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
