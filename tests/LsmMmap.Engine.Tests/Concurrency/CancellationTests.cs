// A WriteAsync that is cancelled while it waits for its turn leaves no trace: its task ends at
// once, its batch is its owner's again, its entries and its sequences never were.
//
// What keeps it: the compare-and-swap of CommitNode, and the registration that a refused commit
// gives up.

using LsmMmap.Engine.Tests.Regression;

namespace LsmMmap.Engine.Tests.Concurrency;

public sealed class CancellationTests : StoreTest
{
    [Fact]
    public async Task WriteAsync_CancelledInTheQueue_LeavesNoTrace()
    {
        using var writing = new ManualResetEventSlim();
        using var mayWrite = new ManualResetEventSlim();
        bool isHeld = false;
        var files = new FaultyFiles
        {
            Before = (at, _) =>
            {
                if (at != "write" || !Volatile.Read(ref isHeld))
                    return;
                writing.Set();
                mayWrite.Wait();
            },
        };
        using LsmStore store = LsmStore.Open(Home, null, files);
        Volatile.Write(ref isHeld, true);
        long first = 0;
        var leader = new Thread(() => first = store.Put([1], [1]));
        leader.Start();
        writing.Wait();
        using var source = new CancellationTokenSource();
        using var cancelled = new WriteBatch();
        cancelled.Put([2], [2]);
        using var kept = new WriteBatch();
        kept.Put([3], [3]);
        Task<long> gone = store.WriteAsync(cancelled, null, source.Token).AsTask();
        Task<long> stays = store.WriteAsync(kept).AsTask();
        await source.CancelAsync();
        // The leader is still in the middle of its write.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        cancelled.Put([4], [4]);
        mayWrite.Set();
        leader.Join();
        Assert.Equal(first + 1, await stays);
        Assert.Equal(first + 3, store.Write(cancelled));
        Assert.Equal(4, Count(store));
    }

    [Fact]
    public async Task WriteAsync_OnADisposedStore_KeepsNothingOfTheToken()
    {
        LsmStore store = Open();
        using var source = new CancellationTokenSource();
        using var batch = new WriteBatch();
        batch.Put([1], [1]);
        store.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(
            async () => await store.WriteAsync(batch, null, source.Token));
        await source.CancelAsync();
        batch.Put([2], [2]);
        Assert.Equal(2, batch.Count);
    }
}
