// The demo on small sources: a whole run, a second one on the same store, one cut off in the
// middle, stores that are not its own, packs of our own making.

using System.Text;
using LsmMmap.Cli.Demo;

namespace LsmMmap.Cli.Tests;

public sealed class DemoTests
{
    private static readonly string[] s_small =
        ["--synthetic", "3000", "--reads", "500", "--memtable-bytes", "65536"];

    [Fact]
    public void Demo_Synthetic_EndsWithTheLineThatAllReadsWereEqual()
    {
        using var folder = new CliFolder();
        CliResult result = folder.Must("demo", s_small);
        Assert.Equal("OK: all 3,500 reads were equal to the source, byte for byte.",
            result.Lines[^1]);
        Assert.Contains("write amplification", result.Out, StringComparison.Ordinal);
        Assert.Contains(folder.Store, result.Out, StringComparison.Ordinal);
        Assert.Contains("M:Synthetic.Type00042.Method00", result.Out, StringComparison.Ordinal);
        Assert.Equal(3000, folder.Must("scan", "-k", "synthetic", "--keys-only").Lines.Length);
    }

    [Fact]
    public void Demo_SameStoreAgain_ChecksItAndLoadsNothing()
    {
        using var folder = new CliFolder();
        folder.Must("demo", s_small);
        CliResult again = folder.Must("demo", s_small);
        Assert.Contains("Resume", again.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("Load ", again.Out, StringComparison.Ordinal);
        Assert.Equal("OK: all 6,500 reads were equal to the source, byte for byte.",
            again.Lines[^1]);
    }

    [Fact]
    public void Demo_ChangedMember_FailsAndNamesIt()
    {
        using var folder = new CliFolder();
        folder.Must("demo", s_small);
        folder.Must("put", "M:Synthetic.Type00007.Method03", "other", "-k", "synthetic");
        CliResult result = folder.OnStore("demo", [.. s_small, "--delete"]);
        Assert.Equal(1, result.Code);
        Assert.StartsWith("FAILED", result.Lines[^1], StringComparison.Ordinal);
        Assert.Contains("Type00007.Method03", result.Error, StringComparison.Ordinal);
        Assert.True(Directory.Exists(folder.Store), "what failed is kept for a look");
    }

    [Fact]
    public void Demo_OtherSourceOrOtherStore_RefusesAndChangesNothing()
    {
        using var folder = new CliFolder();
        folder.Must("demo", s_small);
        Assert.Equal(1, folder.OnStore("demo", "--synthetic", "2999").Code);
        folder.Must("demo", s_small);

        string other = Path.Combine(folder.Root, "other");
        Assert.Equal(0, CliFolder.Run("put", "a", "1", "--db", other).Code);
        CliResult refused = CliFolder.Run([.. (string[])["demo", "--db", other], .. s_small]);
        Assert.Equal(1, refused.Code);
        Assert.Equal("a\t1\n", CliFolder.Run("scan", "--db", other).Out);
    }

    [Fact]
    public void Demo_Delete_SparesFilesThatAreNotTheStores()
    {
        using var folder = new CliFolder();
        string precious = folder.Write(Path.Combine("store", "precious.txt"), "mine");
        folder.Must("demo", [.. s_small, "--delete"]);
        Assert.Equal([precious], Directory.GetFileSystemEntries(folder.Store));
    }

    [Fact]
    public void Demo_DeleteOfItsOwnFolder_LeavesNothing()
    {
        CliResult result = CliFolder.Run(["demo", .. s_small, "--delete"]);
        Assert.True(result.Code == 0, result.Error);
        string store = result.Lines.First(
            line => line.StartsWith("Store", StringComparison.Ordinal))[5..].Trim();
        Assert.False(Directory.Exists(store), store);
    }

    [Fact]
    public void Demo_Packs_StoresExactlyTheBytesOfTheFiles()
    {
        using var folder = new CliFolder();
        const string Element = "<member name=\"M:A.B(System.String)\">\r\n <c>&lt;ü</c> </member>";
        const string Empty = "<member name='T:A' />";
        AddPack(folder, "Microsoft.One.App.Ref", "10.0.9", "one.xml", "<doc>old</doc>");
        AddPack(folder, "Microsoft.One.App.Ref", "10.0.12", "one.xml",
            $"<doc><members>{Element}{Empty}</members></doc>");
        AddPack(folder, "Microsoft.One.App.Ref", "10.0.12", "two.xml",
            $"<doc><members><member name=\"T:A\">again</member></members></doc>");
        string packs = Path.Combine(folder.Root, "packs");
        folder.Must("demo", "--packs", packs, "--reads", "10");
        string[] of = ["--keyspace", "Microsoft.One.App.Ref", "--raw"];
        Assert.Equal(Element, folder.Must("get", ["M:A.B(System.String)", .. of]).Out);
        Assert.Equal(Empty, folder.Must("get", ["T:A", .. of]).Out);
        Assert.Equal("<member name=\"T:A\">again</member>",
            folder.Must("get", ["T:A @two", .. of]).Out);
    }

    [Fact]
    public void Demo_NoPacks_SaysSoAndGeneratesData()
    {
        using var folder = new CliFolder();
        string packs = Path.Combine(folder.Root, "nothing");
        CliResult result = folder.Must("demo", "--packs", packs, "--reads", "10");
        Assert.Contains("no reference pack", result.Error, StringComparison.Ordinal);
        Assert.Contains("100,000 members", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Synthetic_AlwaysTheSame_SoThatStoresCanBeCompared()
    {
        DemoSource source = DemoSource.Synthetic(3000);
        Assert.Equal("74395fb2387da188 3000 members", source.Fingerprint);
        Assert.Equal(source.Count, Enumerable.Range(0, source.Count)
            .Select(i => Encoding.UTF8.GetString(source.Key(i))).Distinct().Count());
    }

    [Fact]
    public void ReferencePacks_OfThisMachine_AreFoundWhereTheSdkIs()
    {
        // A test runs under an SDK, so its packs are there.
        IReadOnlyList<ReferencePack> packs = ReferencePacks.Find();
        Assert.Contains(packs, pack => pack.Name == "Microsoft.NETCore.App.Ref");
        Assert.All(packs, pack => Assert.NotEmpty(pack.Files));
    }

    private static void AddPack(
        CliFolder folder, string pack, string version, string file, string text) =>
        folder.Write(Path.Combine("packs", pack, version, "ref", "net10.0", file), text);
}
