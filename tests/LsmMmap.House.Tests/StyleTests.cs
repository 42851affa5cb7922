// The habits of the house that a reader leans on: a head comment in every file, names that say
// something, written visibility, assertions, no unfinished work.

using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace LsmMmap.House.Tests;

public sealed class StyleTests
{
    private const int HeadCommentCharsMin = 40;
    private const double AssertsPerThousandLinesMin = 15;

    private static readonly string[] s_emptyWords =
    [
        "Manager", "Helper", "Helpers", "Util", "Utils", "Utility", "Utilities", "Common", "Misc",
    ];

    private static readonly string[] s_unfinishedWords = ["TO" + "DO", "FIX" + "ME", "HA" + "CK"];

    [Fact]
    public void File_Start_IsAHeadComment()
    {
        Findings findings = new();
        foreach (SourceFile file in SourceTree.Code)
        {
            IEnumerable<string> head = file.Lines
                .TakeWhile(l => l.StartsWith("//", StringComparison.Ordinal))
                .Select(l => l.TrimStart('/', ' '));
            if (string.Join(' ', head).Length < HeadCommentCharsMin)
                findings.Add($"{file.Path}: say first what the file is for");
        }
        findings.AssertNone("every file opens with a comment: purpose, invariants, threads");
    }

    [Fact]
    public void Name_OfTypeOrFolder_SaysSomething()
    {
        Findings findings = new();
        foreach (SourceFile file in SourceTree.Code)
        {
            foreach (string part in file.Path.Split('/', '.'))
                AddEmptyWord(part, file.Path, findings);
            foreach (BaseTypeDeclarationSyntax type in
                file.Root.DescendantNodes().OfType<BaseTypeDeclarationSyntax>())
                AddEmptyWord(type.Identifier.Text, file.Path, findings);
        }
        findings.AssertNone("names use the words of the field");
    }

    [Fact]
    public void Comment_OfCode_PromisesNoLaterWork()
    {
        Findings findings = new();
        foreach (SourceFile file in SourceTree.Code)
        {
            foreach (SyntaxTrivia comment in file.Comments)
            {
                string text = comment.ToFullString();
                if (s_unfinishedWords.Any(w => Regex.IsMatch(text, $@"\b{w}\b")))
                    findings.Add(file, comment, text.Trim());
            }
        }
        findings.AssertNone("work that is left belongs in the issue tracker, not in comments");
    }

    [Fact]
    public void Source_Assertions_AreDenseEnough()
    {
        int lines = SourceTree.Source.Sum(f => f.LineCount);
        int asserts = SourceTree.Source.Sum(CountAsserts);
        double density = asserts * 1000.0 / lines;
        IEnumerable<string> poorest = SourceTree.Source
            .Where(f => f.LineCount > 100)
            .OrderBy(f => (double)CountAsserts(f) / f.LineCount)
            .Take(15)
            .Select(f => $"{f.Path}: {CountAsserts(f)} in {f.LineCount} lines");
        Assert.True(
            density >= AssertsPerThousandLinesMin,
            $"{asserts} Debug.Assert in {lines} lines = {density:F1} per 1,000, expected at least "
            + $"{AssertsPerThousandLinesMin}; fewest in:{Environment.NewLine}"
            + string.Join(Environment.NewLine, poorest));
    }

    [Fact]
    public void Assertion_OfSource_NamesItsInvariant()
    {
        Findings findings = new();
        foreach (SourceFile file in SourceTree.Source)
        {
            foreach (InvocationExpressionSyntax call in Asserts(file))
            {
                if (call.ArgumentList.Arguments.Count < 2)
                    findings.Add(file, call, "Debug.Assert without a message");
            }
        }
        findings.AssertNone("an assertion's message is the invariant");
    }

    [Fact]
    public void Member_OfSource_WritesItsVisibility()
    {
        Findings findings = new();
        foreach (SourceFile file in SourceTree.Source)
        {
            foreach (MemberDeclarationSyntax member in
                file.Root.DescendantNodes().OfType<MemberDeclarationSyntax>())
            {
                if (NeedsVisibility(member) && !member.Modifiers.Any(IsVisibility))
                    findings.Add(file, member, "visibility is not written");
            }
        }
        findings.AssertNone("visibility is always written");
    }

