// Verify against files that verify one by one and do not fit each other, and against the
// directory. Each test fails when the line of StoreVerifier, TableCheck, AgeOrder or
// ManifestContents.CheckLevels that makes its message is left out; a store that verifies finds
// nothing then.

using LsmMmap.Engine.Files;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Tables;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class VerifyCraftedTests : StoreTest
{
    [Fact]
    public void Verify_CraftedStoreInOrder_FindsNothing()
    {
        var crafted = new CraftedStore(Home);
        crafted.Add(0, [("a", 9), ("b", 8)]);
        crafted.Add(5, [("a", 5), ("b", 5)]);
        crafted.Add(6, [("a", 4), ("b", 0)], new TableOwner(CraftedStore.StoreId, 0, "default"));
        crafted.Add(6, [("c", 7)]);
        crafted.Write();
        Assert.Equal([], Messages());
    }

    // Without CheckLevels the store opened, and a lookup looked into one of the two tables only.
    [Fact]
    public void Open_TablesOfALevelOverlap_IsRefused()
    {
        var crafted = new CraftedStore(Home);
        long first = crafted.Add(6, [("a", 1), ("m", 2)]);
        long second = crafted.Add(6, [("m", 3), ("z", 4)]);
        crafted.Write();
        CorruptionException refused =
            Assert.Throws<CorruptionException>(() => LsmStore.Open(Home));
        Assert.Contains(
            $"tables {first} and {second} of keyspace 0 overlap on level 6", refused.Message,
            StringComparison.Ordinal);
        Assert.EndsWith("MANIFEST-000001", refused.FileName, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(5, 6)]
    [InlineData(0, 3)]
    public void Verify_NewerVersionBelowAnOlderOne_IsFound(int upper, int lower)
    {
        var crafted = new CraftedStore(Home);
        crafted.Add(upper, [("a", 5), ("b", 5)]);
        long wrong = crafted.Add(lower, [("a", 4), ("b", 6)]);
        crafted.Write();
        string message = Assert.Single(Messages());
        Assert.Contains("above a newer one", message, StringComparison.Ordinal);
        Assert.DoesNotContain($"{wrong:D6}.sst", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_NewerVersionInAnOlderTableOfLevel0_IsFound()
    {
        var crafted = new CraftedStore(Home);
        crafted.Add(0, [("a", 5), ("z", 20)]);
        crafted.Add(0, [("a", 7), ("z", 10)]);
        crafted.Write();
        Assert.Contains("above a newer one", Assert.Single(Messages()), StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_OneEntryInTwoTables_IsFound()
    {
        var crafted = new CraftedStore(Home);
        crafted.Add(4, [("a", 5)]);
        crafted.Add(6, [("a", 5)]);
        crafted.Write();
        Assert.Contains("stands in two", Assert.Single(Messages()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("number of entries")]
    [InlineData("number of deletes")]
    [InlineData("smallest sequence")]
    [InlineData("largest sequence")]
    [InlineData("smallest key")]
    [InlineData("largest key")]
    [InlineData("number of range tombstones")]
    public void Verify_ManifestSaysOtherOfATable_IsFound(string what)
    {
        var crafted = new CraftedStore(Home);
        crafted.Add(6, [("b", 5), ("c", 7)], list: info => Changed(info, what));
        crafted.Write();
        Assert.Contains(
            $"another {what} of the table", Assert.Single(Messages()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(CraftedStore.StoreId + 1, 0, "another store of the table")]
    [InlineData(CraftedStore.StoreId, 3, "another keyspace of the table")]
    public void Verify_TableOfAnotherOwner_IsFound(ulong store, int keyspace, string what)
    {
        var crafted = new CraftedStore(Home);
        crafted.Add(6, [("b", 5)], new TableOwner(store, keyspace, "x"));
        crafted.Write();
        Assert.Contains(what, Assert.Single(Messages()), StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_TableGoneFromTheDirectory_IsFound()
    {
        LsmStore store = OpenWithTable();
        _ = store.Get(Bytes.Number(1));
        File.Delete(StoreFiles.Tables(Home)[0]);
        Assert.Contains("the table is missing", Messages(store)[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_TableGrewInTheDirectory_IsFound()
    {
        LsmStore store = OpenWithTable();
        _ = store.Get(Bytes.Number(1));
        string table = StoreFiles.Tables(Home)[0];
        File.SetAttributes(table, FileAttributes.Normal);
        File.AppendAllText(table, "x");
        Assert.Contains("another length", Messages(store)[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_LogGoneFromTheDirectory_IsFound()
    {
        LsmStore store = OpenWithTable();
        store.Put("x"u8, "y"u8);
        File.Delete(StoreFiles.NewestLog(Home));
        Assert.Contains(
            Messages(store), message => message.Contains("is missing", StringComparison.Ordinal));
    }

    [Fact]
    public void Verify_CurrentNamesAnotherManifest_IsFound()
    {
        LsmStore store = OpenWithTable();
        StoreFiles.Overwrite(StoreFiles.Current(Home), ManifestReader.EncodeCurrent(900));
        Assert.Contains("another manifest", Messages(store)[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_FilesThatNothingNames_AreListedAndNoDamage()
    {
        OpenWithTable().Dispose();
        LsmStore store = Open();
        File.WriteAllText(Path.Combine(Home, "notes.txt"), "mine");
        File.WriteAllText(FileNames.Table(Home, 1), "left over");
        File.WriteAllText(FileNames.Manifest(Home, 1), "left over");
        VerifyReport report = store.Verify();
        Assert.Equal(0, report.DamageCount);
        Assert.Equal(["000001.sst", "MANIFEST-000001", "notes.txt"], report.UnlistedFiles);
    }

    private LsmStore OpenWithTable()
    {
        LsmStore store = Open();
        Fill(store, 100);
        store.Flush();
        return store;
    }

    private string[] Messages() => Messages(OpenReadOnly());

    private static string[] Messages(LsmStore store) =>
        [.. store.Verify().Damages.Select(static damage => damage.Message)];

    private static TableInfo Changed(TableInfo info, string what) => new()
    {
        Number = info.Number,
        TableId = info.TableId,
        FileBytes = info.FileBytes,
        FileChecksum = info.FileChecksum,
        SmallestKey = what == "smallest key" ? [.. "a"u8] : info.SmallestKey,
        LargestKey = what == "largest key" ? [.. "d"u8] : info.LargestKey,
        SmallestSequence = info.SmallestSequence - (what == "smallest sequence" ? 1UL : 0),
        LargestSequence = info.LargestSequence + (what == "largest sequence" ? 1UL : 0),
        EntryCount = info.EntryCount + (what == "number of entries" ? 1 : 0),
        DeleteCount = info.DeleteCount + (what == "number of deletes" ? 1 : 0),
        RangeDeleteCount = info.RangeDeleteCount + (what == "number of range tombstones" ? 1 : 0),
    };
}
