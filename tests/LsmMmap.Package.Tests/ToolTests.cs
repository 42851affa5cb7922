// The tool as its users have it: installed from its package, and published trimmed and as native
// code. The same commands must work on a store in each form.

namespace LsmMmap.Package.Tests;

[Collection("Feed")]
public sealed class ToolTests(PackedFeed feed)
{
    [Fact]
    public void Tool_Installed_WorksOnAStore()
    {
        string folder = feed[nameof(Tool_Installed_WorksOnAStore)];
        Command.Dotnet(
            feed.Path, "tool", "install", "--tool-path", folder, "--add-source", feed.Path,
            "LsmMmap.Cli", "--version", feed.Version);
        Expect(folder);
    }

    [TrimmedFact]
    public void Tool_Trimmed_WorksOnAStore()
    {
        string folder = feed[nameof(Tool_Trimmed_WorksOnAStore)];
        NoTrimWarning.In(
            feed.Build("publish", "tools/LsmMmap.Cli", ["-o", folder, .. Requirements.Trimmed]));
        Expect(folder);
    }

    [NativeFact]
    public void Tool_Native_WorksOnAStore()
    {
        string folder = feed[nameof(Tool_Native_WorksOnAStore)];
        NoTrimWarning.In(
            feed.Build("publish", "tools/LsmMmap.Cli", ["-o", folder, .. Requirements.Native]));
        Assert.Empty(Directory.GetFiles(folder, "*.dll"));
        Expect(folder);
    }

    private void Expect(string tool)
    {
        string store = tool + "-store";
        Assert.StartsWith(feed.Version, Lsm("--version"), StringComparison.Ordinal);
        Assert.Contains("verify", Lsm("--help"), StringComparison.Ordinal);
        Lsm("put", "--db", store, "apple", "red");
        Lsm("put", "--db", store, "banana", "yellow", "--durability", "synced");
        Assert.Equal("red\n", Lsm("get", "--db", store, "apple"));
        Assert.Equal("apple\tred\nbanana\tyellow\n", Lsm("scan", "--db", store));
        Assert.Contains(
            """{"key":"apple","value":"red"}""", Lsm("scan", "--db", store, "--json"),
            StringComparison.Ordinal);
        Lsm("compact", "--db", store);
        Assert.Contains("\"tables\"", Lsm("stats", "--db", store, "--json"),
            StringComparison.Ordinal);
        Lsm("explain", "--db", store);
        Lsm("verify", "--db", store);

        string Lsm(params string[] arguments) =>
            Command.Run(feed.Path, Path.Combine(tool, "lsm"), arguments).Output;
    }
}
