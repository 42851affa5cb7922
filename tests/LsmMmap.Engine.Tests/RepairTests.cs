// Repair of stores that lost their CURRENT, MANIFEST, tables or logs: what comes back, what is
// said about the rest, and that nothing is changed where nothing is wrong.

using LsmMmap.Engine.Recovery;
using LsmMmap.Engine.Tests.Regression;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class RepairTests : StoreTest
{
    private static readonly StoreOptions s_small = new()
    {
        DefaultKeyspace = { MemtableBytes = 64 << 10, TableBytes = 64 << 10, BlockBytes = 8192 },
    };

    private string Lost => Path.Combine(Home, "lost");

    // Without the look at the health the MANIFEST was written anew.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Repair_HealthyStore_ChangesNothing(bool dryRun)
    {
        RepairedContent content = Fill();
        string[] before = Fingerprint();
        RepairReport report = LsmStore.Repair(Home, s_small, dryRun);
        Assert.True(report.WasHealthy);
        Assert.Empty(report.Damages);
        Assert.All(report.Files, static file => Assert.Equal(RepairFate.Kept, file.Fate));
        Assert.Equal(before, Fingerprint());
        content.AssertEquals(Open());
    }

    [Theory]
    [InlineData("lost")]
    [InlineData("damaged")]
    public void Repair_CurrentGone_BringsEverythingBack(string how)
    {
        RepairedContent content = Fill();
        if (how == "lost")
            File.Delete(StoreFiles.Current(Home));
        else
            StoreFiles.Flip(StoreFiles.Current(Home), 3);
        Assert.Throws<CorruptionException>(() => LsmStore.Open(Home));
        RepairReport report = Repair();
        Assert.DoesNotContain(report.Files, static file => file.Fate == RepairFate.Merged);
        Assert.Equal(0, report.EntriesLost);
        Assert.Equal(8192, Stored("default").BlockBytes);
        AssertRepaired(content);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Repair_ManifestLost_BringsEverythingBackWithNames(bool currentToo)
    {
        RepairedContent content = Fill();
        File.Delete(StoreFiles.NewestManifest(Home));
        if (currentToo)
            File.Delete(StoreFiles.Current(Home));
        RepairReport report = Repair();
        Assert.Equal(["default", "other", "third"], report.Keyspaces);
        Assert.Contains(report.Damages, static damage => damage.Message.EndsWith(
            "is missing", StringComparison.Ordinal));
        Assert.Contains(report.Files, static file => file.Fate == RepairFate.Merged);
        Assert.Equal(content.LastSequence, report.LastSequence);
        AssertRepaired(content);
    }

    [Fact]
    public void Repair_ManifestDamagedInTheMiddle_BringsEverythingBack()
    {
        RepairedContent content = Fill(close: false);
        string image = ImageOfHome();
        string manifest = StoreFiles.NewestManifest(image);
        StoreFiles.Flip(manifest, StoreFiles.UsedBytes(manifest) / 2);
        RepairReport report = LsmStore.Repair(image, s_small);
        Assert.False(report.WasHealthy);
        Assert.NotEmpty(report.Damages);
        using LsmStore store = LsmStore.Open(image, s_small);
        content.AssertEquals(store);
        Assert.Equal(0, store.Verify().DamageCount);
    }

    // With the tables put on level 0 by their largest sequence, as a flush would be, a5 and b9
    // were read.
    [Fact]
    public void Repair_LevelsUnknown_NewestVersionOfEachKeyIsRead()
    {
        var crafted = new CraftedStore(Home);
        crafted.Add(5, [("a", 10), ("b", 20)]);
        crafted.Add(6, [("a", 5), ("b", 9), ("c", 50)]);
        crafted.Add(6, [("d", 0)]);
        crafted.Write();
        File.Delete(StoreFiles.Current(Home));
        File.Delete(StoreFiles.NewestManifest(Home));
        RepairReport report = Repair();
        Assert.Equal(0, report.DoubtfulKeys);
        Assert.Equal(50, report.LastSequence);
        LsmStore store = Open(s_small);
        Assert.Equal("a10"u8, store.Get("a"u8)!);
        Assert.Equal("b20"u8, store.Get("b"u8)!);
        Assert.Equal("c50"u8, store.Get("c"u8)!);
        Assert.Equal("d0"u8, store.Get("d"u8)!);
    }

    // The younger file may have been made from the older one, or beside it: nothing can tell.
    [Fact]
    public void Repair_OlderFileWithASequenceAndYoungerWithout_IsCountedAsDoubtful()
    {
        var crafted = new CraftedStore(Home);
        crafted.Add(0, [("a", 10), ("b", 11)]);
        crafted.Add(6, [("a", 0), ("c", 0)]);
        crafted.Add(0, [("c", 12)]);
        crafted.Write();
        File.Delete(StoreFiles.NewestManifest(Home));
        Assert.Equal(1, LsmStore.Repair(Home, s_small, dryRun: true).DoubtfulKeys);
        Assert.Equal(1, Repair().DoubtfulKeys);
    }

    // Without the rule on removed tables the deleted key was back.
    [Fact]
    public void Repair_TableThatAReadableEditRemoved_IsNotUsed()
    {
        LsmStore store = Open(s_small);
        store.Put("a"u8, "1"u8);
        store.Flush();
        string obsolete = StoreFiles.Tables(Home)[0];
        byte[] kept = File.ReadAllBytes(obsolete);
        store.Delete("a"u8);
        store.Put("b"u8, "2"u8);
        store.Flush();
        store.Compact();
        store.GetKeyspace("x");
        store.GetKeyspace("y");
        store.WaitForIdle();
        string image = ImageOfHome();
        File.WriteAllBytes(Path.Combine(image, Path.GetFileName(obsolete)), kept);
        string manifest = StoreFiles.NewestManifest(image);
        long edit = StoreInspector.ReadManifest(manifest).OfType<RecordLine>().Single(static line =>
            line.Edit is { Keyspaces: [{ Name: "x" }] }).Offset;
        StoreFiles.Flip(manifest, edit + 20);
        Assert.Throws<CorruptionException>(() => LsmStore.Open(image));
        RepairReport report = LsmStore.Repair(image, s_small);
        RepairedFile lost = Assert.Single(
            report.Files, file => file.Name == Path.GetFileName(obsolete));
        Assert.Equal(RepairFate.Lost, lost.Fate);
        Assert.Equal(["default", "y"], report.Keyspaces);
        using LsmStore repaired = LsmStore.Open(image, s_small);
        Assert.Null(repaired.Get("a"u8));
        Assert.Equal("2"u8, repaired.Get("b"u8)!);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Repair_OneTableDamaged_SavesTheOthersAndSaysWhatIsLost(bool manifestToo)
    {
        RepairedContent content = Fill();
        // A small one may hold tombstones alone, whose loss no value shows.
        string table = StoreFiles.Tables(Home).MaxBy(static path => new FileInfo(path).Length)!;
        StoreFiles.Flip(table, 600);
        if (manifestToo)
            File.Delete(StoreFiles.NewestManifest(Home));
        RepairReport report = Repair();
        RepairedFile lost = Assert.Single(
            report.Files, static file => file.Fate == RepairFate.Lost);
        Assert.Equal(Path.GetFileName(table), lost.Name);
        Assert.Equal(manifestToo, report.EntriesLost == 0);
        Assert.Contains(report.Damages, damage =>
            Path.GetFileName(damage.FileName) == lost.Name && damage.Offset >= 0);
        Assert.True(File.Exists(Path.Combine(Lost, lost.Name)));
        LsmStore store = Open(s_small);
        content.AssertSubset(store);
        Assert.Equal(0, store.Verify().DamageCount);
    }

    [Fact]
    public void Repair_LogsOnly_BringsEveryCommitBack()
    {
        LsmStore store = Open(s_small);
        var content = new RepairedContent();
        content.Put(store.Default, 0, 100);
        content.Put(store.GetKeyspace("other"), 50, 100);
        content.LastSequence = store.GetStatistics().LastSequence;
        string image = ImageOfHome();
        File.Delete(StoreFiles.Current(image));
        File.Delete(StoreFiles.NewestManifest(image));
        Assert.Empty(StoreFiles.Tables(image));
        RepairReport report = LsmStore.Repair(image, s_small);
        Assert.True(report.CommitsReplayed >= 200);
        // Nothing but the MANIFEST and tables knows a keyspace's name.
        Assert.Equal(["default", "lost-1"], report.Keyspaces);
        using LsmStore repaired = LsmStore.Open(image, s_small);
        content.Rename("other", "lost-1");
        content.AssertEquals(repaired);
    }

    // Without the look at the store's id the foreign keys were there.
    [Fact]
    public void Repair_TableOfAnotherStore_IsNotUsed()
    {
        RepairedContent content = Fill();
        string foreign = Folder["foreign"];
        using (LsmStore other = LsmStore.Open(foreign))
        {
            for (int i = 0; i < 20; i++)
                other.GetKeyspace($"k{i}");
            other.Put("foreign"u8, "value"u8);
            other.Flush();
        }
        string table = StoreFiles.Tables(foreign)[0];
        string name = "000900.sst";
        File.Copy(table, Path.Combine(Home, name));
        File.Delete(StoreFiles.NewestManifest(Home));
        RepairReport report = Repair();
        RepairedFile lost = Assert.Single(report.Files, file => file.Name == name);
        Assert.Equal(RepairFate.Lost, lost.Fate);
        Assert.Contains("another store", lost.Reason, StringComparison.Ordinal);
        AssertRepaired(content);
    }

    [Fact]
    public void Repair_LogDamagedBeforeItsSyncedEnd_KeepsWholeRecordsAndACopy()
    {
        LsmStore store = Open(s_small);
        for (int i = 0; i < 100; i++)
            store.Put(Bytes.Number(i), Bytes.Value(i, 50), Durability.Synced);
        string image = ImageOfHome();
        string log = StoreFiles.FullestLog(image);
        StoreFiles.Flip(log, StoreFiles.UsedBytes(log) / 2);
        Assert.Throws<CorruptionException>(() => LsmStore.Open(image));
        RepairReport report = LsmStore.Repair(image, s_small);
        Assert.InRange(report.CommitsReplayed, 90, 99);
        Assert.True(report.LogBytesDropped > 0);
        Assert.True(File.Exists(Path.Combine(image, "lost", Path.GetFileName(log))));
        using LsmStore repaired = LsmStore.Open(image, s_small);
        Assert.Equal(report.CommitsReplayed, Count(repaired));
    }

    [Fact]
    public void Repair_DryRun_SaysTheSameAndChangesNothing()
    {
        Fill();
        StoreFiles.Flip(StoreFiles.Tables(Home)[0], 700);
        File.Delete(StoreFiles.NewestManifest(Home));
        string[] before = Fingerprint();
        RepairReport plan = LsmStore.Repair(Home, s_small, dryRun: true);
        Assert.Equal(before, Fingerprint());
        Assert.False(Directory.Exists(Lost));
        RepairReport done = Repair();
        Assert.True(plan.IsDryRun);
        Assert.Equal(Shown(plan), Shown(done));
        Assert.Equal(plan.CommitsReplayed, done.CommitsReplayed);
        Assert.Equal(plan.DoubtfulKeys, done.DoubtfulKeys);
    }

    [Fact]
    public void Repair_StoreInUse_IsRefused()
    {
        LsmStore store = Open(s_small);
        store.Put("a"u8, "1"u8);
        File.Delete(StoreFiles.Current(Home));
        Assert.Throws<StoreLockedException>(() => LsmStore.Repair(Home));
    }

    [Fact]
    public void Repair_DirectoryThatCannotBeWritten_ThrowsAndCanBeRepairedLater()
    {
        RepairedContent content = Fill();
        File.Delete(StoreFiles.NewestManifest(Home));
        var files = new FaultyFiles
        {
            Before = static (step, file) =>
            {
                if (step == "create")
                    throw FaultyFiles.DiskBroken(file);
            },
        };
        string[] before = Fingerprint();
        Assert.ThrowsAny<LsmException>(
            () => LsmStore.Repair(Home, s_small, dryRun: false, files));
        Assert.Equal(before, Fingerprint());
        Repair();
        AssertRepaired(content);
    }

    [Fact]
    public void Repair_NoStoreThere_IsFileNotFound()
    {
        Assert.Throws<FileNotFoundException>(() => LsmStore.Repair(Home));
        Directory.CreateDirectory(Home);
        File.WriteAllText(Path.Combine(Home, "notes"), "mine");
        Assert.Throws<FileNotFoundException>(() => LsmStore.Repair(Home));
    }

    // Deleted keys whose tombstones a compaction dropped stay deleted, and dropped keyspaces
    // stay dropped, as long as no obsolete file is left.
    [Fact]
    public void Repair_ManifestLostAfterFullCompaction_DeletedStaysDeleted()
    {
        LsmStore store = Open(s_small);
        Fill(store, 500);
        store.Flush();
        for (int i = 0; i < 500; i += 2)
            store.Delete(Bytes.Number(i));
        store.Compact();
        for (int i = 1; i < 500; i += 50)
            store.Put(Bytes.Number(i), Bytes.Value(i, 9));
        store.GetKeyspace("gone").Put("x"u8, "y"u8);
        store.Flush();
        store.DropKeyspace("gone");
        store.Dispose();
        Open(s_small).Dispose();
        File.Delete(StoreFiles.NewestManifest(Home));
        RepairReport report = Repair();
        Assert.Equal(0, report.DoubtfulKeys);
        Assert.Equal(["default"], report.Keyspaces);
        LsmStore repaired = Open(s_small);
        Assert.Equal(250, Count(repaired));
        Assert.Equal(Bytes.Value(51, 9), repaired.Get(Bytes.Number(51)));
    }

    private RepairedContent Fill(bool close = true)
    {
        LsmStore store = Open(s_small);
        var content = new RepairedContent();
        content.Put(store.Default, 0, 2_000);
        content.Put(store.GetKeyspace("other"), 0, 1_500);
        store.Compact();
        content.Put(store.Default, 500, 1_000);
        content.Delete(store.Default, 300, 200);
        content.Put(store.GetKeyspace("third"), 7, 20);
        store.Flush();
        store.WaitForIdle();
        content.Put(store.Default, 1_800, 300);
        content.Delete(store.GetKeyspace("other"), 100, 50);
        content.LastSequence = store.GetStatistics().LastSequence;
        // An image of files that a flush is about to replace would be no image.
        store.WaitForIdle();
        if (close)
            store.Dispose();
        return content;
    }

    private RepairReport Repair()
    {
        RepairReport report = LsmStore.Repair(Home, s_small);
        Assert.False(report.WasHealthy);
        Assert.True(LsmStore.Repair(Home, s_small).WasHealthy, "a repaired store is healthy");
        return report;
    }

    private void AssertRepaired(RepairedContent content)
    {
        LsmStore store = Open(s_small);
        content.AssertEquals(store);
        Assert.Equal(0, store.Verify().DamageCount);
        Assert.True(store.Put("next"u8, "value"u8) > content.LastSequence);
        store.Delete("next"u8);
        store.Compact();
        content.AssertEquals(store);
        Assert.Equal(0, store.Verify().DamageCount);
    }

    private KeyspaceOptions Stored(string keyspace) =>
        StoreInspector.StoredOptions(Home, keyspace)!;

    // The lock's own files are written by taking it.
    private string[] Fingerprint() => [.. StoreFiles.Fingerprint(Home)
        .Where(static line => !line.StartsWith("LOCK", StringComparison.Ordinal))];

    private static string[] Shown(RepairReport report) =>
        [.. report.Files.Select(static f => $"{f.Name} {f.Fate} {f.Reason} {f.Entries}")];
}
