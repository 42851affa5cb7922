// A batch is its owner's again at the moment its cancellation wins, while its place in the queue
// of writers is still there. The next leader read the batch when it came to that place: cleared,
// rewritten or disposed by then.

namespace LsmMmap.Engine.Tests.Regression;

public sealed class CancelledBatchTests : StoreTest
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WriteAsync_CancelledBehindALeader_BatchIsNotLookedAt(bool disposes)
    {
        var files = new FaultyFiles();
        using LsmStore store = LsmStore.Open(Home, null, files);
        using var writes = new ManualResetEventSlim();
        using var goesOn = new ManualResetEventSlim();
        files.Before = (step, file) =>
        {
            if (step != "write" || !file.EndsWith(".log", StringComparison.Ordinal))
                return;
            files.Before = static (_, _) => { };
            writes.Set();
            goesOn.Wait();
        };
        Task<long> leader = Task.Run(() => store.Put([1], [1]));
        writes.Wait();
        using var batch = new WriteBatch();
        batch.Put([2], new byte[1000]);
        using var source = new CancellationTokenSource();
        Task<long> commit = store.WriteAsync(batch, null, source.Token).AsTask();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => commit);
        if (disposes)
            batch.Dispose();
        else
            batch.Clear();
        Task<long> last = Task.Run(() => store.Put([3], [3]));
        goesOn.Set();
        await leader;
        Assert.Equal(2, await last);
        Assert.True(store.ContainsKey([1]));
        Assert.False(store.ContainsKey([2]));
        Assert.True(store.ContainsKey([3]));
    }
}
