// The C# on the pages is code: every block compiles against the built libraries as a program of its
// own, and those of the pages for users also run, in an empty folder, and print what the page says
// (the ```text block right after one is its output).
// Threads: running changes the process's working directory and console, so this class runs alone.

using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;

namespace LsmMmap.House.Tests;

[CollectionDefinition("Alone", DisableParallelization = true)]
public sealed class RunsAlone;

[Collection("Alone")]
public sealed class ExampleTests
{
    private static IEnumerable<string> PagesWithCode => SourceTree.Pages.Where(
        p => p == "README.md" || p.StartsWith("docs/", StringComparison.Ordinal));

    [Fact]
    public void Example_OfEveryPage_Compiles()
    {
        Findings findings = new();
        foreach (CodeBlock block in PagesWithCode.SelectMany(MarkdownCode.Blocks))
        {
            if (block.Language != "csharp")
                continue;
            foreach (Diagnostic problem in Compile(block).GetDiagnostics())
            {
                if (problem.Severity == DiagnosticSeverity.Error)
                    findings.Add($"{block.Page}:{block.Line}: {problem}");
            }
        }
        findings.AssertNone("code on the pages compiles");
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/caching.md")]
    [InlineData("src/Caching/README.md")]
    public void Example_OfPage_RunsAndPrintsWhatThePageSays(string page)
    {
        CodeBlock[] blocks = [.. MarkdownCode.Blocks(page)];
        int run = 0;
        for (int i = 0; i < blocks.Length; i++)
        {
            if (blocks[i].Language != "csharp")
                continue;
            string printed = RunInEmptyFolder(blocks[i]);
            run++;
            if (i + 1 < blocks.Length && blocks[i + 1].Language == "text")
                Assert.Equal(blocks[i + 1].Text.Trim(), printed.Trim());
        }
        Assert.True(run > 0, $"{page} shows no C#");
    }

    private static CSharpCompilation Compile(CodeBlock block)
    {
        SyntaxTree tree = CSharpSyntaxTree.ParseText(
            block.Text, SourceTree.ParseOptions, block.Page);
        return CSharpCompilation.Create(
            "Example",
            [SourceCompilation.ImplicitUsingsTree, tree],
            SourceCompilation.References([
                "LsmMmap.dll", "LsmMmap.Extensions.Caching.dll",
                "Microsoft.Extensions.Caching.Hybrid.dll",
                "Microsoft.Extensions.DependencyInjection.dll",
                .. SourceCompilation.ExtensionPackages]),
            new CSharpCompilationOptions(
                OutputKind.ConsoleApplication,
                nullableContextOptions: NullableContextOptions.Enable));
    }

    private static string RunInEmptyFolder(CodeBlock block)
    {
        using MemoryStream image = new();
        EmitResult result = Compile(block).Emit(image);
        string problems = string.Join(Environment.NewLine, result.Diagnostics);
        Assert.True(result.Success, $"{block.Page}:{block.Line}: {problems}");
        image.Position = 0;
        string folder = Directory.CreateTempSubdirectory("lsm-example-").FullName;
        string previousFolder = Directory.GetCurrentDirectory();
        TextWriter previousOutput = Console.Out;
        using StringWriter output = new();
        AssemblyLoadContext context = new("Example", isCollectible: true);
        try
        {
            Directory.SetCurrentDirectory(folder);
            Console.SetOut(output);
            MethodInfo entry = context.LoadFromStream(image).EntryPoint!;
            object?[] arguments = entry.GetParameters().Length == 0 ? [] : [Array.Empty<string>()];
            entry.Invoke(null, arguments);
        }
        finally
        {
            Console.SetOut(previousOutput);
            Directory.SetCurrentDirectory(previousFolder);
            context.Unload();
            Directory.Delete(folder, recursive: true);
        }
        return output.ToString().ReplaceLineEndings("\n");
    }
}
