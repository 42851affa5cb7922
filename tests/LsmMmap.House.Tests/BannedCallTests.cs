// Judges the source against BannedCalls, and the hot files against what costs them time. Reads
// syntax, so that comments and strings never count.

using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace LsmMmap.House.Tests;

public sealed class BannedCallTests
{
    private static readonly string[] s_knownPrefixes =
    [
        "global::", "System.Threading.Tasks.", "System.Threading.", "System.IO.MemoryMappedFiles.",
        "System.IO.", "System.Runtime.InteropServices.", "System.",
    ];

    // The files that a get, a seek, a next or an append runs through.
    private static readonly string[] s_hotFiles =
    [
        "LogWriter.cs", "BlockCursor.cs", "BlockSearch.cs", "TableCursor.cs", "BloomFilter.cs",
        "InternalKey.cs", "OrderedIndex.cs", "PointLookup.cs", "MergingCursor.cs",
        "VisibleCursor.cs", "WriteQueue.cs", "MemTable.cs", "MemTableCursor.cs", "OrderNode.cs",
        "OrderedIndex.Splits.cs", "NodePool.cs", "NodeSplit.cs", "KeyCell.cs", "KeyIndex.cs",
    ];

    [Fact]
    public void Source_Calls_AreNotBanned()
    {
        Findings findings = new();
        foreach (SourceFile file in SourceTree.Source)
        {
            foreach ((SyntaxNode node, string text) in Mentions(file.Root))
            {
                BannedCall? banned = BannedCalls.All.FirstOrDefault(
                    b => Matches(b.Start, text) && !IsAllowed(b, file.Path));
                if (banned != null)
                    findings.Add(file, node, $"{text}: use {banned.Instead}");
            }
        }
        findings.AssertNone("calls that the store does not make (BannedCalls.cs)");
    }

    [Fact]
    public void Source_FlushToDisk_IsOurOwnSync()
    {
        Findings findings = new();
        foreach (SourceFile file in SourceTree.Source)
        {
            foreach (InvocationExpressionSyntax call in
                file.Root.DescendantNodes().OfType<InvocationExpressionSyntax>())
            {
                string name = (call.Expression as MemberAccessExpressionSyntax)?.Name.ToString()
                    ?? call.Expression.ToString();
                bool isFlushTrue = name == "Flush" && call.ArgumentList.Arguments.Count == 1
                    && call.ArgumentList.Arguments[0].Expression.ToString() == "true";
                if (isFlushTrue)
                    findings.Add(file, call, "use the sync of Engine/Files");
            }
        }
        findings.AssertNone("FileStream.Flush(true) hides a failed sync on this runtime");
    }

    [Fact]
    public void Tools_NotImplemented_IsNowhere()
    {
        Findings findings = new();
        foreach (SourceFile file in SourceTree.CodeUnder("tools/", "bench/", "tests/"))
        {
            foreach (IdentifierNameSyntax name in
                file.Root.DescendantNodes().OfType<IdentifierNameSyntax>())
            {
                if (name.Identifier.Text == "NotImplementedException")
                    findings.Add(file, name, "write it or leave it out");
            }
        }
        findings.AssertNone("nothing is left unwritten");
    }

    [Fact]
    public void HotFile_Code_HasNoLinqNoAsyncNoSharedCollections()
    {
        Findings findings = new();
        foreach (SourceFile file in SourceTree.Source.Where(IsHot))
        {
            SemanticModel model = SourceCompilation.Current.GetSemanticModel(file.Tree);
            foreach (SimpleNameSyntax name in
                file.Root.DescendantNodes().OfType<SimpleNameSyntax>())
            {
                string? space = model.GetSymbolInfo(name).Symbol?
                    .ContainingType?.ContainingNamespace?.ToDisplayString();
                if (space is "System.Linq" or "System.Collections.Concurrent")
                    findings.Add(file, name, $"{name} of {space}");
            }
            foreach (SyntaxToken token in file.Root.DescendantTokens())
            {
                if (token.IsKind(SyntaxKind.AsyncKeyword))
                    findings.Add($"{file.Path}: async");
            }
        }
        findings.AssertNone("hot files neither allocate nor hide their loops");
    }

    private static bool IsHot(SourceFile file) =>
        s_hotFiles.Contains(file.Path[(file.Path.LastIndexOf('/') + 1)..]);

    /// <summary>Dotted names and type names as they stand, without System's namespaces.</summary>
    private static IEnumerable<(SyntaxNode Node, string Text)> Mentions(SyntaxNode root)
    {
        foreach (SyntaxNode node in root.DescendantNodes())
        {
            if (node is MemberAccessExpressionSyntax or QualifiedNameSyntax)
                yield return (node, Trim(node.ToString()));
            else if (node is IdentifierNameSyntax name && !IsPartOfDotted(name))
                yield return (node, name.Identifier.Text);
        }
    }

    private static bool IsPartOfDotted(IdentifierNameSyntax name) =>
        name.Parent is MemberAccessExpressionSyntax or QualifiedNameSyntax
            or MemberBindingExpressionSyntax;

    private static string Trim(string text)
    {
        foreach (string prefix in s_knownPrefixes)
        {
            if (text.StartsWith(prefix, StringComparison.Ordinal))
                text = text[prefix.Length..];
        }
        return text;
    }

    private static bool Matches(string start, string text)
    {
        if (!text.StartsWith(start, StringComparison.Ordinal))
            return false;
        // A whole word: `FileStream` does not ban `FileStreamPool`.
        return start.EndsWith('.') || text.Length == start.Length
            || !char.IsLetterOrDigit(text[start.Length]);
    }

    private static bool IsAllowed(BannedCall banned, string path) =>
        banned.AllowedUnder.Any(p => path.StartsWith(p, StringComparison.Ordinal));
}
