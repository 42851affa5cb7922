// The C# on the pages is code: every block compiles against the built library and runs, in an empty
// folder, and prints what the page says (the ```text block right after one is its output).
//
// A block is a program of its own, unless its page has a ```csharp first block: that one stands
// before each later block of the page. What is marked ```csharp peer uses other engines' packages
// and is compiled and run by LsmMmap.Workloads.Tests.
// Seen to fail: with a wrong word in an output, and with a call that does not exist.
// Threads: running changes the process's working directory and console, so this class runs alone.

using LsmMmap.Testing;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace LsmMmap.House.Tests;

[CollectionDefinition("Alone", DisableParallelization = true)]
public sealed class RunsAlone;

[Collection("Alone")]
public sealed class ExampleTests
{
    private const string First = "first";
    private const string Peer = "peer";

    private static IEnumerable<string> PagesWithCode => SourceTree.Pages.Where(
        p => p == "README.md" || p.StartsWith("docs/", StringComparison.Ordinal)
            || p.StartsWith("src/", StringComparison.Ordinal));

    [Fact]
    public void Example_OfEveryPage_CompilesRunsAndPrintsWhatThePageSays()
    {
        Findings findings = new();
        int run = 0;
        foreach (string page in PagesWithCode)
        {
            List<CodeBlock> blocks = PageCode.Blocks(page);
            string before = "";
            for (int i = 0; i < blocks.Count; i++)
            {
                CodeBlock block = blocks[i];
                if (block.Language != "csharp" || block.Mark == Peer)
                    continue;
                string text = before + block.Text + "\n";
                Judge(block, text, PageCode.OutputOf(blocks, i), findings);
                run++;
                if (block.Mark == First)
                    before = text;
            }
        }
        Assert.True(run > 20, $"only {run} examples were found");
        findings.AssertNone("code on the pages compiles, runs and prints what the page says");
    }

    [Fact]
    public void Mark_OfEveryBlock_IsOneThatATestKnows()
    {
        string[] known = ["csharp", "csharp first", "csharp peer", "sh", "sh drill", "text", ""];
        Findings findings = new();
        foreach (CodeBlock block in PagesWithCode.SelectMany(PageCode.Blocks))
        {
            bool isOurs = block.Language is "csharp" or "sh" or "text" or "";
            if (isOurs && !known.Contains(block.Info))
                findings.Add(block.Page, block.Line, $"'{block.Info}' is run by no test");
        }
        findings.AssertNone("docs/testing.md says which marks there are");
    }

    private static void Judge(CodeBlock block, string text, string? expected, Findings findings)
    {
        CSharpCompilation program = PageProgram.Compile(
            block.Place, text, SourceCompilation.Libraries);
        Diagnostic[] errors =
            [.. program.GetDiagnostics().Where(d => d.Severity == DiagnosticSeverity.Error)];
        if (errors.Length > 0)
        {
            findings.Add(block.Page, block.Line, string.Join<Diagnostic>(" ", errors));
            return;
        }
        using var folder = new TemporaryFolder();
        try
        {
            string printed = PageProgram.Run(program, folder.Path).Trim();
            if (expected != null && printed != expected.Trim())
                findings.Add(block.Page, block.Line, $"the page shows other than:\n{printed}");
        }
        catch (Exception e)
        {
            findings.Add(block.Page, block.Line, $"the program ended with {e}");
        }
    }
}
