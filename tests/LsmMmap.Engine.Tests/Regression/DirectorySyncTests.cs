// A directory sync that failed is final: the kernel may have dropped entries that the next sync
// then reports as written, those of a new log among them.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests.Regression;

public sealed class DirectorySyncTests : StoreTest
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Flush_DirectorySyncFailsOnce_FailsTheStore(bool duringCompaction)
    {
        bool afterTable = false;
        bool armed = false;
        var files = new FaultyFiles();
        files.Before = (at, file) =>
        {
            bool fails = armed && afterTable && at == "sync directory";
            afterTable = at == "rename" && file.EndsWith(".sst", StringComparison.Ordinal);
            if (fails)
            {
                armed = false;
                throw FaultyFiles.DiskBroken(file);
            }
        };
        using LsmStore store = LsmStore.Open(Home, null, files);
        Fill(store, 10);
        if (duringCompaction)
        {
            store.Flush();
            Fill(store, 10);
            store.Flush();
            store.WaitForIdle();
        }
        armed = true;
        Assert.ThrowsAny<LsmException>(
            duringCompaction ? () => store.Compact() : () => store.Flush());
        Assert.Throws<StoreFailedException>(() => store.Put("b"u8, "2"u8));
        Assert.Equal(10, Count(store));
    }

    /// <summary>The thread that makes the next log meets the failure and tells nobody; whoever
    /// then waits for the disk is told what it was. Found by the sweep of faults.</summary>
    [Fact]
    public void Put_SyncedAfterAFailureBehindItsBack_NamesTheCause()
    {
        var isMet = new ManualResetEventSlim();
        var files = new FaultyFiles();
        files.Before = (at, file) =>
        {
            if (at != "sync directory" || Thread.CurrentThread.Name != "LsmMmap next log")
                return;
            isMet.Set();
            throw FaultyFiles.DiskBroken(file);
        };
        LsmStore store = Track(LsmStore.Open(Home, new StoreOptions
        {
            DefaultKeyspace = { MemtableBytes = 256 << 10 },
        }, files));
        Fill(store, 1000);
        Assert.True(isMet.Wait(TimeSpan.FromMinutes(1)));
        StoreFailedException? failed = null;
        Eventually.True(() => (failed = FailureOfSyncedPut(store)) != null, "the store has failed");
        Assert.Contains("Input/output error", failed!.ToString(), StringComparison.Ordinal);
        Assert.Equal(1000, Count(store));
    }

    private static StoreFailedException? FailureOfSyncedPut(LsmStore store)
    {
        try
        {
            store.Put(Bytes.Number(0), "synced"u8, Durability.Synced);
            return null;
        }
        catch (StoreFailedException e)
        {
            return e;
        }
    }
}
