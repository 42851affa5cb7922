// WriteAsync: order, cancellation, many in flight, and the batch that belongs to the store
// meanwhile.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class WriteAsyncTests : StoreTest
{
    private const int InFlight = 200;

    [Theory]
    [InlineData(Durability.Buffered)]
    [InlineData(Durability.Flushed)]
    [InlineData(Durability.Synced)]
    public async Task WriteAsync_Awaited_IsVisible(Durability durability)
    {
        LsmStore store = Open();
        using var batch = new WriteBatch();
        batch.Put([1], [2]);
        long sequence = await store.WriteAsync(batch, durability);
        Assert.Equal([2], store.Get([1]));
        using Snapshot snapshot = store.CreateSnapshot();
        Assert.True(snapshot.Sequence >= sequence);
    }

    /// <summary>A result that was asked for too early gave the node back to the pool while its
    /// commit was under way.</summary>
    [Fact]
    public async Task WriteAsync_ResultAskedForTooEarly_ThrowsAndHarmsNobody()
    {
        using var free = new ManualResetEventSlim(true);
        var files = new Regression.FaultyFiles
        {
            Before = (step, file) =>
            {
                if (step == "sync" && file.EndsWith(".log", StringComparison.Ordinal))
                    free.Wait();
            },
        };
        using LsmStore store = LsmStore.Open(Home, null, files);
        using var first = new WriteBatch();
        using var second = new WriteBatch();
        free.Reset();
#pragma warning disable CA2012 // Misuse is what is tested.
        ValueTask<long> early = store.WriteAsync(first.Put([1], [1]), Durability.Synced);
        Exception? refused = Record.Exception(() => early.GetAwaiter().GetResult());
        ValueTask<long> other = store.WriteAsync(second.Put([2], [2]), Durability.Synced);
#pragma warning restore CA2012
        free.Set();
        Assert.IsType<InvalidOperationException>(refused);
        Assert.Equal(await early + 1, await other);
    }

    [Fact]
    public async Task WriteAsync_TwoHundredInFlight_CommitInCallOrder()
    {
        LsmStore store = Open();
        var batches = new WriteBatch[InFlight];
        var commits = new Task<long>[InFlight];
        for (int i = 0; i < InFlight; i++)
        {
            batches[i] = new WriteBatch();
            batches[i].Put(Bytes.Of("shared"), Bytes.Number(i)).Put(Bytes.Number(i), []);
            Durability durability = (Durability)(1 + i % 3);
            commits[i] = store.WriteAsync(batches[i], durability).AsTask();
        }
        long[] sequences = await Task.WhenAll(commits);
        for (int i = 1; i < InFlight; i++)
            Assert.True(sequences[i] > sequences[i - 1], $"call {i} committed out of order");
        Assert.Equal(Bytes.Number(InFlight - 1), store.Get(Bytes.Of("shared")));
        Assert.Equal(InFlight + 1, Count(store));
        foreach (WriteBatch batch in batches)
            batch.Dispose();
    }

    [Fact]
    public async Task WriteAsync_ThenSynchronousPut_CommitsBoth()
    {
        LsmStore store = Open();
        using var batch = new WriteBatch();
        batch.Put([1], [1]);
        ValueTask<long> commit = store.WriteAsync(batch, Durability.Synced);
        store.Put([2], [2]);
        await commit;
        Assert.Equal(2, Count(store));
    }

    [Fact]
    public async Task WriteAsync_FromManyTasks_LosesNothing()
    {
        const int Writers = 8;
        const int EachWrites = 100;
        LsmStore store = Open();
        Task[] writers = new Task[Writers];
        for (int w = 0; w < Writers; w++)
        {
            int writer = w;
            writers[w] = Task.Run(async () =>
            {
                using var batch = new WriteBatch();
                for (int i = 0; i < EachWrites; i++)
                {
                    batch.Clear();
                    batch.Put(Bytes.Number(writer * EachWrites + i), Bytes.Number(i));
                    await store.WriteAsync(batch);
                }
            });
        }
        await Task.WhenAll(writers);
        Assert.Equal(Writers * EachWrites, Count(store));
    }

    [Fact]
    public async Task WriteAsync_TokenAlreadyCancelled_ThrowsAndWritesNothing()
    {
        LsmStore store = Open();
        using var batch = new WriteBatch();
        batch.Put([1], [1]);
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        for (int i = 0; i < 100; i++)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                async () => await store.WriteAsync(batch, null, source.Token));
        }
        Assert.False(store.ContainsKey([1]));
        // The batch is its owner's again.
        batch.Put([2], [2]);
        store.Write(batch);
        Assert.Equal(2, Count(store));
    }

    [Fact]
    public async Task WriteAsync_CancelledMeanwhile_IsWholeOrAbsent()
    {
        LsmStore store = Open();
        for (int i = 0; i < 200; i++)
        {
            using var batch = new WriteBatch();
            batch.Put(Bytes.Number(2 * i), []).Put(Bytes.Number(2 * i + 1), []);
            using var source = new CancellationTokenSource();
            Task<long> commit = store.WriteAsync(batch, Durability.Synced, source.Token).AsTask();
            await source.CancelAsync();
            bool threw = await Record.ExceptionAsync(() => commit) is OperationCanceledException;
            Assert.Equal(!threw, store.ContainsKey(Bytes.Number(2 * i)));
            Assert.Equal(!threw, store.ContainsKey(Bytes.Number(2 * i + 1)));
        }
    }

    [Fact]
    public async Task WriteAsync_EmptyBatch_ReturnsTheLastSequence()
    {
        LsmStore store = Open();
        long sequence = store.Put([1], [1]);
        using var batch = new WriteBatch();
        Assert.Equal(sequence, await store.WriteAsync(batch, Durability.Synced));
    }

    [Fact]
    public async Task WriteAsync_NullBatch_ThrowsArgumentNull()
    {
        LsmStore store = Open();
        await Assert.ThrowsAsync<ArgumentNullException>(
            async () => await store.WriteAsync(null!));
    }

    [Fact]
    public async Task Batch_WhileInFlight_RefusesOrIsAlreadyCommitted()
    {
        LsmStore store = Open();
        for (int i = 0; i < 100; i++)
        {
            using var batch = new WriteBatch();
            batch.Put(Bytes.Number(i), Bytes.Value(i, 100_000));
            Task<long> commit = store.WriteAsync(batch, Durability.Synced).AsTask();
            // Either the batch still belongs to the store, or the commit was complete and what is
            // added now cannot be part of it.
            Exception? refusal = Record.Exception(() => batch.Put(Bytes.Of("late"), []));
            await commit;
            Assert.True(refusal is null or InvalidOperationException, $"{refusal}");
            Assert.Equal(refusal is null ? 2 : 1, batch.Count);
            Assert.False(store.ContainsKey(Bytes.Of("late")));
        }
    }

    [Fact]
    public async Task Batch_WrittenTwiceAtOnce_CommitsOncePerAcceptance()
    {
        LsmStore store = Open();
        using var batch = new WriteBatch();
        batch.Put([1], Bytes.Value(1, 100_000));
        for (int i = 0; i < 100; i++)
        {
            Task<long> first = store.WriteAsync(batch, Durability.Synced).AsTask();
            Exception? refusal = Record.Exception(() => store.Write(batch));
            Assert.True(
                refusal is null or InvalidOperationException and not ObjectDisposedException,
                $"{refusal}");
            Assert.True(await first > 0);
        }
    }

    [Fact]
    public async Task Batch_DisposedWhileInFlight_IsStillCommitted()
    {
        LsmStore store = Open();
        for (int i = 0; i < 100; i++)
        {
            var batch = new WriteBatch();
            batch.Put(Bytes.Number(i), Bytes.Value(i, 20_000));
            Task<long> commit = store.WriteAsync(batch, Durability.Synced).AsTask();
            batch.Dispose();
            await commit;
            Assert.Equal(Bytes.Value(i, 20_000), store.Get(Bytes.Number(i)));
        }
    }

    [Fact]
    public async Task Dispose_WithCommitsInFlight_FinishesThem()
    {
        LsmStore store = Open();
        var commits = new List<Task<long>>();
        for (int i = 0; i < InFlight; i++)
        {
            var batch = new WriteBatch();
            batch.Put(Bytes.Number(i), []);
            commits.Add(store.WriteAsync(batch, Durability.Synced).AsTask());
            batch.Dispose();
        }
        store.Dispose();
        await Task.WhenAll(commits);
        Assert.Equal(InFlight, Count(Open()));
    }
}
