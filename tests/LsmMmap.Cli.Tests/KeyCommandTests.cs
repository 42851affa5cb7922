// get, put, delete and keyspaces: exit codes, exact bytes, JSON, keyspaces, locks.

using System.Text.Json;

namespace LsmMmap.Cli.Tests;

public sealed class KeyCommandTests
{
    [Fact]
    public void Get_StoredKey_PrintsValueAndLineFeed()
    {
        using var folder = new CliFolder();
        folder.Must("put", "key", "välue");
        CliResult result = folder.Must("get", "key");
        Assert.Equal("välue\n", result.Out);
        Assert.Equal("", result.Error);
    }

    [Fact]
    public void Get_AbsentKey_EndsWithOneAndCleanStdout()
    {
        using var folder = new CliFolder();
        folder.Must("put", "key", "value");
        CliResult result = folder.OnStore("get", "other");
        Assert.Equal(1, result.Code);
        Assert.Equal("", result.Out);
        Assert.Contains("other", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Get_Raw_GivesExactlyTheBytesOfStdin()
    {
        using var folder = new CliFolder();
        byte[] value = [.. Enumerable.Range(0, 100_000).Select(i => (byte)(i * 7))];
        Assert.Equal(0, folder.OnStore(value, "put", "key", "-").Code);
        Assert.Equal(value, folder.Must("get", "key", "--raw").OutBytes);
    }

    [Fact]
    public void Get_Json_IsOneObjectAlsoWhenAbsent()
    {
        using var folder = new CliFolder();
        folder.Must("put", "00ff", "ff00", "--hex", "--value-hex");
        JsonElement found = Parse(folder.Must("get", "00ff", "--hex", "--json"));
        Assert.Equal("00ff", found.GetProperty("keyHex").GetString());
        Assert.Equal("ff00", found.GetProperty("valueHex").GetString());
        CliResult absent = folder.OnStore("get", "a", "--json");
        Assert.Equal(1, absent.Code);
        Assert.False(Parse(absent).GetProperty("found").GetBoolean());
    }

    [Fact]
    public void Get_OnTerminal_SendsNoControlSequences()
    {
        using var folder = new CliFolder();
        folder.Must("put", "key", "a\u001b[2Jb\r\nc");
        CliResult result = CliFolder.Run([], asTerminal: true, "get", "key", "--db", folder.Store);
        Assert.Equal("a\\x1b[2Jb\nc\n", result.Out);
    }

    [Fact]
    public void Get_ValueAsHex_PrintsHexadecimal()
    {
        using var folder = new CliFolder();
        folder.Must("put", "key", "az");
        Assert.Equal("617a\n", folder.Must("get", "key", "--value-hex").Out);
    }

    [Fact]
    public void Put_EmptyKeyAndValue_AreLegal()
    {
        using var folder = new CliFolder();
        folder.Must("put", "", "");
        Assert.Equal("\n", folder.Must("get", "").Out);
    }

    [Fact]
    public void Put_TellsTheSequence_InEveryForm()
    {
        using var folder = new CliFolder();
        Assert.StartsWith("sequence\t", folder.Must("put", "a", "1").Out, StringComparison.Ordinal);
        long sequence = Parse(folder.Must("put", "a", "2", "--json", "--durability", "synced"))
            .GetProperty("sequence").GetInt64();
        Assert.True(sequence > 0);
    }

    [Fact]
    public void Put_TooLongKey_IsWrongUsageAndNamesTheLimit()
    {
        using var folder = new CliFolder();
        CliResult result = folder.OnStore("put", new string('k', 65_536), "v");
        Assert.Equal(2, result.Code);
        Assert.Contains("65", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Delete_StoredKey_IsGone()
    {
        using var folder = new CliFolder();
        folder.Must("put", "key", "value");
        folder.Must("delete", "key");
        Assert.Equal(1, folder.OnStore("get", "key").Code);
        Assert.Equal(1, folder.OnStore("delete", "key").Code);
    }

    [Fact]
    public void Keyspace_Missing_IsMadeByPutAloneAndNamedOtherwise()
    {
        using var folder = new CliFolder();
        folder.Must("put", "key", "1", "--keyspace", "first");
        CliResult missing = folder.OnStore("get", "key", "--keyspace", "second");
        Assert.Equal(1, missing.Code);
        Assert.Contains("first", missing.Error, StringComparison.Ordinal);
        Assert.Equal(1, folder.OnStore("delete", "key", "-k", "second").Code);
        Assert.Equal(1, folder.OnStore("compact", "-k", "second").Code);
        Assert.Equal(["default", "first"], folder.Must("keyspaces").Lines.Order());
    }

    [Fact]
    public void Keyspaces_Count_CountsEntriesAndBytes()
    {
        using var folder = new CliFolder();
        folder.Must("put", "abc", "12345", "-k", "one");
        folder.Must("put", "abd", "1", "-k", "one");
        Assert.Contains("one\t2\t6\t6", folder.Must("keyspaces", "--count").Lines);
        JsonElement[] rows = [.. folder.Must("keyspaces", "--count", "--json").Lines
            .Select(line => JsonDocument.Parse(line).RootElement)];
        JsonElement row = Assert.Single(
            rows, row => row.GetProperty("keyspace").GetString() == "one");
        Assert.Equal(6, row.GetProperty("valueBytes").GetInt64());
    }

    [Fact]
    public void Put_StoreOpenElsewhere_EndsWithOneWhileReadsWork()
    {
        using var folder = new CliFolder();
        folder.Must("put", "key", "value");
        using LsmStore writer = LsmStore.Open(folder.Store);
        CliResult locked = folder.OnStore("put", "key", "other");
        Assert.Equal(1, locked.Code);
        Assert.StartsWith("lsm: ", locked.Error, StringComparison.Ordinal);
        Assert.Equal("value\n", folder.Must("get", "key").Out);
        folder.Must("scan");
        folder.Must("stats");
        folder.Must("verify");
    }

    private static JsonElement Parse(CliResult result) =>
        JsonDocument.Parse(Assert.Single(result.Lines)).RootElement;
}
