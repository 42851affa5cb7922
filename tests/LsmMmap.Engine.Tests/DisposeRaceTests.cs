// Dispose while other threads read, write and walk: it waits for calls in progress, every later
// call is ObjectDisposedException, and what was acknowledged is kept.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class DisposeRaceTests : StoreTest
{
    [Fact]
    public void Dispose_WhileThreadsUseTheStore_EndsThemWithObjectDisposed()
    {
        for (int round = 0; round < 15; round++)
            RunRound(Folder[$"round-{round}"], round);
    }

    private static void RunRound(string directory, int round)
    {
        var options = new StoreOptions { DefaultKeyspace = { MemtableBytes = 64 << 10 } };
        LsmStore store = LsmStore.Open(directory, options);
        Fill(store, 200);
        int acknowledged = 0;
        int started = 0;
        Action Until(Action<int> use) => () => RunUntilDisposed(use, ref started);
        Crew.Run(
            Until(i =>
            {
                store.Put(Bytes.Number(1_000 + i), Bytes.Value(i, 300));
                Volatile.Write(ref acknowledged, i + 1);
            }),
            Until(i => Assert.Equal(Bytes.Value(i % 200, 100), store.Get(Bytes.Number(i % 200)))),
            Until(i =>
            {
                using PinnedValue value = store.GetPinned(Bytes.Number(i % 200));
                Assert.Equal(100, value.Span.Length);
            }),
            Until(_ => Assert.True(Count(store) >= 200)),
            Until(i =>
            {
                using Snapshot snapshot = store.CreateSnapshot();
                Assert.True(snapshot.ContainsKey(Bytes.Number(i % 200)));
            }),
            () =>
            {
                // Let each of them in, and the first of them a little further every round.
                Eventually.True(
                    () => Volatile.Read(ref started) == 5
                        && Volatile.Read(ref acknowledged) >= 20 * round,
                    "all threads run");
                store.Dispose();
                store.Dispose();
            });
        using LsmStore again = LsmStore.Open(directory);
        Assert.True(again.GetStatistics().Recovery.CleanlyClosed);
        for (int i = 0; i < acknowledged; i++)
            Assert.Equal(Bytes.Value(i, 300), again.Get(Bytes.Number(1_000 + i)));
    }

    [Fact]
    public void Dispose_FromSeveralThreads_ReturnsOnAll()
    {
        for (int round = 0; round < 20; round++)
        {
            LsmStore store = Open(Folder[$"round-{round}"]);
            Fill(store, 50);
            Crew.Run(store.Dispose, store.Dispose, store.Dispose);
            Assert.Throws<ObjectDisposedException>(() => store.Put([1], [1]));
        }
    }

    [Fact]
    public void Dispose_WithAnOpenCursorOnAnotherThread_DoesNotWaitForIt()
    {
        LsmStore store = Open();
        Fill(store, 1_000);
        store.Flush();
        using var disposed = new ManualResetEventSlim();
        using var standing = new ManualResetEventSlim();
        Crew.Run(
            () =>
            {
                using Cursor cursor = store.CreateCursor();
                Assert.True(cursor.MoveNext());
                standing.Set();
                disposed.Wait();
                for (int i = 1; i < 1_000; i++)
                {
                    Assert.True(cursor.MoveNext());
                    Assert.Equal(Bytes.Value(i, 100), cursor.Value.ToArray());
                }
            },
            () =>
            {
                standing.Wait();
                store.Dispose();
                disposed.Set();
            });
    }

    private static void RunUntilDisposed(Action<int> use, ref int started)
    {
        for (int i = 0; ; i++)
        {
            if (i == 1)
                Interlocked.Increment(ref started);
            try
            {
                use(i);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
        }
    }
}
