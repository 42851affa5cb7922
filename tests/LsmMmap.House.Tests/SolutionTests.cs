// The solution, the project files and the tree say the same: a project that the solution does not
// list would be neither built nor tested.

using System.Text.RegularExpressions;

namespace LsmMmap.House.Tests;

public sealed class SolutionTests
{
    private static readonly string[] s_configurations = ["Debug", "Release", "Checked"];

    [Fact]
    public void Solution_Projects_AreThoseOfTheTree()
    {
        string[] listed = [.. Projects().Select(p => p.Path)];
        string[] present =
            [.. SourceTree.Paths.Where(p => p.EndsWith(".csproj", StringComparison.Ordinal))];
        Findings findings = new();
        foreach (string path in present.Except(listed))
            findings.Add($"{path}: not in LsmMmap.sln");
        foreach (string path in listed.Except(present))
            findings.Add($"{path}: in LsmMmap.sln, but not in the tree");
        findings.AssertNone("LsmMmap.sln lists every project, and only those");
    }

    [Fact]
    public void Solution_EveryProject_BuildsInEveryConfiguration()
    {
        string text = Text();
        Findings findings = new();
        foreach ((string path, string id) in Projects())
        {
            foreach (string configuration in s_configurations)
            {
                string line = $"{{{id}}}.{configuration}|Any CPU.Build.0 = {configuration}|Any CPU";
                if (!text.Contains(line, StringComparison.OrdinalIgnoreCase))
                    findings.Add($"{path}: no '{line}'");
            }
        }
        findings.AssertNone("every project is built in Debug, Release and Checked");
    }

    [Fact]
    public void Solution_Header_IsTheClassicForm()
    {
        Assert.StartsWith(
            "Microsoft Visual Studio Solution File, Format Version 12.00",
            Text().TrimStart('\uFEFF', '\r', '\n'), StringComparison.Ordinal);
    }

    // What each project of src may ask for beyond the framework.
    private static readonly Dictionary<string, string[]> s_packages = new()
    {
        ["src/Wal/"] = ["System.IO.Hashing"],
        ["src/Sstable/"] = ["K4os.Compression.LZ4", "System.IO.Hashing"],
        ["src/Engine/"] = ["K4os.Compression.LZ4", "System.IO.Hashing"],
        ["src/Hosting/"] =
        [
            "Microsoft.Extensions.Diagnostics.HealthChecks",
            "Microsoft.Extensions.Hosting.Abstractions",
            "Microsoft.Extensions.Logging.Abstractions",
            "Microsoft.Extensions.Options",
        ],
        ["src/Caching/"] =
        [
            "Microsoft.Extensions.Caching.Abstractions",
            "Microsoft.Extensions.DependencyInjection.Abstractions",
            "Microsoft.Extensions.Logging.Abstractions",
            "Microsoft.Extensions.Options",
        ],
    };

    [Fact]
    public void StoreProject_Packages_AreThoseAgreed()
    {
        Findings findings = new();
        foreach (string path in SourceTree.Paths.Where(IsStoreProject))
        {
            foreach (Match package in Regex.Matches(
                SourceTree.Read(path), "<PackageReference Include=\"([^\"]+)\""))
            {
                string name = package.Groups[1].Value;
                string folder = path[..(path.LastIndexOf('/') + 1)];
                if (!s_packages.TryGetValue(folder, out string[]? agreed) || !agreed.Contains(name))
                    findings.Add($"{path}: {name}");
            }
        }
        findings.AssertNone("a project of src asks for the packages agreed for it");
    }

    [Fact]
    public void WalProject_UnsafeBlocks_AreOff()
    {
        Assert.DoesNotContain(
            "AllowUnsafeBlocks", SourceTree.Read("src/Wal/LsmMmap.Wal.csproj"),
            StringComparison.Ordinal);
    }

    private static bool IsStoreProject(string path) =>
        path.StartsWith("src/", StringComparison.Ordinal)
        && path.EndsWith(".csproj", StringComparison.Ordinal);

    private static string Text() => SourceTree.Read("LsmMmap.sln");

    private static IEnumerable<(string Path, string Id)> Projects()
    {
        Regex project = new(
            @"Project\(""[^""]+""\) = ""[^""]+"", ""([^""]+\.csproj)"", ""\{([^}]+)\}""");
        foreach (Match line in project.Matches(Text()))
            yield return (line.Groups[1].Value.Replace('\\', '/'), line.Groups[2].Value);
    }
}
