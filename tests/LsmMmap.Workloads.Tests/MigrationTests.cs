// The code of the migration pages that uses other engines: the ```csharp peer blocks of a page run
// one after the other in one folder, so that the copy finds what the example before it made, and
// print what the page says. (What uses this store alone is run by the House tests.)
// Seen to fail: with a wrong count in an output, and with a call of ours on the peer's side.
// Threads: running changes the process's working directory and console, so this class runs alone.

using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using LsmMmap.House.Tests;
using LsmMmap.Testing;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace LsmMmap.Workloads.Tests;

[CollectionDefinition("Alone", DisableParallelization = true)]
public sealed class RunsAlone;

[Collection("Alone")]
public sealed class MigrationTests
{
    [Fact]
    public void Page_OfRocksDbSharp_RunsAndPrintsWhatItSays() =>
        Run("docs/migrate-from-rocksdbsharp.md");

    [Fact]
    public void Page_OfZoneTree_RunsAndPrintsWhatItSays() =>
        Run("docs/migrate-from-zonetree.md");

    [Fact]
    public void Page_OfLightningDb_Compiles()
    {
        foreach ((CodeBlock block, _) in PeerBlocks("docs/migrate-from-lightningdb.md"))
            Compile(block);
    }

    [LightningFact]
    public void Page_OfLightningDb_RunsAndPrintsWhatItSays() =>
        Run("docs/migrate-from-lightningdb.md");

    [Fact]
    public void Block_OfAPeer_StandsOnAPageThatIsRun()
    {
        string[] pages = [.. Directory.GetFiles(Path.Combine(PageCode.Root, "docs"), "*.md")
            .Select(path => "docs/" + Path.GetFileName(path))
            .Where(page => PageCode.Blocks(page).Any(block => block.Mark == "peer"))
            .Order(StringComparer.Ordinal)];
        Assert.Equal(
            [
                "docs/migrate-from-lightningdb.md", "docs/migrate-from-rocksdbsharp.md",
                "docs/migrate-from-zonetree.md",
            ],
            pages);
    }

    [Theory]
    [InlineData("docs/migrate-from-rocksdbsharp.md", "RocksDbSharp")]
    [InlineData("docs/migrate-from-lightningdb.md", "LightningDB")]
    [InlineData("docs/migrate-from-zonetree.md", "ZoneTree")]
    public void Name_InTheTables_ExistsInItsLibrary(string page, string peer)
    {
        HashSet<string> theirs = NamesOf(Assembly.Load(peer));
        HashSet<string> ours = NamesOf(typeof(LsmStore).Assembly);
        List<string> missing = [];
        int judged = 0;
        foreach (string[] cells in TableRows(page, peer))
        {
            Judge(cells[0], theirs);
            Judge(cells[1], ours);
        }
        Assert.True(judged > 80, $"{page} names only {judged}");
        Assert.True(missing.Count == 0, $"{page}: {string.Join(", ", missing)}");

        void Judge(string cell, HashSet<string> known)
        {
            foreach (Match name in Regex.Matches(
                string.Concat(Regex.Matches(cell, "`[^`]+`")), @"(?<!\w)[A-Z]\w+"))
            {
                judged++;
                if (!known.Contains(name.Value))
                    missing.Add($"{name.Value} in \"{cell.Trim()}\"");
            }
        }
    }

    /// <summary>The rows of the tables whose first column is the peer's.</summary>
    private static IEnumerable<string[]> TableRows(string page, string peer)
    {
        bool isInside = false;
        foreach (string line in File.ReadLines(Path.Combine(PageCode.Root, page)))
        {
            if (line.StartsWith($"| {peer} |", StringComparison.Ordinal))
                isInside = true;
            else if (!line.StartsWith('|'))
                isInside = false;
            else if (isInside && !line.StartsWith("|--", StringComparison.Ordinal))
                yield return line.Trim('|').Split('|');
        }
    }

    private static HashSet<string> NamesOf(Assembly library) =>
    [
        .. library.GetExportedTypes().SelectMany(type =>
            type.GetMembers().Select(member => member.Name).Append(type.Name.Split('`')[0])),
    ];

    private static void Run(string page)
    {
        using var folder = new TemporaryFolder();
        foreach ((CodeBlock block, string? output) in PeerBlocks(page))
        {
            string printed = PageProgram.Run(Compile(block), folder.Path);
            Assert.True(output != null, $"{block.Place} says nothing of what it prints");
            Assert.True(output.Trim() == printed.Trim(), $"{block.Place} prints\n{printed}");
        }
    }

    private static CSharpCompilation Compile(CodeBlock block)
    {
        CSharpCompilation program = PageProgram.Compile(block.Place, block.Text, "LsmMmap");
        Diagnostic[] errors = [.. program.GetDiagnostics().Where(
            diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)];
        Assert.True(errors.Length == 0, string.Join('\n', errors.Select(e => e.ToString())));
        return program;
    }

    private static List<(CodeBlock Block, string? Output)> PeerBlocks(string page)
    {
        List<CodeBlock> blocks = PageCode.Blocks(page);
        List<(CodeBlock, string?)> found = [];
        for (int i = 0; i < blocks.Count; i++)
        {
            if (blocks[i].Info == "csharp peer")
                found.Add((blocks[i], PageCode.OutputOf(blocks, i)));
        }
        Assert.Equal(2, found.Count);
        return found;
    }
}

/// <summary>Runs where the native library of the package LightningDB loads: it wants a newer C
/// library than some systems have.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LightningFactAttribute : FactAttribute
{
    private static readonly bool s_loads = NativeLibrary.TryLoad(
        "lmdb", typeof(LightningDB.LightningEnvironment).Assembly, null, out _);

    public LightningFactAttribute() =>
        Skip = s_loads ? null : "the native library of LightningDB does not load on this system";
}
