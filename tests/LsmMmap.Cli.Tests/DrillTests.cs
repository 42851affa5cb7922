// The drill of docs/operations.md, as an operator would type it: the lines of its blocks marked
// "sh drill" in one shell, with `lsm` on the path, in an empty folder. A line ends with 0, or with
// N where the page says "# ends with N". The text below a block is what its lines print; "..."
// there stands for any lines. Seen to fail: with one damage told where there are two.

using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using LsmMmap.Testing;

namespace LsmMmap.Cli.Tests;

[SupportedOSPlatform("linux")]
public sealed class DrillTests
{
    private const string Page = "docs/operations.md";
    private const string EndMark = "the line ended with ";

    // A drill takes ten seconds; a line that waits for something lost would wait for ever.
    private static readonly TimeSpan s_never = TimeSpan.FromMinutes(5);

    [LinuxFact]
    public void Drill_LineByLine_DoesWhatThePageSays()
    {
        List<CodeBlock> blocks = PageCode.Blocks(Page);
        CodeBlock[] drill = [.. blocks.Where(block => block.Info == "sh drill")];
        Assert.True(drill.Length > 3, $"{Page} has no drill");
        using var folder = new TemporaryFolder();
        string[] told = Run(folder.Path, string.Join('\n', drill.Select(block => block.Text)));
        int at = 0;
        foreach (CodeBlock block in drill)
        {
            List<string> printed = [];
            foreach (string line in Lines(block))
            {
                string end = Take(told, ref at, printed);
                Match wanted = Regex.Match(line, "# ends with ([0-9]+)$");
                string code = wanted.Success ? wanted.Groups[1].Value : "0";
                Assert.True(
                    end == EndMark + code,
                    $"{block.Place}: {line}\n{end}\n{string.Join('\n', told)}");
            }
            if (PageCode.OutputOf(blocks, blocks.IndexOf(block)) is { } shown)
                AssertShows(block, shown, printed);
        }
    }

    private static IEnumerable<string> Lines(CodeBlock block) =>
        block.Text.Split('\n').Where(line => line.Length > 0);

    /// <summary>Lines up to the mark that ends a command; gives the mark.</summary>
    private static string Take(string[] told, ref int at, List<string> printed)
    {
        while (at < told.Length && !told[at].StartsWith(EndMark, StringComparison.Ordinal))
            printed.Add(told[at++]);
        return at < told.Length ? told[at++] : "the shell ended before";
    }

    private static void AssertShows(CodeBlock block, string shown, List<string> printed)
    {
        string pattern = string.Concat(shown.Split('\n').Select(line =>
            line == "..." ? "(.*\n)*?" : Regex.Escape(Plain(line)) + "\n"));
        string text = string.Concat(printed.Select(line => Plain(line) + "\n"));
        Assert.True(
            Regex.IsMatch(text, $"^{pattern}$"), $"{block.Place}: the lines print\n{text}");
    }

    // Columns are parted by a tab in a pipe, by blanks on the page.
    private static string Plain(string line) => Regex.Replace(line.Trim(), @"\s+", " ");

    private static string[] Run(string folder, string lines)
    {
        string tools = Directory.CreateDirectory(Path.Combine(folder, "tools")).FullName;
        string work = Directory.CreateDirectory(Path.Combine(folder, "work")).FullName;
        string lsm = Path.Combine(tools, "lsm");
        string assembly = Path.Combine(AppContext.BaseDirectory, "lsm.dll");
        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        File.WriteAllText(lsm, $"#!/bin/sh\nexec '{host}' '{assembly}' \"$@\"\n");
        File.SetUnixFileMode(lsm, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string script = Path.Combine(folder, "drill.sh");
        File.WriteAllText(script, string.Concat(
            lines.Split('\n').Where(line => line.Length > 0)
                .Select(line => $"{line}\necho \"{EndMark}$?\"\n")));
        var start = new ProcessStartInfo("bash", [script])
        {
            WorkingDirectory = work,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["PATH"] = $"{tools}:{start.Environment["PATH"]}";
        start.Environment.Remove("LSM_DB");
        using Process shell = Process.Start(start)!;
        shell.StandardInput.Close();
        Task<string> output = shell.StandardOutput.ReadToEndAsync();
        if (!shell.WaitForExit(s_never))
        {
            shell.Kill(entireProcessTree: true);
            Assert.Fail($"the drill of {Page} did not end in {s_never}");
        }
        return output.Result.TrimEnd('\n').Split('\n');
    }
}

/// <summary>A test of what is written for Linux.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() =>
        Skip = OperatingSystem.IsLinux() ? null : "the drill is written for a shell of Linux";
}
