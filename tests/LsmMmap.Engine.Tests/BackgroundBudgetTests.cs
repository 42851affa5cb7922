// Budgets of background work and what it tells: the rate limit, the reserve of free space, why
// writers wait, the events and their callback.

using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Tests.Compaction;
using LsmMmap.Engine.Tests.Regression;
using LsmMmap.Engine.Versions;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class BackgroundBudgetTests : StoreTest
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public void Rate_OfAClockThatStands_HoldsCompactionAndNotFlush()
    {
        LsmStore store = OpenPaced(_clock, memtableBytes: 1 << 20);
        for (int i = 0; i < 6; i++)
        {
            Fill(store, 3_000);
            store.Flush();
        }
        Assert.True(store.GetStatistics().FlushCount >= 6);
        Assert.DoesNotContain(store.GetEvents(), e => e.BytesRead > 0);
        Eventually.True(
            () =>
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
                return store.GetEvents().Any(e => e.BytesRead > 0);
            },
            "time lets the compaction end");
        Assert.Equal(3_000, Count(store));
    }

    [Fact]
    public void Rate_WhileACompactionWaits_ClosesAtOnce()
    {
        LsmStore store = OpenPaced(_clock, memtableBytes: 1 << 20);
        for (int i = 0; i < 6; i++)
        {
            Fill(store, 3_000);
            store.Flush();
        }
        Eventually.Returns(store.Dispose, "closing a store whose clock stands");
        Assert.Equal(3_000, Count(Open()));
    }

    [Fact]
    public void Rate_WhileACompactionWaits_CanBeCancelled()
    {
        LsmStore store = OpenPaced(_clock, memtableBytes: 1 << 20);
        Fill(store, 3_000);
        store.Flush();
        Fill(store, 3_000);
        using var stop = new CancellationTokenSource();
        var thread = new Thread(stop.Cancel);
        Eventually.Returns(
            () =>
            {
                thread.Start();
                Assert.ThrowsAny<OperationCanceledException>(() => store.Compact(stop.Token));
            },
            "a compaction that is cancelled");
        thread.Join();
    }

    [Fact]
    public void Reserve_OnAFullDisk_PausesCompactionsAndNotFlushes()
    {
        long free = 1 << 20;
        var files = new FaultyFiles { Free = () => Volatile.Read(ref free) };
        LsmStore store = Track(LsmStore.Open(Home, new StoreOptions
        {
            FreeSpaceReserveBytes = 1 << 20,
            DefaultKeyspace = { MemtableBytes = 64 << 10 },
        }, files));
        for (int i = 0; i < 6; i++)
        {
            Fill(store, 500);
            store.Flush();
        }
        Assert.Throws<LsmException>(() => store.WaitForIdle());
        Assert.Throws<LsmException>(() => store.Compact());
        Assert.Equal(0, store.GetStatistics().CompactionCount);
        Assert.Contains(store.GetEvents(), e => e.Kind == StoreEventKind.Pause);
        Volatile.Write(ref free, 1 << 30);
        Eventually.True(
            () => store.GetStatistics().CompactionCount > 0, "compaction goes on by itself");
        Eventually.True(
            () => store.GetEvents().Any(e => e.Kind == StoreEventKind.Resume), "it is told");
        store.WaitForIdle();
    }

    [Fact]
    public void Writer_StoppedForSpace_IsToldSo()
    {
        long free = 0;
        var files = new FaultyFiles { Free = () => Volatile.Read(ref free) };
        LsmStore store = Track(LsmStore.Open(Home, new StoreOptions
        {
            FreeSpaceReserveBytes = 1,
            DefaultKeyspace = { MemtableBytes = 64 << 10 },
        }, files));
        LsmException? stopped = null;
        for (int i = 0; i < 60 && stopped == null; i++)
        {
            try
            {
                Fill(store, 300);
                store.Flush();
                if (i == 4)
                    AwaitPause(store);
            }
            catch (LsmException e)
            {
                stopped = e;
            }
        }
        Assert.NotNull(stopped);
        Assert.Contains("space", stopped.Message, StringComparison.Ordinal);
        Assert.Equal(StallReason.DiskSpace, store.GetStatistics().StallReason);
        Assert.Contains(StallReason.DiskSpace, store.GetStatistics().StallTimes.Keys);
        // Want of space is no failure: with space the same store goes on.
        Volatile.Write(ref free, long.MaxValue);
        Eventually.True(() => CanWrite(store), "writes go on");
    }

    /// <summary>It was counted whole beside the new one, and called want of space, although it
    /// had written most of it and would give back as much.</summary>
    [Fact]
    public void Reserve_ThatARunningCompactionMayNeed_IsWaitedForInSilence()
    {
        long free = 1_000;
        var files = new FaultyFiles { Free = () => free };
        LsmStore store = Track(LsmStore.Open(
            Home, new StoreOptions { FreeSpaceReserveBytes = 100 }, files));
        var space = new SpaceReserve(store.State);
        CompactionPlan running = Merge(600);
        CompactionPlan next = Merge(500);
        space.Measure();
        using (store.State.Gate.Hold())
        {
            Assert.True(space.Allows(next, []));
            Assert.False(space.Allows(next, [running]));
            Assert.Null(store.State.CompactionPause);
        }
        free = 599;
        space.Measure();
        using (store.State.Gate.Hold())
        {
            Assert.False(space.Allows(next, []));
            Assert.NotNull(store.State.CompactionPause);
            Assert.True(space.Allows(null, []));
            Assert.Null(store.State.CompactionPause);
        }
    }

    [Fact]
    public void GetEvents_AfterTheLargestNumber_IsEmpty()
    {
        LsmStore store = Open();
        Fill(store, 10);
        store.Flush();
        Eventually.True(() => store.GetEvents(long.MinValue).Count > 0, "the flush is told");
        Assert.Empty(store.GetEvents(long.MaxValue));
    }

    /// <summary>Whoever disposes first waits for the callback, which must not wait for him.
    /// </summary>
    [Fact]
    public void Callback_ThatDisposesAStoreBeingDisposed_DoesNotWait()
    {
        LsmStore? store = null;
        var begun = new ManualResetEventSlim();
        var isDisposing = new ManualResetEventSlim();
        int told = 0;
        store = Open(new StoreOptions
        {
            OnEvent = happened =>
            {
                begun.Set();
                isDisposing.Wait();
                store!.Dispose();
                Interlocked.Increment(ref told);
            },
        });
        Fill(store, 10);
        store.Flush();
        begun.Wait();
        var disposer = new Thread(store.Dispose);
        disposer.Start();
        Eventually.True(() => IsClosed(store), "the store is being closed");
        isDisposing.Set();
        disposer.Join();
        // Whichever of the two came first has closed it; the other returns in its own time.
        Eventually.True(() => Volatile.Read(ref told) > 0, "the callback is not held up");
    }

    [Fact]
    public void Events_OfFlushAndCompaction_SayWhatWentInAndOut()
    {
        LsmStore store = Open();
        Fill(store, 1_000);
        store.Flush();
        Fill(store, 1_000);
        store.Compact();
        store.WaitForIdle();
        IReadOnlyList<StoreEvent> events = store.GetEvents();
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(e => (int)e.Number));
        StoreEvent flush = events.First(e => e.Kind == StoreEventKind.Flush);
        Assert.Equal("default", flush.Keyspace);
        Assert.Equal(flush.BytesWritten, flush.Outputs.Single().Bytes);
        StoreEvent merge = events.First(e => e.BytesRead > 0);
        Assert.Equal(StoreEventKind.Compaction, merge.Kind);
        Assert.Equal(merge.BytesRead, merge.Inputs.Sum(table => table.Bytes));
        Assert.Equal(merge.BytesWritten, merge.Outputs.Sum(table => table.Bytes));
        Assert.Equal(1_000, merge.EntriesDropped);
        Assert.NotEmpty(merge.Reason);
        Assert.Empty(store.GetEvents(events[^1].Number));
    }

    [Fact]
    public void Events_OfTablesThatMove_SayHowMuchAndThatNothingWasRead()
    {
        LsmStore store = Open();
        for (int i = 0; i < 5; i++)
        {
            Fill(store, 200, from: 200 * i);
            store.Flush();
        }
        store.WaitForIdle();
        StoreEvent move = store.GetEvents().First(e => e.BytesMoved > 0);
        Assert.Equal(StoreEventKind.Compaction, move.Kind);
        Assert.Equal(move.BytesMoved, move.Inputs.Sum(table => table.Bytes));
        Assert.Equal((0, 0), (move.BytesRead, move.BytesWritten));
        Assert.Equal(1_000, Count(store));
    }

    [Fact]
    public void Callback_ThatThrowsAndUsesTheStore_HarmsNothing()
    {
        var seen = new List<long>();
        LsmStore? store = null;
        var isOpen = new ManualResetEventSlim();
        store = Open(new StoreOptions
        {
            OnEvent = happened =>
            {
                isOpen.Wait();
                seen.Add(happened.Number);
                if (happened.Kind == StoreEventKind.Flush)
                    store!.Put("from the callback"u8, "1"u8);
                throw new InvalidOperationException();
            },
        });
        isOpen.Set();
        Fill(store, 100);
        store.Flush();
        Eventually.True(() => store.ContainsKey("from the callback"u8), "the callback wrote");
        Eventually.True(() => store.GetStatistics().EventCallbackFailures > 0, "counted");
        long last = store.GetEvents()[^1].Number;
        store.Dispose();
        Assert.True(seen.Count >= last, "Dispose waits until all was told");
        Assert.Equal(seen.Order(), seen);
    }

    [Fact]
    public void Callback_ThatDisposesTheStore_DoesNotWaitForItself()
    {
        LsmStore? store = null;
        var isDone = new ManualResetEventSlim();
        store = Open(new StoreOptions
        {
            OnEvent = happened =>
            {
                if (happened.Kind != StoreEventKind.Flush || isDone.IsSet)
                    return;
                store!.Dispose();
                isDone.Set();
            },
        });
        Fill(store, 10);
        try
        {
            store.Flush();
        }
        catch (ObjectDisposedException)
        {
            // The callback was faster.
        }
        Eventually.True(() => isDone.IsSet, "the store is closed");
        Assert.Equal(10, Count(Open()));
    }

    /// <summary>Each attempt of a flush on a full disk is no event of its own.</summary>
    [Fact]
    public void Pause_OfSeveralAttempts_IsToldOnce()
    {
        int attempts = 0;
        bool isFull = true;
        var files = new FaultyFiles();
        files.Before = (step, file) =>
        {
            if (step != "create" || !file.EndsWith(".sst.tmp", StringComparison.Ordinal))
                return;
            Interlocked.Increment(ref attempts);
            if (Volatile.Read(ref isFull))
                throw FaultyFiles.DiskFull(file);
        };
        LsmStore store = Track(LsmStore.Open(Home, null, files));
        Fill(store, 10);
        Assert.ThrowsAny<LsmException>(() => store.Flush());
        Eventually.True(() => Volatile.Read(ref attempts) >= 3, "it is tried again");
        Volatile.Write(ref isFull, false);
        Eventually.True(
            () => store.GetEvents().Any(e => e.Kind == StoreEventKind.Resume), "it goes on");
        Assert.Single(store.GetEvents(), e => e.Kind == StoreEventKind.Pause);
        Assert.Single(store.GetEvents(), e => e.Kind == StoreEventKind.Resume);
    }

    private static bool CanWrite(LsmStore store)
    {
        try
        {
            store.Put("after"u8, "it"u8);
            return true;
        }
        catch (LsmException e) when (e is not StoreFailedException)
        {
            return false;
        }
    }

    private static bool IsClosed(LsmStore store)
    {
        try
        {
            store.Put("a"u8, "b"u8);
            return false;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
    }

    private static CompactionPlan Merge(long bytes)
    {
        var tree = new TreeModel(10);
        Table table = tree.Counted(0, 0, 9, bytes, 10, deletes: 10);
        return CompactionPlan.Of(
            tree.Version, new KeyspaceOptions(), CompactionReason.Level0Count, "a test", 6,
            [(0, table)]);
    }
}
