// What Dispose promises to those who call it, and to those whose calls it cuts short: the second
// of two waits for the first, a failure that nobody was told of is told, and nobody gets an
// exception that he did not ask for.
//
// Seen to fail: without the catch in BackgroundWork.CompactRange the compaction ended with
// OperationCanceledException; without OpenStore.Untold a failed store with Buffered commits was
// disposed in silence. The nested Dispose hangs without the comparison of threads in
// OpenStore.TryBeginClosing.

using LsmMmap.Engine.Files;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Tests.Regression;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests.Concurrency;

public sealed class DisposeTests : StoreTest
{
    [Fact]
    public void Dispose_SecondOfTwo_WaitsForTheFirst()
    {
        using var closing = new ManualResetEventSlim();
        using var mayClose = new ManualResetEventSlim();
        bool isDisposing = false;
        var files = new FaultyFiles
        {
            Before = (_, _) =>
            {
                if (!Volatile.Read(ref isDisposing))
                    return;
                closing.Set();
                mayClose.Wait();
            },
        };
        LsmStore store = LsmStore.Open(Home, null, files);
        Fill(store, 10);
        Volatile.Write(ref isDisposing, true);
        bool firstMayEnd = false;
        bool secondWaited = false;
        var second = new Thread(() =>
        {
            store.Dispose();
            secondWaited = Volatile.Read(ref firstMayEnd);
            LocalFileSystem.Instance.Lock(Home).Dispose();
        });
        Crew.Run(store.Dispose, () =>
        {
            closing.Wait();
            second.Start();
            Eventually.True(
                () => !second.IsAlive || second.ThreadState.HasFlag(ThreadState.WaitSleepJoin),
                "the second Dispose waits or has returned");
            Volatile.Write(ref firstMayEnd, true);
            mayClose.Set();
            second.Join();
        });
        Assert.True(secondWaited, "the second Dispose returned while the first was at work");
    }

    [Fact]
    public void Dispose_InsideDispose_Returns()
    {
        Thread? closer = null;
        LsmStore? store = null;
        int nested = 0;
        var files = new FaultyFiles
        {
            Before = (_, _) =>
            {
                if (!ReferenceEquals(Thread.CurrentThread, Volatile.Read(ref closer)))
                    return;
                store!.Dispose();
                nested++;
            },
        };
        store = LsmStore.Open(Home, null, files);
        Fill(store, 10);
        Eventually.Returns(
            () =>
            {
                Volatile.Write(ref closer, Thread.CurrentThread);
                store.Dispose();
            },
            "a Dispose that is called from within");
        Assert.True(nested > 0, "nothing was called from within");
        Assert.Equal(10, Count(Open()));
    }

    [Fact]
    public async Task Dispose_InAContinuationOfWriteAsync_Returns()
    {
        LsmStore store = Open();
        using var batch = new WriteBatch();
        batch.Put([1], [1]);
        await store.WriteAsync(batch);
        Eventually.Returns(store.Dispose, "Dispose after a commit");
    }

    [Fact]
    public void Compact_InterruptedByDispose_ThrowsObjectDisposed()
    {
        LsmStore? store = null;
        Thread? compacting = null;
        using var started = new ManualResetEventSlim();
        var files = new FaultyFiles
        {
            Before = (at, file) =>
            {
                if (at != "create" || !file.EndsWith(".tmp", StringComparison.Ordinal)
                    || !ReferenceEquals(Thread.CurrentThread, Volatile.Read(ref compacting)))
                    return;
                started.Set();
                Eventually.True(() => StateOf(store!).IsClosing, "the store is closing");
            },
        };
        store = LsmStore.Open(Home, null, files);
        Fill(store, 20_000);
        store.Flush();
        Fill(store, 20_000);
        Exception? error = null;
        Crew.Run(
            () =>
            {
                Volatile.Write(ref compacting, Thread.CurrentThread);
                error = Record.Exception(() => store.Compact());
                started.Set();
            },
            () =>
            {
                started.Wait();
                store.Dispose();
            });
        Assert.IsType<ObjectDisposedException>(error);
        Assert.Equal(20_000, Count(Open()));
    }

    [Fact]
    public void Dispose_StoreThatFailedWithNobodyTold_ThrowsTheFailure()
    {
        LsmStore store = OpenFailing(out Action fail);
        fail();
        // More than a memtable; the second begins its flush, and nobody writes after that.
        Fill(store, 2, valueBytes: 100_000);
        Eventually.True(() => StateOf(store).Failure != null, "the third flush fails");
        Assert.Throws<StoreFailedException>(store.Dispose);
        store.Dispose();
    }

    [Fact]
    public void Dispose_StoreWhoseFailureWasTold_IsSilent()
    {
        LsmStore store = OpenFailing(out Action fail);
        Fill(store, 10);
        fail();
        Assert.ThrowsAny<LsmException>(() => store.Flush());
        Eventually.True(() => StateOf(store).Failure != null, "the third flush fails");
        Assert.Throws<StoreFailedException>(() => store.Put([1], [1]));
        store.Dispose();
    }

    [Fact]
    public void Dispose_FailedStoreWithBufferedCommits_ThrowsTheFailure()
    {
        bool broken = false;
        var files = new FaultyFiles
        {
            Before = (at, file) =>
            {
                if (broken && at == "write" && file.EndsWith(".log", StringComparison.Ordinal))
                    throw FaultyFiles.DiskBroken(file);
            },
        };
        LsmStore store = LsmStore.Open(Home, null, files);
        store.Put([1], [1], Durability.Buffered);
        broken = true;
        Assert.Throws<StoreFailedException>(() => store.FlushLog());
        // Told or not: what was acknowledged is lost now.
        Assert.Throws<StoreFailedException>(store.Dispose);
    }

    private static StoreState StateOf(LsmStore store) => store.Default.Tree.Store;

    /// <summary>After the action no table can be made.</summary>
    private LsmStore OpenFailing(out Action fail)
    {
        bool broken = false;
        fail = () => Volatile.Write(ref broken, true);
        var files = new FaultyFiles
        {
            Before = (at, file) =>
            {
                if (Volatile.Read(ref broken) && at == "create"
                    && file.EndsWith(".tmp", StringComparison.Ordinal))
                    throw FaultyFiles.DiskBroken(file);
            },
        };
        var options = new StoreOptions { DefaultKeyspace = { MemtableBytes = 64 << 10 } };
        return LsmStore.Open(Home, options, files);
    }
}
