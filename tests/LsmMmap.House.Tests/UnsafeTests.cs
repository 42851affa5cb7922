// Where memory is touched without the runtime's checks: only in the files that docs/unsafe.md
// lists, each with its reason there and a `// Safety:` sentence at the place.

using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace LsmMmap.House.Tests;

public sealed class UnsafeTests
{
    private const string ListPath = "docs/unsafe.md";
    private const int ReasonCharsMin = 20;

    private static readonly string[] s_uncheckedTypes =
        ["Unsafe", "MemoryMarshal", "NativeMemory", "CollectionsMarshal"];

    [Fact]
    public void UncheckedCode_OfSource_IsListed()
    {
        Findings findings = new();
        IReadOnlyDictionary<string, string> listed = ReadList();
        HashSet<string> used = [];
        foreach (SourceFile file in SourceTree.Source)
        {
            SyntaxToken? first = UncheckedTokens(file.Root).Select(t => (SyntaxToken?)t)
                .FirstOrDefault();
            if (first == null)
                continue;
            used.Add(file.Path);
            int line = first.Value.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
            if (!listed.ContainsKey(file.Path))
                findings.Add(file.Path, line, $"`{first}`, but {ListPath} does not list it");
        }
        foreach (string stale in listed.Keys.Where(p => !used.Contains(p)))
            findings.Add($"{ListPath}: {stale} needs no entry: remove it");
        findings.AssertNone("unchecked memory is touched in listed files only");
    }

    [Fact]
    public void UnsafeList_Entry_SaysWhy()
    {
        Findings findings = new();
        foreach ((string path, string reason) in ReadList())
        {
            if (reason.Length < ReasonCharsMin)
                findings.Add($"{ListPath}: {path}: no reason");
        }
        findings.AssertNone("every listed file says why it touches unchecked memory");
    }

    [Fact]
    public void UncheckedFile_OfSource_HasSafetySentences()
    {
        Findings findings = new();
        foreach (SourceFile file in SourceTree.Source.Where(f => UncheckedTokens(f.Root).Any()))
        {
            if (!HasSafety(file.Root))
                findings.Add($"{file.Path}: not one `// Safety:` sentence");
            foreach (SyntaxNode node in file.Root.DescendantNodes().Where(IsUnsafeCode))
            {
                if (!HasSafety(node) && !HasSafety(EnclosingMember(node)))
                    findings.Add(file, node, "unsafe without `// Safety:`");
            }
        }
        findings.AssertNone("a `// Safety:` sentence says who keeps the memory and who checked");
    }

    private static IEnumerable<SyntaxToken> UncheckedTokens(SyntaxNode root)
    {
        foreach (SyntaxToken token in root.DescendantTokens())
        {
            if (token.IsKind(SyntaxKind.UnsafeKeyword))
                yield return token;
            else if (token.IsKind(SyntaxKind.IdentifierToken)
                && s_uncheckedTypes.Contains(token.Text) && token.GetNextToken().Text == ".")
                yield return token;
        }
    }

    /// <summary>An unsafe block, or a method that is unsafe by its own modifier.</summary>
    private static bool IsUnsafeCode(SyntaxNode node) => node is UnsafeStatementSyntax
        || (node is BaseMethodDeclarationSyntax { Body: not null } method
            && method.Modifiers.Any(SyntaxKind.UnsafeKeyword));

    private static SyntaxNode EnclosingMember(SyntaxNode node) =>
        node.FirstAncestorOrSelf<MemberDeclarationSyntax>() ?? node;

    private static bool HasSafety(SyntaxNode node) =>
        node.ToFullString().Contains("// Safety:", StringComparison.Ordinal);

    /// <summary>Bullets "- `src/....cs`: reason", going on over indented lines.</summary>
    private static Dictionary<string, string> ReadList()
    {
        Dictionary<string, string> list = new(StringComparer.Ordinal);
        string text = File.Exists(SourceTree.FullPath(ListPath)) ? SourceTree.Read(ListPath) : "";
        foreach (Match bullet in Regex.Matches(
            text, @"^- `(src/[^`]+\.cs)`: ([^\n]*(?:\n  [^\n]+)*)", RegexOptions.Multiline))
            list.Add(bullet.Groups[1].Value, bullet.Groups[2].Value);
        return list;
    }
}
