// Reads the repository once for all House tests: finds the root upward from the test assembly (the
// folder of LsmMmap.sln), lists the files that belong to the tree, and parses the C# ones.
// Invariant: paths are relative to the root and use '/', on every system.
// Threads: everything is built once and read-only afterwards.

using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace LsmMmap.House.Tests;

internal static class SourceTree
{
    private const int TextBytesMax = 4 << 20;

    // What a build or a tool leaves behind; none of it is tracked.
    private static readonly HashSet<string> s_foreignFolders = new(StringComparer.Ordinal)
    {
        ".git", "artifacts", "bin", "obj", "TestResults", "BenchmarkDotNet.Artifacts",
        ".vs", ".vscode", ".idea",
    };

    private static readonly Lazy<IReadOnlyList<string>> s_paths = new(ListPaths);
    private static readonly Lazy<IReadOnlyList<SourceFile>> s_code = new(ReadCode);

    public static string Root { get; } = FindRoot();

    public static CSharpParseOptions ParseOptions { get; } = new(
        LanguageVersion.CSharp14,
        DocumentationMode.Parse,
        preprocessorSymbols: ["DEBUG", "TRACE", "NET", "NET10_0", "NET10_0_OR_GREATER"]);

    /// <summary>Every file of the tree, C# or not.</summary>
    public static IReadOnlyList<string> Paths => s_paths.Value;

    /// <summary>Every C# file of the tree.</summary>
    public static IReadOnlyList<SourceFile> Code => s_code.Value;

    /// <summary>The C# files of the store itself.</summary>
    public static IEnumerable<SourceFile> Source => CodeUnder("src/");

    public static IEnumerable<SourceFile> CodeUnder(params string[] folders) =>
        Code.Where(f => folders.Any(d => f.Path.StartsWith(d, StringComparison.Ordinal)));

    public static string FullPath(string path) =>
        Path.Combine(Root, path.Replace('/', Path.DirectorySeparatorChar));

    public static string Read(string path) => File.ReadAllText(FullPath(path));

    /// <summary>The text of a file, or null when it is binary or too large to be text.</summary>
    public static string? ReadIfText(string path)
    {
        FileInfo info = new(FullPath(path));
        if (!info.Exists || info.Length > TextBytesMax)
            return null;
        string text = File.ReadAllText(info.FullName);
        return text.Contains('\0') ? null : text;
    }

    /// <summary>The Markdown pages of the tree.</summary>
    public static IEnumerable<string> Pages =>
        Paths.Where(p => p.EndsWith(".md", StringComparison.Ordinal));

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

    private static List<string> ListPaths()
    {
        List<string> paths = [];
        Walk(new DirectoryInfo(Root), "", paths);
        paths.Sort(StringComparer.Ordinal);
        return paths;
    }

    private static void Walk(DirectoryInfo folder, string prefix, List<string> paths)
    {
        foreach (FileInfo file in folder.EnumerateFiles())
            paths.Add(prefix + file.Name);
        foreach (DirectoryInfo child in folder.EnumerateDirectories())
        {
            if (!s_foreignFolders.Contains(child.Name) && child.LinkTarget == null)
                Walk(child, prefix + child.Name + "/", paths);
        }
    }

    private static List<SourceFile> ReadCode() =>
        [.. Paths.Where(p => p.EndsWith(".cs", StringComparison.Ordinal))
            .Select(p => new SourceFile(p, Read(p)))];
}

internal sealed class SourceFile(string path, string text)
{
    private readonly Lazy<SyntaxTree> _tree = new(
        () => CSharpSyntaxTree.ParseText(text, SourceTree.ParseOptions, path));

    public string Path { get; } = path;

    public string Text { get; } = text;

    public string[] Lines { get; } = text.Split('\n');

    public SyntaxTree Tree => _tree.Value;

    public SyntaxNode Root => Tree.GetRoot();

    /// <summary>Lines of the file; a final line feed does not begin another.</summary>
    public int LineCount => Text.EndsWith('\n') ? Lines.Length - 1 : Lines.Length;

    /// <summary>The comments of the file, documentation included.</summary>
    public IEnumerable<SyntaxTrivia> Comments =>
        Root.DescendantTrivia(descendIntoTrivia: false).Where(IsComment);

    public static int LineOf(SyntaxNode node) => LineOf(node.GetLocation());

    public static int LineOf(SyntaxTrivia trivia) => LineOf(trivia.GetLocation());

    private static int LineOf(Location location) =>
        location.GetLineSpan().StartLinePosition.Line + 1;

    private static bool IsComment(SyntaxTrivia trivia) => trivia.Kind() is
        SyntaxKind.SingleLineCommentTrivia or SyntaxKind.MultiLineCommentTrivia or
        SyntaxKind.SingleLineDocumentationCommentTrivia or
        SyntaxKind.MultiLineDocumentationCommentTrivia;
}
