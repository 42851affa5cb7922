// stats, verify and compact on a healthy store and on a damaged one.

using System.Text.Json;

namespace LsmMmap.Cli.Tests;

public sealed class CheckCommandTests
{
    [Fact]
    public void Stats_EveryForm_CarriesTheSameNames()
    {
        using var folder = new CliFolder();
        folder.Must("put", "a", "1");
        JsonElement json = JsonDocument.Parse(folder.Must("stats", "--json").Out).RootElement;
        string[] names = [.. folder.Must("stats").Lines.Select(line => line.Split('\t')[0])];
        Assert.Equal(json.EnumerateObject().Select(property => property.Name), names);
        Assert.Equal(1, json.GetProperty("keyspaces").GetInt64());
        Assert.True(json.GetProperty("directoryBytes").GetInt64() > 0);
        string person = CliFolder.Run([], asTerminal: true, "stats", "--db", folder.Store).Out;
        Assert.Contains("table bytes", person, StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_HealthyStore_EndsWithZero()
    {
        using var folder = new CliFolder();
        Fill(folder);
        JsonElement json = JsonDocument.Parse(folder.Must("verify", "--json").Out).RootElement;
        Assert.Equal(0, json.GetProperty("damages").GetInt64());
        Assert.True(json.GetProperty("blocksChecked").GetInt64() > 0);
    }

    [Fact]
    public void Verify_FlippedByteInATable_EndsWithOneAndNamesFileAndOffset()
    {
        using var folder = new CliFolder();
        Fill(folder);
        string table = folder.FilesOf("*.sst")[0];
        CliFolder.Flip(table, 1000);
        CliResult result = folder.OnStore("verify", "--json");
        Assert.Equal(1, result.Code);
        JsonElement damage = JsonDocument.Parse(result.Lines[0]).RootElement;
        Assert.Contains(Path.GetFileName(table), damage.GetProperty("file").GetString()!,
            StringComparison.Ordinal);
        Assert.True(damage.GetProperty("offset").GetInt64() <= 1000);
        Assert.Equal(1, folder.OnStore("verify").Code);
    }

    [Fact]
    public void Verify_StoreThatDoesNotOpen_ReportsTheDamage()
    {
        using var folder = new CliFolder();
        Fill(folder);
        CliFolder.Flip(Path.Combine(folder.Store, "CURRENT"), 0);
        CliResult result = folder.OnStore("verify", "--json");
        Assert.Equal(1, result.Code);
        JsonElement summary = JsonDocument.Parse(result.Lines[^1]).RootElement;
        Assert.Equal(1, summary.GetProperty("damages").GetInt64());
    }

    [Fact]
    public void Scan_DamagedTable_EndsWithOneAndSaysWhere()
    {
        using var folder = new CliFolder();
        Fill(folder);
        string table = folder.FilesOf("*.sst")[0];
        CliFolder.Flip(table, 1000);
        CliResult result = folder.OnStore("scan");
        Assert.Equal(1, result.Code);
        Assert.Contains(Path.GetFileName(table), result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Compact_DeletedKeys_MakesTheStoreSmaller()
    {
        using var folder = new CliFolder();
        Fill(folder);
        string file = folder.Write("again.txt", string.Concat(
            Enumerable.Range(1, 5000).Select(_ => "short\n")));
        folder.Must("load", file, "--memtable-bytes", "65536");
        JsonElement json = JsonDocument.Parse(folder.Must("compact", "--json").Out).RootElement;
        Assert.True(json.GetProperty("tablesAfter").GetInt64() > 0);
        Assert.True(json.GetProperty("tableBytesAfter").GetInt64() < 5000 * 60,
            folder.Must("stats").Out);
        folder.Must("compact", "--keyspace", "default", "--from", "0", "--to", "1");
        Assert.Equal(5000, folder.Must("scan").Lines.Length);
    }

    // Lines long enough for several tables, and all of it in tables.
    private static void Fill(CliFolder folder)
    {
        string file = folder.Write("in.txt", string.Concat(
            Enumerable.Range(1, 5000).Select(i => $"{i} {new string('x', i % 200)}\n")));
        folder.Must("load", file, "--memtable-bytes", "65536");
        folder.Must("compact");
    }
}
