// Expired data leaves the disk without a write: whole tables unread, mixed ones by being written
// again; nothing that they hid comes back, and when it is done it is done. Where
// ExpiredTables.MeetsOlder is left out, two tests here, the model and the crash run "expiring" see
// deleted values come back.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class ExpiredTablesTests : StoreTest
{
    private readonly ManualTimeProvider _clock = new();

    public static TheoryData<CompactionStyle> Styles =>
        [CompactionStyle.Leveled, CompactionStyle.Tiered];

    [Theory]
    [MemberData(nameof(Styles))]
    public void Time_WhenAllIsOver_DropsEveryTableUnread(CompactionStyle style)
    {
        using LsmStore store = OpenWith(style);
        PutExpiring(store, 0, 500, hours: 1);
        store.Flush();
        store.Compact();
        PutExpiring(store, 250, 750, hours: 2);
        store.Flush();
        store.WaitForIdle();
        StoreStatistics before = store.GetStatistics();
        Assert.Equal(750, Count(store));
        _clock.Advance(TimeSpan.FromHours(2));
        store.WaitForIdle();
        StoreStatistics after = store.GetStatistics();
        Assert.Equal(0, after.TableCount);
        Assert.Equal(before.CompactionCount, after.CompactionCount);
        Assert.Equal(before.BytesWrittenToTables, after.BytesWrittenToTables);
        Assert.Equal(1_000, after.EntriesExpired);
        Eventually.True(() => StoreFiles.Tables(Home).Length == 0, "the files are gone");
        StoreEvent drop = Assert.Single(
            store.GetEvents(), static e => e.Kind == StoreEventKind.Drop);
        Assert.Equal("every entry is over", drop.Reason);
        Assert.Equal(1_000, drop.EntriesDropped);
    }

    [Theory]
    [MemberData(nameof(Styles))]
    public void Time_WhenATableOverOthersIsOver_WhatItHidesStaysHidden(CompactionStyle style)
    {
        using LsmStore store = OpenWith(style);
        Fill(store, 500);
        store.Flush();
        store.Compact();
        PutExpiring(store, 0, 100, hours: 1);
        store.Flush();
        using Snapshot snapshot = store.CreateSnapshot();
        _clock.Advance(TimeSpan.FromHours(1));
        store.WaitForIdle();
        Assert.Equal(100, store.GetStatistics().EntriesExpired);
        Assert.Equal(400, Count(store));
        Assert.Equal(400, Count(snapshot));
        store.Compact();
        Assert.Equal(400, Count(store));
        Assert.Equal(0, store.Verify().DamageCount);
        // Not even a clock that goes back brings any of it back.
        _clock.Advance(-TimeSpan.FromHours(1));
        Assert.Equal(400, Count(store));
    }

    [Theory]
    [MemberData(nameof(Styles))]
    public void Time_WhenMoreThanHalfOfATableIsOver_WritesItAgainOnce(CompactionStyle style)
    {
        using LsmStore store = OpenWith(style);
        PutExpiring(store, 0, 600, hours: 1);
        Fill(store, 400, from: 600);
        store.Flush();
        store.Compact();
        store.WaitForIdle();
        long bytes = store.GetStatistics().TableBytes;
        _clock.Advance(TimeSpan.FromHours(1));
        store.WaitForIdle();
        StoreStatistics after = store.GetStatistics();
        Assert.Equal(600, after.EntriesExpired);
        Assert.InRange(after.TableBytes, 1, bytes / 2);
        Assert.Equal(400, Count(store));
        StoreEvent last = store.GetEvents()[^1];
        Assert.StartsWith("Expired: more than half of 1000 entries", last.Reason);
        _clock.Advance(TimeSpan.FromDays(1));
        store.WaitForIdle();
        Assert.Equal(after.CompactionCount, store.GetStatistics().CompactionCount);
    }

    [Fact]
    public void Time_WhenHalfOfATableIsOver_LeavesItUntilItIsCompacted()
    {
        using LsmStore store = OpenWith(CompactionStyle.Leveled);
        PutExpiring(store, 0, 500, hours: 1);
        Fill(store, 500, from: 500);
        store.Flush();
        store.Compact();
        _clock.Advance(TimeSpan.FromHours(1));
        store.WaitForIdle();
        Assert.Equal(0, store.GetStatistics().EntriesExpired);
        Assert.Equal(500, Count(store));
        store.Compact();
        Assert.Equal(500, store.GetStatistics().EntriesExpired);
        Assert.Equal(500, Count(store));
    }

    [Fact]
    public void ClockSetBack_BeforeATableIsMet_ShowsItAgain()
    {
        using LsmStore store = OpenWith(CompactionStyle.Leveled);
        PutExpiring(store, 0, 10, hours: 1);
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(0, Count(store));
        _clock.Advance(-TimeSpan.FromHours(1));
        Assert.Equal(10, Count(store));
        _clock.Advance(TimeSpan.FromHours(1));
        store.Flush();
        _clock.Advance(-TimeSpan.FromHours(1));
        Assert.Equal(0, Count(store));
    }

    [Fact]
    public void Retention_OfAKeyspaceWhoseEntriesExpire_LosesTheOldestTablesToBoth()
    {
        StoreOptions options = OptionsOf(CompactionStyle.Leveled);
        options.DefaultKeyspace.Retention = new Retention { Age = TimeSpan.FromDays(1) };
        using LsmStore store = Open(options);
        PutExpiring(store, 0, 10, hours: 1);
        store.Flush();
        Fill(store, 10, from: 5);
        store.Flush();
        PutExpiring(store, 0, 10, hours: 1);
        store.Flush();
        _clock.Advance(TimeSpan.FromHours(1));
        store.WaitForIdle();
        // The first is dropped; the last hides entries of the second, and nothing is merged.
        Assert.Equal(2, store.GetStatistics().TableCount);
        Assert.Equal(5, Count(store));
        _clock.Advance(TimeSpan.FromDays(1));
        store.WaitForIdle();
        Assert.Equal(0, store.GetStatistics().TableCount);
    }

    [Fact]
    public void Reopen_AfterTheTime_DropsWithoutBeingAsked()
    {
        LsmStore store = OpenWith(CompactionStyle.Leveled);
        PutExpiring(store, 0, 100, hours: 1);
        store.Dispose();
        _clock.Advance(TimeSpan.FromHours(1));
        store = OpenWith(CompactionStyle.Leveled);
        store.WaitForIdle();
        Assert.Equal(0, store.GetStatistics().TableCount);
    }

    [Fact]
    public void Repair_WithoutAManifest_KeepsTheTimes()
    {
        LsmStore store = OpenWith(CompactionStyle.Leveled);
        PutExpiring(store, 0, 100, hours: 1);
        PutExpiring(store, 100, 200, hours: 3);
        store.Flush();
        PutExpiring(store, 200, 300, hours: 3);
        store.Dispose();
        _clock.Advance(TimeSpan.FromHours(2));
        File.Delete(StoreFiles.Current(Home));
        foreach (string manifest in Directory.GetFiles(Home, "MANIFEST-*"))
            File.Delete(manifest);
        LsmStore.Repair(Home);
        store = OpenWith(CompactionStyle.Leveled);
        Assert.Equal(200, Count(store));
        Assert.Equal(0, store.Verify().DamageCount);
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(0, Count(store));
    }

    [Fact]
    public void Open_ManifestSaysThatNothingExpires_IsDamageOfTheTable()
    {
        var crafted = new CraftedStore(Home);
        crafted.Add(6, [("a", 5), ("b", 6)], list: static info => info with
        {
            Expiring = new Sstable.Keys.ExpiringEntries(1, 2, 3),
        });
        crafted.Write();
        using LsmStore store = Open();
        CorruptionException damage =
            Assert.Throws<CorruptionException>(() => store.Get("a"u8));
        Assert.Contains("whether entries expire", damage.Message, StringComparison.Ordinal);
        Assert.EndsWith("000003.sst", damage.FileName, StringComparison.Ordinal);
        Assert.NotEqual(0, store.Verify().DamageCount);
    }

    private void PutExpiring(LsmStore store, int from, int to, int hours)
    {
        for (int i = from; i < to; i++)
            store.PutWithExpiry(
                Bytes.Number(i), Bytes.Value(i, 100), _clock.GetUtcNow().AddHours(hours));
    }

    private LsmStore OpenWith(CompactionStyle style) => Open(OptionsOf(style));

    private StoreOptions OptionsOf(CompactionStyle style)
    {
        var options = new StoreOptions { TimeProvider = _clock };
        options.DefaultKeyspace.Compaction = style;
        return options;
    }
}
