// Locks of the source: every class with one says in an AssertInvariants what holds under it, and
// asks it there. The engine's locks are Gates, because an interrupt must not break them and tests
// decide at their entries who goes on.

using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace LsmMmap.House.Tests;

public sealed class GateTests
{
    private const string Waiting = "src/Engine/Waiting/";

    [Fact]
    public void Lock_OfSource_HasInvariantsThatAreAsserted()
    {
        Findings findings = new();
        foreach (IGrouping<string, (SourceFile File, TypeDeclarationSyntax Type)> parts in Types())
        {
            string text = string.Concat(parts.Select(static p => p.Type.ToString()));
            foreach ((SourceFile file, TypeDeclarationSyntax type) in parts)
            {
                foreach ((SyntaxNode node, string name) in Locks(type))
                    Judge(file, node, name, text, findings);
            }
        }
        findings.AssertNone("a lock has an AssertInvariants, called where the lock is held");
    }

    [Fact]
    public void Engine_Locks_AreGates()
    {
        Findings findings = new();
        foreach (SourceFile file in SourceTree.CodeUnder("src/Engine/"))
        {
            if (file.Path.StartsWith(Waiting, StringComparison.Ordinal))
                continue;
            foreach (LockStatementSyntax node in
                file.Root.DescendantNodes().OfType<LockStatementSyntax>())
                findings.Add(file, node, "lock: use a Gate");
            foreach (MemberAccessExpressionSyntax node in
                file.Root.DescendantNodes().OfType<MemberAccessExpressionSyntax>())
            {
                if (node.Expression.ToString() == "Monitor")
                    findings.Add(file, node, $"{node}: use a Gate");
            }
            foreach (ObjectCreationExpressionSyntax node in
                file.Root.DescendantNodes().OfType<ObjectCreationExpressionSyntax>())
            {
                if (node.Type.ToString() is "Thread" or "SemaphoreSlim"
                    or "ManualResetEventSlim" or "AutoResetEvent")
                    findings.Add(file, node, $"{node.Type}: use a StoreThread or a Gate");
            }
        }
        findings.AssertNone("the engine waits in Gates alone (src/Engine/Waiting)");
    }

    private static IEnumerable<IGrouping<string, (SourceFile, TypeDeclarationSyntax)>> Types() =>
        SourceTree.Source
            .Where(static f => !f.Path.StartsWith(Waiting, StringComparison.Ordinal))
            .SelectMany(static f => f.Root.DescendantNodes().OfType<TypeDeclarationSyntax>()
                .Select(t => (File: f, Type: t)))
            .GroupBy(static p => p.Type.Identifier.Text);

    private static IEnumerable<(SyntaxNode Node, string Name)> Locks(TypeDeclarationSyntax type)
    {
        foreach (MemberDeclarationSyntax member in type.Members)
        {
            if (member is FieldDeclarationSyntax field
                && field.Declaration.Type.ToString() is "Lock" or "Gate")
            {
                yield return (member, ((FieldDeclarationSyntax)member)
                    .Declaration.Variables[0].Identifier.Text);
            }
            else if (member is PropertyDeclarationSyntax property
                && property.Type.ToString() is "Lock" or "Gate")
            {
                yield return (member, ((PropertyDeclarationSyntax)member).Identifier.Text);
            }
        }
    }

    private static void Judge(
        SourceFile file, SyntaxNode node, string name, string text, Findings findings)
    {
        string asserted =
            $@"Assert\w*Invariants\(\)\s*(?:=>|\{{)[^}}]*?\b{name}\.IsHeld(?:ByCurrentThread)?\b";
        if (!Regex.IsMatch(text, asserted))
            findings.Add(file, node, $"{name}: no Assert...Invariants asserts that it is held");
        string held = $@"\((?:{name}|{name}\.Hold\(\))\)\s*\{{[^}}]*?Assert\w*Invariants\(\);";
        if (!Regex.IsMatch(text, held))
            findings.Add(file, node, $"{name}: no holder calls the invariants");
    }
}