    [Fact]
    public void PrivateField_OfSource_IsNamedByItsScope()
    {
        Findings findings = new();
        foreach (SourceFile file in SourceTree.Source)
        {
            foreach (FieldDeclarationSyntax field in
                file.Root.DescendantNodes().OfType<FieldDeclarationSyntax>())
            {
                if (!field.Modifiers.Any(SyntaxKind.PrivateKeyword))
                    continue;
                string pattern = FieldPattern(field);
                foreach (VariableDeclaratorSyntax name in field.Declaration.Variables)
                {
                    if (!Regex.IsMatch(name.Identifier.Text, pattern))
                        findings.Add(file, name, $"{name.Identifier}: {pattern}");
                }
            }
        }
        findings.AssertNone("fields are _camel, statics s_camel, thread statics t_camel");
    }

    [Fact]
    public void Test_Name_HasThreeParts()
    {
        Findings findings = new();
        foreach (SourceFile file in SourceTree.CodeUnder("tests/"))
        {
            foreach (MethodDeclarationSyntax method in
                file.Root.DescendantNodes().OfType<MethodDeclarationSyntax>())
            {
                bool isTest = method.AttributeLists.SelectMany(a => a.Attributes)
                    .Any(a => a.Name.ToString() is "Fact" or "Theory");
                if (isTest && method.Identifier.Text.Count(c => c == '_') < 2)
                    findings.Add(file, method, method.Identifier.Text);
            }
        }
        findings.AssertNone("a test is named Subject_Condition_Result");
    }

    private static void AddEmptyWord(string name, string where, Findings findings)
    {
        foreach (string word in Regex.Split(name, "(?<=[a-z0-9])(?=[A-Z])"))
        {
            if (s_emptyWords.Contains(word))
                findings.Add($"{where}: {name}: '{word}' says nothing");
        }
    }

    private static int CountAsserts(SourceFile file) => Asserts(file).Count();

    private static IEnumerable<InvocationExpressionSyntax> Asserts(SourceFile file) =>
        file.Root.DescendantNodes().OfType<InvocationExpressionSyntax>()
            .Where(c => c.Expression.ToString() == "Debug.Assert");

    private static bool NeedsVisibility(MemberDeclarationSyntax member)
    {
        if (member is BaseNamespaceDeclarationSyntax or EnumMemberDeclarationSyntax
            or DestructorDeclarationSyntax or GlobalStatementSyntax or IncompleteMemberSyntax)
            return false;
        if (member.Parent is InterfaceDeclarationSyntax)
            return false;
        bool isTypeInitializer = member is ConstructorDeclarationSyntax
            && member.Modifiers.Any(SyntaxKind.StaticKeyword);
        return !isTypeInitializer && !IsExplicitImplementation(member);
    }

    private static bool IsExplicitImplementation(MemberDeclarationSyntax member) => member switch
    {
        MethodDeclarationSyntax m => m.ExplicitInterfaceSpecifier != null,
        BasePropertyDeclarationSyntax p => p.ExplicitInterfaceSpecifier != null,
        _ => false,
    };

    private static bool IsVisibility(SyntaxToken token) => token.Kind() is
        SyntaxKind.PublicKeyword or SyntaxKind.InternalKeyword or SyntaxKind.PrivateKeyword or
        SyntaxKind.ProtectedKeyword or SyntaxKind.FileKeyword;

    private static string FieldPattern(FieldDeclarationSyntax field)
    {
        if (field.Modifiers.Any(SyntaxKind.ConstKeyword))
            return "^[A-Z][A-Za-z0-9]*$";
        if (!field.Modifiers.Any(SyntaxKind.StaticKeyword))
            return "^_[a-z][A-Za-z0-9]*$";
        bool isPerThread = field.AttributeLists.ToString().Contains(
            "ThreadStatic", StringComparison.Ordinal);
        return isPerThread ? "^t_[a-z][A-Za-z0-9]*$" : "^s_[a-z][A-Za-z0-9]*$";
    }
}
