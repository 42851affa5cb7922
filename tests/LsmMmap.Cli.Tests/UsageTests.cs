// Wrong command lines end with 2 and say what is wrong on stderr; help and version end with 0.
// One class, so that its tests run one after another: one of them sets an environment variable.

namespace LsmMmap.Cli.Tests;

public sealed class UsageTests
{
    [Theory]
    [InlineData("frobnicate")]
    [InlineData("get")]
    [InlineData("get", "a", "b", "--db", "x")]
    [InlineData("put", "a", "--db", "x")]
    [InlineData("scan", "--limit", "-1", "--db", "x")]
    [InlineData("scan", "--limit", "many", "--db", "x")]
    [InlineData("scan", "--format", "xml", "--db", "x")]
    [InlineData("scan", "--hex", "--from", "xyz", "--db", "x")]
    [InlineData("put", "a", "b", "--durability", "7", "--db", "x")]
    [InlineData("put", "a", "b", "--durability", "maybe", "--db", "x")]
    [InlineData("put", "a", "abc", "--value-hex", "--db", "x")]
    [InlineData("load", "f", "--batch", "0", "--db", "x")]
    [InlineData("load", "f", "--escaped", "--db", "x")]
    [InlineData("load", "f", "--format", "tsv", "--key-field", "id", "--db", "x")]
    [InlineData("sst", "dump")]
    [InlineData("wal", "dump", "a", "b")]
    [InlineData("manifest", "frobnicate")]
    [InlineData("compact", "--from", "a", "--db", "x")]
    [InlineData("report", "--db", "x")]
    [InlineData("explain", "x", "y")]
    [InlineData("demo", "--keep", "--delete")]
    [InlineData("demo", "--synthetic", "0")]
    [InlineData("demo", "--reads", "-1")]
    [InlineData("stats", "--no-such-option", "--db", "x")]
    public void Run_WrongCommandLine_EndsWithTwoAndOpensNothing(params string[] args)
    {
        CliResult result = CliFolder.Run(args);
        Assert.Equal(2, result.Code);
        Assert.Equal("", result.Out);
        Assert.NotEqual("", result.Error);
        Assert.False(Directory.Exists("x"));
    }

    [Fact]
    public void Run_NothingAtAll_ShowsHelpAndEndsWithTwo()
    {
        CliResult result = CliFolder.Run();
        Assert.Equal(2, result.Code);
        Assert.Contains("demo", result.Out + result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("scan", "--help")]
    [InlineData("--version")]
    public void Run_HelpAndVersion_EndWithZero(params string[] args)
    {
        CliResult result = CliFolder.Run(args);
        Assert.Equal(0, result.Code);
        Assert.NotEqual("", result.Out);
        Assert.Equal("", result.Error);
    }

    [Fact]
    public void Run_StoreFromEnvironment_IsUsedWhenNoDbIsGiven()
    {
        using var folder = new CliFolder();
        folder.Must("put", "a", "1");
        Assert.Equal(2, CliFolder.Run("get", "a").Code);
        Environment.SetEnvironmentVariable("LSM_DB", folder.Store);
        try
        {
            Assert.Equal("1\n", CliFolder.Run("get", "a").Out);
        }
        finally
        {
            Environment.SetEnvironmentVariable("LSM_DB", null);
        }
    }

    [Theory]
    [InlineData("get", "a")]
    [InlineData("scan")]
    [InlineData("stats")]
    [InlineData("explain")]
    [InlineData("verify")]
    [InlineData("keyspaces")]
    [InlineData("delete", "a")]
    [InlineData("compact")]
    public void Run_NoStoreThere_EndsWithOneAndMakesNone(params string[] args)
    {
        using var folder = new CliFolder();
        CliResult result = folder.OnStore(args[0], args[1..]);
        Assert.Equal(1, result.Code);
        Assert.Equal("", result.Out);
        Assert.StartsWith("lsm: ", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.Store));
    }
}
