// The quickstart as a reader follows it: its blocks for the shell, in an empty folder, and each of
// its programs put into Program.cs before the next of them. The first block packs both packages;
// the fixture has done that, under a version of its own, and its folder is the feed.

using LsmMmap.Testing;

namespace LsmMmap.Package.Tests;

[Collection("Feed")]
public sealed class QuickstartTests(PackedFeed feed)
{
    private const string Page = "docs/quickstart.md";

    [ShellFact]
    public void Quickstart_StepByStep_PrintsWhatThePageSays()
    {
        List<CodeBlock> blocks = PageCode.Blocks(Page);
        Assert.Contains("dotnet pack src/Engine", blocks[0].Text, StringComparison.Ordinal);
        string folder = feed.NewFolder("quickstart");
        string project = folder;
        int runs = 0;
        for (int i = 1; i < blocks.Count; i++)
        {
            CodeBlock block = blocks[i];
            if (block.Language == "csharp")
                File.WriteAllText(Path.Combine(project, "Program.cs"), block.Text + "\n");
            if (block.Language != "sh")
                continue;
            // Each block has a shell of its own; the first leads into the project's folder. The
            // page takes the newest versions, which those of a test are not.
            string version = " --version " + feed.Version;
            string lines = block.Text
                .Replace("add package LsmMmap", "add package LsmMmap" + version,
                    StringComparison.Ordinal)
                .Replace("install LsmMmap.Cli", "install LsmMmap.Cli" + version,
                    StringComparison.Ordinal);
            string script = "set -e\nexport NuGetAudit=false\n"
                + $"export LSM_FEED='{feed.Path}'\n{lines}\npwd > ../at\n";
            Ended ended = Command.Run(project, "bash", "-c", script);
            project = File.ReadAllText(Path.Combine(folder, "at")).Trim();
            if (PageCode.OutputOf(blocks, i) is not { } shown)
                continue;
            Assert.True(shown == ended.Output.TrimEnd(), $"{block.Place}: {ended.Story}");
            runs++;
        }
        Assert.Equal(3, runs);
        Assert.Contains(
            $"\"{feed.Version}\"", File.ReadAllText(Path.Combine(project, "fruit.csproj")),
            StringComparison.Ordinal);
    }
}
