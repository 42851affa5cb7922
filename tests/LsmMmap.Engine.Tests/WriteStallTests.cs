// Writing faster than flush and compaction follow: writes wait, none is lost, none waits for ever,
// and the store says what for.

using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Tests.Regression;
using LsmMmap.Engine.Writing;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class WriteStallTests : StoreTest
{
    private readonly ManualTimeProvider _clock = new();

    /// <summary>Level 0 stops writers at 12 tables here; of debt, 64 usual merges are the whole.
    /// </summary>
    [Theory]
    [InlineData(0, 0, 0, StallReason.None)]
    [InlineData(5, 0, 0.41, StallReason.None)]
    [InlineData(6, 0, 0.5, StallReason.Level0)]
    [InlineData(12, 0, 1, StallReason.Level0)]
    [InlineData(0, 31, 0.48, StallReason.None)]
    [InlineData(0, 32, 0.5, StallReason.CompactionDebt)]
    [InlineData(6, 48, 0.75, StallReason.CompactionDebt)]
    [InlineData(0, 10_000, 0.9, StallReason.CompactionDebt)] // never stops
    [InlineData(11, 10_000, 0.91, StallReason.Level0)]
    public void Pressure_OfWhatCompactionOwes_IsTheWorstOfAll(
        int level0, int merges, double load, StallReason reason)
    {
        LsmStore store = Open();
        using (store.State.Gate.Hold())
        {
            WritePressure pressure = WritePressure.Of(
                store.State, 1, _ => new CompactionPressure(level0, 4, 12, merges * 100L, 100));
            Assert.Equal(load, pressure.Load, 0.01);
            Assert.Equal(reason, pressure.Reason);
        }
    }

    [Fact]
    public void Writer_WhileFlushesAreHeld_IsDelayedThenStoppedAndSaysMemtables()
    {
        var mayFlush = new ManualResetEventSlim();
        LsmStore store = Track(LsmStore.Open(Home, new StoreOptions
        {
            TimeProvider = _clock,
            DefaultKeyspace = { MemtableBytes = 64 << 10 },
        }, new FaultyFiles
        {
            Before = (step, file) =>
            {
                if (step == "create" && file.EndsWith(".sst.tmp", StringComparison.Ordinal))
                    mayFlush.Wait();
            },
        }));
        Thread writer = Writing(store, 600);
        try
        {
            // It may also be waiting for the lock, but not long.
            int looks = 0;
            Eventually.True(
                () => FrozenOf(store) == 4 && IsWaiting(writer) && ++looks == 5,
                "the writer waits for a flush");
            Assert.Equal(StallReason.Memtables, store.GetStatistics().StallReason);
            // From the second to the fourth frozen memtable it was slowed down.
            Assert.True(store.GetStatistics().StallCount > 0);
            _clock.Advance(TimeSpan.FromSeconds(2));
        }
        finally
        {
            mayFlush.Set();
        }
        writer.Join();
        Assert.True(
            store.GetStatistics().StallTimes[StallReason.Memtables] >= TimeSpan.FromSeconds(2));
        AssertTold(store, StallReason.Memtables, TimeSpan.FromSeconds(2));
        Assert.Equal(600, Count(store));
    }

    [Fact]
    public void Writer_WhileCompactionIsHeld_IsDelayedThenStoppedAndSaysLevel0()
    {
        LsmStore store = OpenPaced(_clock, memtableBytes: 64 << 10);
        for (int tables = 0; tables < 12; tables++)
        {
            Assert.Equal(
                tables < 6 ? StallReason.None : StallReason.Level0,
                store.GetStatistics().StallReason);
            AddTable(store);
        }
        Assert.True(store.GetStatistics().StallCount > 0);
        Thread writer = Writing(store, 60);
        Eventually.True(() => IsWaiting(writer), "the writer waits for a compaction");
        Eventually.True(
            () =>
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
                return !writer.IsAlive;
            },
            "time lets the compaction end, and that the writer");
        Assert.True(
            store.GetStatistics().StallTimes[StallReason.Level0] >= TimeSpan.FromSeconds(1));
        AssertTold(store, StallReason.Level0, TimeSpan.FromSeconds(1));
        Assert.Equal(60, Count(store));
    }

    /// <summary>Dispose lets accepted commits end, and waited for all of the compaction that this
    /// one waits for: for ever, by a clock that stands.</summary>
    [Fact]
    public void Dispose_WhileAWriterIsStopped_LetsItThroughAndCloses()
    {
        LsmStore store = OpenPaced(_clock, memtableBytes: 64 << 10);
        for (int tables = 0; tables < 12; tables++)
            AddTable(store);
        long written = 0;
        var writer = new Thread(() =>
        {
            try
            {
                for (int i = 0; ; i++)
                {
                    store.Put(Bytes.Number(i), Bytes.Value(i, 10_000));
                    Volatile.Write(ref written, i + 1);
                }
            }
            catch (ObjectDisposedException)
            {
                // The next one after the one that was let through.
            }
        })
        { IsBackground = true };
        writer.Start();
        Eventually.True(() => IsWaiting(writer), "the writer waits for a compaction");
        Eventually.Returns(store.Dispose, "closing a store whose clock stands");
        writer.Join();
        LsmStore again = Open();
        for (int i = 0; i < written; i++)
            Assert.Equal(Bytes.Value(i, 10_000), again.Get(Bytes.Number(i)));
    }

    /// <summary>What compaction owes was kept for a set of tables, whatever its options: writers
    /// waited for a merge that retention rules out, and Dispose for them.</summary>
    [Fact]
    public void Put_AfterRetentionTookAwayWhatStoppedIt_Returns()
    {
        LsmStore store = Track(LsmStore.Open(Home, new StoreOptions
        {
            FreeSpaceReserveBytes = 1,
            DefaultKeyspace = { MemtableBytes = 64 << 10 },
        }, new FaultyFiles { Free = static () => 0 }));
        Assert.Throws<LsmException>(() =>
        {
            for (int i = 0; i < 60; i++)
            {
                Fill(store, 300);
                store.Flush();
            }
        });
        store.GetKeyspace("default", new KeyspaceOptions
        {
            MemtableBytes = 64 << 10,
            Retention = new Retention { Bytes = 1L << 40 },
        });
        Eventually.Returns(() => store.Put([1], [1]), "a write that nothing holds back");
    }

    [Theory]
    [InlineData(CompactionStyle.Leveled)]
    [InlineData(CompactionStyle.Tiered)]
    public void Writers_AboveTheBudget_AreSlowedAndLoseNothing(CompactionStyle style)
    {
        const int Writers = 3;
        const int EachWrites = 4_000;
        const int ValueBytes = 2_000;
        LsmStore store = Open(new StoreOptions
        {
            MemoryBudgetBytes = 1 << 20,
            BackgroundThreads = 1,
            DefaultKeyspace = { MemtableBytes = 64 << 10, Compaction = style },
        });
        Action WriterOf(int writer) => () =>
        {
            for (int i = 0; i < EachWrites; i++)
            {
                int number = i * Writers + writer;
                store.Put(Bytes.Number(number), Bytes.Value(number, ValueBytes));
            }
        };
        Crew.Run([.. Enumerable.Range(0, Writers).Select(WriterOf)]);
        StoreStatistics statistics = store.GetStatistics();
        Assert.Equal(
            statistics.StallTime,
            statistics.StallTimes.Values.Aggregate(TimeSpan.Zero, static (sum, t) => sum + t));
        int next = 0;
        foreach (KeyValueView entry in store.Range([], []))
        {
            Assert.Equal(Bytes.Number(next), entry.Key.ToArray());
            Assert.Equal(Bytes.Value(next, ValueBytes), entry.Value.ToArray());
            next++;
        }
        Assert.Equal(Writers * EachWrites, next);
        store.WaitForIdle();
        Assert.Equal(0, store.Verify().DamageCount);
    }

    [Fact]
    public void ManyKeyspaces_InOneBudget_AllWrite()
    {
        const int Spaces = 30;
        LsmStore store = Open(new StoreOptions
        {
            MemoryBudgetBytes = 1 << 20,
            DefaultKeyspace = { MemtableBytes = 256 << 10 },
        });
        Keyspace[] spaces =
            [.. Enumerable.Range(0, Spaces).Select(i => store.GetKeyspace($"space {i}"))];
        for (int i = 0; i < 6_000; i++)
            spaces[i % Spaces].Put(Bytes.Number(i), Bytes.Value(i, 1_000));
        for (int i = 0; i < 6_000; i++)
            Assert.Equal(Bytes.Value(i, 1_000), spaces[i % Spaces].Get(Bytes.Number(i)));
        store.Dispose();
        LsmStore again = Open();
        for (int i = 0; i < Spaces; i++)
            Assert.Equal(6_000 / Spaces, Count(again.GetKeyspace($"space {i}")));
    }

    private static void AddTable(LsmStore store)
    {
        Fill(store, 60, 1_000);
        store.Flush();
    }

    private static Thread Writing(LsmStore store, int count)
    {
        var thread = new Thread(() => Fill(store, count, 1_000)) { IsBackground = true };
        thread.Start();
        return thread;
    }

    private static bool IsWaiting(Thread thread) =>
        thread.ThreadState.HasFlag(ThreadState.WaitSleepJoin);

    private static int FrozenOf(LsmStore store)
    {
        using (store.State.Gate.Hold())
            return store.State.Trees.Sum(static tree => tree.Frozen.Count);
    }

    /// <summary>A stall is told once writers are no longer held back for it, which they notice
    /// when they write.</summary>
    private void AssertTold(LsmStore store, StallReason reason, TimeSpan least)
    {
        Eventually.True(
            () =>
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
                return store.GetStatistics().StallReason == StallReason.None;
            },
            "nothing holds writers back");
        Fill(store, 40, 1_000);
        StoreEvent told = store.GetEvents().First(
            e => e.Kind == StoreEventKind.Stall && e.Duration >= least);
        Assert.Equal(reason, told.StallReason);
        Assert.Contains($"{reason}", told.Reason, StringComparison.Ordinal);
    }
}
