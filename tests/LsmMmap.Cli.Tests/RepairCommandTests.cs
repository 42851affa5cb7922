// lsm repair: exit codes, every form of output, the plan before the deed.

using System.Text.Json;

namespace LsmMmap.Cli.Tests;

public sealed class RepairCommandTests
{
    [Fact]
    public void Repair_HealthyStore_EndsWithZeroAndSaysSo()
    {
        using var folder = new CliFolder();
        Fill(folder);
        CliResult result = folder.Must("repair", "--json");
        Assert.True(Summary(result).GetProperty("wasHealthy").GetBoolean());
        Assert.Contains("healthy", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Repair_ManifestLost_BringsTheStoreBack()
    {
        using var folder = new CliFolder();
        Fill(folder);
        string before = folder.Must("scan").Out;
        File.Delete(folder.FilesOf("MANIFEST-*")[0]);
        Assert.Equal(1, folder.OnStore("get", "key").Code);
        CliResult plan = folder.OnStore("repair", "--dry-run", "--json");
        Assert.Equal(1, plan.Code);
        Assert.Equal(1, folder.OnStore("get", "key").Code);
        CliResult done = folder.Must("repair", "--json");
        Assert.Equal(plan.Lines[..^1], done.Lines[..^1]);
        Assert.Equal("merged", JsonDocument.Parse(done.Lines[0]).RootElement
            .GetProperty("fate").GetString());
        Assert.Equal(before, folder.Must("scan").Out);
        Assert.Equal("1\n", folder.Must("get", "key", "-k", "other").Out);
        folder.Must("verify");
    }

    [Fact]
    public void Repair_TableDamaged_EndsWithOneAndNamesIt()
    {
        using var folder = new CliFolder();
        Fill(folder);
        string table = folder.FilesOf("*.sst")[0];
        CliFolder.Flip(table, 1000);
        CliResult result = folder.OnStore("repair");
        Assert.Equal(1, result.Code);
        Assert.Contains(result.Lines, line => line.StartsWith(
            Path.GetFileName(table) + "\tlost\t", StringComparison.Ordinal));
        Assert.True(File.Exists(Path.Combine(folder.Store, "lost", Path.GetFileName(table))));
        folder.Must("verify");
        string person = CliFolder.Run(
            [], asTerminal: true, "repair", "--db", folder.Store).Out;
        Assert.Contains("entries saved", person, StringComparison.Ordinal);
    }

    [Fact]
    public void Repair_StoreInUseOrNone_EndsWithOne()
    {
        using var folder = new CliFolder();
        Assert.Equal(1, folder.OnStore("repair").Code);
        using LsmStore store = LsmStore.Open(folder.Store);
        Assert.Equal(1, folder.OnStore("repair").Code);
    }

    // Without the look at the other files only CURRENT was told.
    [Fact]
    public void Verify_StoreThatDoesNotOpen_ChecksTheOtherFilesToo()
    {
        using var folder = new CliFolder();
        Fill(folder);
        string table = folder.FilesOf("*.sst")[0];
        CliFolder.Flip(table, 1000);
        CliFolder.Flip(Path.Combine(folder.Store, "CURRENT"), 0);
        CliResult result = folder.OnStore("verify", "--json");
        Assert.Equal(1, result.Code);
        Assert.Contains(result.Lines, line => line.Contains(
            Path.GetFileName(table), StringComparison.Ordinal));
        Assert.Contains("repair", result.Error, StringComparison.Ordinal);
    }

    private static void Fill(CliFolder folder)
    {
        string file = folder.Write("in.txt", string.Concat(
            Enumerable.Range(1, 5000).Select(i => $"{i} {new string('x', i % 200)}\n")));
        folder.Must("load", file, "--memtable-bytes", "65536");
        folder.Must("compact");
        folder.Must("put", "key", "1", "-k", "other");
    }

    private static JsonElement Summary(CliResult result) =>
        JsonDocument.Parse(result.Lines[^1]).RootElement;
}
