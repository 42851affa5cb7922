// Retention: whole tables are dropped, oldest first, by bytes and by age; what is left is always
// what was written since some moment, whatever was deleted, replaced, held by a snapshot, or
// written before retention was set.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class RetentionTests : StoreTest
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public void Bytes_BeyondTheLimit_OldestTablesAreDropped()
    {
        LsmStore store = OpenWith(new Retention { Bytes = 256 << 10 });
        for (int i = 0; i < 30; i++)
        {
            Fill(store, 300, from: 300 * i);
            store.Flush();
        }
        store.WaitForIdle();
        StoreStatistics statistics = store.GetStatistics();
        Assert.InRange(statistics.TableBytes, 128 << 10, 256 << 10);
        Assert.True(statistics.BytesDroppedByRetention > 0);
        Assert.Equal(0, statistics.CompactionCount);
        Assert.Equal(statistics.TableCount, statistics.TablesPerLevel[0]);
        Assert.Equal(statistics.TableCount, StoreFiles.Tables(Home).Length);
        Assert.Null(store.Get(Bytes.Number(0)));
        Assert.NotNull(store.Get(Bytes.Number(300 * 30 - 1)));
        int count = Count(store);
        for (int i = 9_000 - count; i < 9_000; i++)
            Assert.NotNull(store.Get(Bytes.Number(i)));
        Assert.Contains(store.GetEvents(), e => e.Kind == StoreEventKind.Drop);
        Assert.Equal(0, store.Verify().DamageCount);
    }

    [Fact]
    public void Age_WhenItIsReached_DropsWithoutAWrite()
    {
        LsmStore store = OpenWith(new Retention { Age = TimeSpan.FromHours(1) });
        Fill(store, 10);
        store.Flush();
        _clock.Advance(TimeSpan.FromMinutes(30));
        Fill(store, 10, from: 10);
        store.Flush();
        store.WaitForIdle();
        Assert.Equal(20, Count(store));
        _clock.Advance(TimeSpan.FromMinutes(31));
        Eventually.True(() => Count(store) == 10, "the first table is too old");
        _clock.Advance(TimeSpan.FromMinutes(31));
        Eventually.True(() => Count(store) == 0, "the second table is too old");
        store.WaitForIdle();
        Assert.Empty(StoreFiles.Tables(Home));
    }

    [Fact]
    public void Age_AfterReopen_CountsFromTheFlush()
    {
        LsmStore store = OpenWith(new Retention { Age = TimeSpan.FromHours(1) });
        Fill(store, 10);
        store.Dispose();
        _clock.Advance(TimeSpan.FromMinutes(59));
        store = OpenWith(new Retention { Age = TimeSpan.FromHours(1) });
        store.WaitForIdle();
        Assert.Equal(10, Count(store));
        store.Dispose();
        _clock.Advance(TimeSpan.FromMinutes(2));
        store = OpenWith(new Retention { Age = TimeSpan.FromHours(1) });
        store.WaitForIdle();
        Assert.Equal(0, Count(store));
    }

    /// <summary>The MANIFEST has no negative times, and must be readable again.</summary>
    [Fact]
    public void Flush_WithAClockBefore1970_CanBeOpenedAgain()
    {
        _clock.Advance(TimeSpan.FromDays(-100 * 365));
        var options = new StoreOptions { TimeProvider = _clock };
        LsmStore store = Open(options);
        Fill(store, 10);
        store.Flush();
        store.Dispose();
        Assert.Equal(10, Count(Open(options)));
    }

    [Fact]
    public void Snapshot_OfDroppableTables_HoldsThemBack()
    {
        LsmStore store = OpenWith(new Retention { Age = TimeSpan.FromHours(1) });
        Fill(store, 10);
        store.Flush();
        using (Snapshot snapshot = store.CreateSnapshot())
        {
            _clock.Advance(TimeSpan.FromHours(2));
            store.WaitForIdle();
            Assert.Equal(10, Count(snapshot));
        }
        Eventually.True(() => Count(store) == 0, "the snapshot is gone");
    }

    [Fact]
    public void Cursor_OverDroppedTables_ReadsOn()
    {
        LsmStore store = OpenWith(new Retention { Age = TimeSpan.FromHours(1) });
        Fill(store, 1_000);
        store.Flush();
        using Cursor cursor = store.CreateCursor();
        Assert.True(cursor.MoveNext());
        _clock.Advance(TimeSpan.FromHours(2));
        Eventually.True(() => store.GetStatistics().TableCount == 0, "it is dropped");
        int count = 1;
        while (cursor.MoveNext())
            count++;
        Assert.Equal(1_000, count);
    }

    [Fact]
    public void Tombstone_OfAKeyInAnOlderTable_NeverLetsItComeBack()
    {
        LsmStore store = OpenWith(new Retention { Age = TimeSpan.FromHours(1) });
        store.Put("k"u8, "old"u8);
        store.Flush();
        _clock.Advance(TimeSpan.FromMinutes(30));
        store.Delete("k"u8);
        store.Flush();
        for (int i = 0; i < 5; i++)
        {
            _clock.Advance(TimeSpan.FromMinutes(20));
            store.WaitForIdle();
            Assert.Null(store.Get("k"u8));
        }
        Assert.Equal(0, store.GetStatistics().TableCount);
    }

    [Fact]
    public void Retention_SetOnAStoreWithLevels_DropsThemFirst()
    {
        LsmStore store = OpenWith(null);
        Fill(store, 2_000);
        store.Compact();
        Fill(store, 1_000, from: 1_500);
        store.Flush();
        store.WaitForIdle();
        store.Dispose();
        store = OpenWith(new Retention { Bytes = 300 << 10 });
        store.WaitForIdle();
        Assert.True(store.GetStatistics().BytesDroppedByRetention > 0);
        for (int i = 1_500; i < 2_500; i++)
            Assert.Equal(Bytes.Value(i, 100), store.Get(Bytes.Number(i)));
        store.Dispose();
        store = OpenWith(null);
        store.Compact();
        Assert.Equal(0, store.Verify().DamageCount);
        for (int i = 1_500; i < 2_500; i++)
            Assert.Equal(Bytes.Value(i, 100), store.Get(Bytes.Number(i)));
    }

    [Fact]
    public void Level0_OfManyTables_StopsNoWriter()
    {
        LsmStore store = OpenWith(new Retention { Bytes = 1 << 30 });
        for (int i = 0; i < 60; i++)
        {
            store.Put(Bytes.Number(i), Bytes.Value(i, 100));
            store.Flush();
        }
        Assert.Equal(60, store.GetStatistics().TablesPerLevel[0]);
        Assert.Equal(StallReason.None, store.GetStatistics().StallReason);
        store.Compact();
        Assert.Equal(60, store.GetStatistics().TablesPerLevel[0]);
        Assert.Equal(60, Count(store));
    }

    [Fact]
    public void Random_WritesAndDrops_LeaveWhatWasWrittenSinceAMoment()
    {
        int seed = Seeds.Base;
        var random = new Random(seed);
        LsmStore store = OpenWith(new Retention { Bytes = 64 << 10 });
        var history = new List<(int Key, byte[]? Value)>();
        for (int round = 0; round < 60; round++)
        {
            for (int i = 0; i < 60; i++)
            {
                int key = random.Next(200);
                byte[]? value = random.Next(4) == 0 ? null : Bytes.Value(history.Count, 100);
                history.Add((key, value));
                if (value == null)
                    store.Delete(Bytes.Number(key));
                else
                    store.Put(Bytes.Number(key), value);
            }
            store.Flush();
            if (random.Next(10) == 0)
            {
                store.Dispose();
                store = OpenWith(new Retention { Bytes = 64 << 10 });
            }
            store.WaitForIdle();
            AssertIsSuffix(store, history, $"LSM_SEED={seed} round {round}");
        }
        Assert.True(store.GetStatistics().TableBytes <= 64 << 10);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(0, 0)]
    [InlineData(-1, 5)]
    [InlineData(0, -5)]
    public void Validated_LimitsOutOfRange_AreRefused(long bytes, int seconds)
    {
        var options = new KeyspaceOptions
        {
            Retention = new Retention { Bytes = bytes, Age = TimeSpan.FromSeconds(seconds) },
        };
        Assert.Throws<ArgumentException>(() => options.Validated());
    }

    [Fact]
    public void Stored_WithRetention_ReadsBack()
    {
        var options = new KeyspaceOptions
        {
            Retention = new Retention { Bytes = 1 << 20, Age = TimeSpan.FromDays(7) },
        };
        Assert.True(KeyspaceOptions.TryFromStored(
            options.Validated().ToStored(), out KeyspaceOptions read));
        Assert.Equal(1 << 20, read.Retention!.Bytes);
        Assert.Equal(TimeSpan.FromDays(7), read.Retention.Age);
    }

    // There is a moment such that each key shows its last write if that came after it, and
    // nothing if not.
    private static void AssertIsSuffix(
        LsmStore store, List<(int Key, byte[]? Value)> history, string context)
    {
        var last = new Dictionary<int, int>();
        for (int i = 0; i < history.Count; i++)
            last[history[i].Key] = i;
        int newestGone = -1;
        int oldestThere = int.MaxValue;
        foreach ((int key, int at) in last)
        {
            byte[]? found = store.Get(Bytes.Number(key));
            if (found != null)
            {
                Assert.True(found.AsSpan().SequenceEqual(history[at].Value), context);
                oldestThere = Math.Min(oldestThere, at);
            }
            else if (history[at].Value != null)
            {
                newestGone = Math.Max(newestGone, at);
            }
        }
        Assert.True(newestGone < oldestThere, $"{context}: {newestGone} {oldestThere}");
    }

    private LsmStore OpenWith(Retention? retention) => Open(new StoreOptions
    {
        TimeProvider = _clock,
        DefaultKeyspace = { MemtableBytes = 64 << 10, Retention = retention },
    });
}
