// Bug: one count of failures served all background work and any success set it back, so that a
// compaction that can never succeed was tried for ever beside flushes, at full speed.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests.Regression;

public sealed class FailingCompactionTests : StoreTest
{
    [Fact]
    public void Compaction_FailingThreeTimesBetweenFlushes_MakesTheStoreReadOnly()
    {
        LsmStore? store = null;
        int attempts = 0;
        bool waits = true;
        var mayFail = new SemaphoreSlim(0);
        var files = new FaultyFiles
        {
            Before = (step, file) =>
            {
                bool isOutput = step == "create"
                    && file.EndsWith(".sst.tmp", StringComparison.Ordinal)
                    && Thread.CurrentThread.Name == "LsmMmap compaction";
                if (!isOutput || !IsCompacting(store))
                    return;
                Interlocked.Increment(ref attempts);
                if (Volatile.Read(ref waits))
                    mayFail.Wait();
                throw FaultyFiles.DiskBroken(file);
            },
        };
        store = Track(LsmStore.Open(Home, null, files));
        try
        {
            for (int i = 0; i < 4; i++)
                WriteAndFlush(store);
            for (int failed = 0; failed < 3; failed++)
            {
                Eventually.True(() => Volatile.Read(ref attempts) > failed, "an attempt begins");
                WriteAndFlush(store);
                mayFail.Release();
            }
            Eventually.True(() => store.GetStatistics().Failure != null, "the store has failed");
            Assert.Equal(3, Volatile.Read(ref attempts));
            Assert.Throws<StoreFailedException>(() => store.Put([1], [1]));
        }
        finally
        {
            Volatile.Write(ref waits, false);
            mayFail.Release();
        }
        Assert.Equal(100, Count(store));
    }

    private static void WriteAndFlush(LsmStore store)
    {
        Fill(store, 100);
        store.Flush();
    }

    private static bool IsCompacting(LsmStore? store)
    {
        if (store == null)
            return false;
        using (store.State.Gate.Hold())
            return store.State.Trees.Any(static tree =>
                tree.Version.AllTables().Any(static table => table.IsCompacting));
    }
}
