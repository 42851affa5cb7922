// Flush and Compact as a user sees them: what they drop, what they keep, which files remain.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class CompactionTests : StoreTest
{
    private const int Entries = 1_000;

    public static TheoryData<CompactionStyle> Styles =>
        [CompactionStyle.Leveled, CompactionStyle.Tiered];

    [Fact]
    public void Flush_AfterPuts_LeavesNothingToReplay()
    {
        LsmStore store = Open();
        Fill(store, Entries);
        store.Flush();
        Assert.NotEmpty(StoreFiles.Tables(Home));
        LsmStore killed = Open(ImageOfHome());
        Assert.Equal(0, killed.GetStatistics().Recovery.CommitsReplayed);
        Assert.Equal(Entries, Count(killed));
    }

    [Fact]
    public void Flush_OfTheStore_CoversAllKeyspaces()
    {
        LsmStore store = Open();
        store.Put([1], [1]);
        store.GetKeyspace("other").Put([1], [1]);
        store.Flush();
        LsmStore killed = Open(ImageOfHome());
        Assert.Equal(0, killed.GetStatistics().Recovery.CommitsReplayed);
        Assert.Equal(1, Count(killed.GetKeyspace("other")));
    }

    [Theory]
    [MemberData(nameof(Styles))]
    public void Compact_EverythingDeleted_LeavesNoTable(CompactionStyle style)
    {
        LsmStore store = OpenSmall(style);
        Fill(store, Entries);
        store.Flush();
        Assert.True(store.GetStatistics().TableCount > 0);
        for (int i = 0; i < Entries; i++)
            store.Delete(Bytes.Number(i));
        store.Compact();
        Assert.Equal(0, store.GetStatistics().TableCount);
        Assert.Equal(0, Count(store));
        Eventually.True(
            () => StoreFiles.Tables(Home).Length == 0, "tables of deleted entries vanish");
    }

    [Theory]
    [MemberData(nameof(Styles))]
    public void Compact_UnderASnapshot_KeepsWhatItNeeds(CompactionStyle style)
    {
        LsmStore store = OpenSmall(style);
        Fill(store, Entries);
        Snapshot snapshot = store.CreateSnapshot();
        for (int i = 0; i < Entries; i++)
            store.Delete(Bytes.Number(i));
        store.Compact();
        Assert.Equal(0, Count(store));
        Assert.Equal(Entries, Count(snapshot));
        Assert.True(store.GetStatistics().TableCount > 0);
        for (int i = 0; i < Entries; i++)
            Assert.Equal(Bytes.Value(i, 100), snapshot.Get(Bytes.Number(i)));
        snapshot.Dispose();
        store.Compact();
        Assert.Equal(0, store.GetStatistics().TableCount);
    }

    [Theory]
    [MemberData(nameof(Styles))]
    public void Compact_Overwritten_KeepsOneVersion(CompactionStyle style)
    {
        LsmStore store = OpenSmall(style);
        Fill(store, Entries);
        store.Compact();
        long once = store.GetStatistics().TableBytes;
        Assert.True(once > 0);
        for (int round = 0; round < 5; round++)
            Fill(store, Entries);
        store.Compact();
        Assert.InRange(store.GetStatistics().TableBytes, once / 2, once * 3 / 2);
        Assert.Equal(Entries, Count(store));
    }

    [Theory]
    [MemberData(nameof(Styles))]
    public void Overwrites_WithoutEnd_DoNotGrowWithoutEnd(CompactionStyle style)
    {
        const int Keys = 300;
        const int RoundsInAll = 150;
        LsmStore store = OpenSmall(style);
        string firstLog = StoreFiles.NewestLog(Home);
        for (int round = 0; round < RoundsInAll; round++)
        {
            for (int i = 0; i < Keys; i++)
                store.Put(Bytes.Number(i), Bytes.Value(1_000 * round + i, 500));
        }
        store.WaitForIdle();
        const long Live = Keys * 508;
        long tables = store.GetStatistics().TableBytes;
        Assert.True(tables < 20 * Live, $"{tables} bytes for {Live} that live");
        Assert.Equal(Keys, Count(store));
        for (int i = 0; i < Keys; i++)
        {
            Assert.Equal(
                Bytes.Value(1_000 * (RoundsInAll - 1) + i, 500), store.Get(Bytes.Number(i)));
        }
        Eventually.True(() => !File.Exists(firstLog), "the first log is deleted");
    }

    // The tombstones are fewer tables than make a compaction due. Without their own rule
    // (DeletesDue out of reach) "1665408 of 1431552 bytes are left", and tiered
    // "2942848 of 2467072".
    [Theory]
    [InlineData(CompactionStyle.Leveled, 10_000)]
    [InlineData(CompactionStyle.Tiered, 20_000)]
    public void Delete_OfEverythingInRandomOrder_GivesTheSpaceBack(
        CompactionStyle style, int keyCount)
    {
        LsmStore store = OpenSmall(style);
        Fill(store, keyCount);
        store.WaitForIdle();
        long filled = store.GetStatistics().TableBytes;
        int[] keys = [.. Enumerable.Range(0, keyCount)];
        new Random(1).Shuffle(keys);
        foreach (int key in keys)
            store.Delete(Bytes.Number(key));
        store.Flush();
        store.WaitForIdle();
        long left = store.GetStatistics().TableBytes;
        Assert.True(left <= filled / 20, $"{left} of {filled} bytes are left");
        Assert.Equal(0, Count(store));
    }

    [Fact]
    public void Compact_RangeOfAKeyspace_ChangesNoContent()
    {
        LsmStore store = OpenSmall(CompactionStyle.Leveled);
        Fill(store, Entries);
        for (int i = 0; i < Entries; i += 2)
            store.Delete(Bytes.Number(i));
        store.Default.Compact(Bytes.Number(100), Bytes.Number(200));
        AssertOddsOnly(store);
        store.Default.Compact(Bytes.Number(900));
        store.Default.Compact(to: Bytes.Number(50));
        // From above to: an empty range.
        store.Default.Compact(Bytes.Number(500), Bytes.Number(400));
        AssertOddsOnly(store);
    }

    [Theory]
    [MemberData(nameof(Styles))]
    public void ObsoleteTables_AfterCompact_AreDeleted(CompactionStyle style)
    {
        LsmStore store = OpenSmall(style);
        for (int round = 0; round < 4; round++)
            Fill(store, Entries);
        store.Compact();
        store.WaitForIdle();
        Eventually.True(
            () => StoreFiles.Tables(Home).Length == store.GetStatistics().TableCount,
            "only the tables of the version remain");
        Assert.NotEmpty(StoreFiles.Tables(Home));
        Assert.Equal(Entries, Count(store));
    }

    [Fact]
    public void ObsoleteTables_HeldByACursor_GoWhenItLetsGo()
    {
        LsmStore store = Open();
        Fill(store, Entries);
        store.Flush();
        Fill(store, Entries);
        store.Flush();
        string[] before = StoreFiles.Tables(Home);
        Assert.NotEmpty(before);
        Cursor cursor = store.CreateCursor();
        Assert.True(cursor.MoveNext());
        Fill(store, Entries);
        store.Compact();
        Assert.Equal(before, before.Where(File.Exists));
        for (int i = 1; i < Entries; i++)
            Assert.True(cursor.MoveNext());
        cursor.Dispose();
        Eventually.True(() => !before.Any(File.Exists), "tables that a cursor held are deleted");
    }

    /// <summary>Once it began all the same, and the Flush after it found nothing to wait for.
    /// </summary>
    [Fact]
    public void Compact_CancelledToken_Throws()
    {
        LsmStore store = Open();
        Fill(store, Entries);
        var cancelled = new CancellationToken(canceled: true);
        Assert.ThrowsAny<OperationCanceledException>(() => store.Compact(cancelled));
        Assert.ThrowsAny<OperationCanceledException>(() => store.Flush(cancelled));
        Assert.Equal(0, store.GetStatistics().TableCount);
        Assert.Equal(Entries, Count(store));
        store.Compact();
        Assert.Equal(Entries, Count(store));
    }

    private LsmStore OpenSmall(CompactionStyle style) => Open(new StoreOptions
    {
        DefaultKeyspace = { MemtableBytes = 64 << 10, Compaction = style },
    });

    private static void AssertOddsOnly(LsmStore store)
    {
        int next = 1;
        foreach (KeyValueView entry in store.Range([], []))
        {
            Assert.Equal(Bytes.Number(next), entry.Key.ToArray());
            next += 2;
        }
        Assert.Equal(Entries + 1, next);
    }
}
