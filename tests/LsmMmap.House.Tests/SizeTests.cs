// The ratchets of size: 400 lines a file, 70 lines a method, 100 columns, line feeds only. New code
// aims at 300 and 40. An exemption stands in the list below with its reason; one that is no longer
// needed fails, so that the list only shrinks.

using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace LsmMmap.House.Tests;

public sealed class SizeTests
{
    private const int FileLinesMax = 400;
    private const int MethodLinesMax = 70;
    private const int ColumnsMax = 100;

    // Subject: a path for a file that is too long, path + '#' + name for a method.
    private static readonly SizeExemption[] s_exemptions = [];

    private static IEnumerable<SourceFile> Judged =>
        SourceTree.CodeUnder("src/", "tools/", "tests/", "bench/", "samples/");

    [Fact]
    public void File_Lines_StayUnderTheRatchet()
    {
        Findings findings = new();
        HashSet<SizeExemption> needed = [];
        foreach (SourceFile file in Judged.Where(f => f.LineCount > FileLinesMax))
        {
            if (!IsExempt(file.Path, needed))
                findings.Add($"{file.Path}: {file.LineCount} lines: split it by subject");
        }
        AddStale(s_exemptions.Where(e => !e.Subject.Contains('#')), needed, findings);
        findings.AssertNone($"a file has at most {FileLinesMax} lines");
    }

    [Fact]
    public void Method_Lines_StayUnderTheRatchet()
    {
        Findings findings = new();
        HashSet<SizeExemption> needed = [];
        foreach (SourceFile file in Judged)
        {
            foreach ((SyntaxNode node, string name) in Methods(file.Root))
            {
                FileLinePositionSpan span = node.GetLocation().GetLineSpan();
                int lines = span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
                if (lines > MethodLinesMax && !IsExempt($"{file.Path}#{name}", needed))
                    findings.Add(file, node, $"{name}: {lines} lines");
            }
        }
        AddStale(s_exemptions.Where(e => e.Subject.Contains('#')), needed, findings);
        findings.AssertNone($"a method has at most {MethodLinesMax} lines");
    }

    [Fact]
    public void Line_Columns_StayUnderTheLimit()
    {
        Findings findings = new();
        foreach (SourceFile file in Judged)
        {
            for (int i = 0; i < file.Lines.Length; i++)
            {
                if (file.Lines[i].Length > ColumnsMax)
                    findings.Add(file.Path, i + 1, $"{file.Lines[i].Length} columns");
            }
        }
        findings.AssertNone($"a line has at most {ColumnsMax} columns");
    }

    [Fact]
    public void File_LineEnds_AreLineFeeds()
    {
        Findings findings = new();
        foreach (SourceFile file in Judged)
        {
            if (file.Text.Contains('\r'))
                findings.Add($"{file.Path}: carriage returns");
            if (!file.Text.EndsWith('\n'))
                findings.Add($"{file.Path}: no line feed at the end");
            if (file.Text.Contains('\t'))
                findings.Add($"{file.Path}: a tab: indent by spaces, write \\t in strings");
        }
        findings.AssertNone("source files are plain: line feeds, no tabs, a final line feed");
    }

    private static IEnumerable<(SyntaxNode Node, string Name)> Methods(SyntaxNode root)
    {
        foreach (SyntaxNode node in root.DescendantNodes())
        {
            string? name = node switch
            {
                MethodDeclarationSyntax m => m.Identifier.Text,
                LocalFunctionStatementSyntax f => f.Identifier.Text,
                BaseMethodDeclarationSyntax b => b.Kind().ToString(),
                AccessorDeclarationSyntax a => a.Keyword.Text,
                _ => null,
            };
            if (name != null)
                yield return (node, name);
        }
    }

    private static bool IsExempt(string subject, HashSet<SizeExemption> needed)
    {
        SizeExemption? exemption = s_exemptions.FirstOrDefault(e => e.Subject == subject);
        if (exemption != null)
            needed.Add(exemption);
        return exemption != null;
    }

    private static void AddStale(
        IEnumerable<SizeExemption> all, HashSet<SizeExemption> needed, Findings findings)
    {
        foreach (SizeExemption exemption in all.Where(e => !needed.Contains(e)))
            findings.Add($"{exemption.Subject}: its exemption is stale: remove it");
    }

    private sealed record SizeExemption(string Subject, string Reason);
}
