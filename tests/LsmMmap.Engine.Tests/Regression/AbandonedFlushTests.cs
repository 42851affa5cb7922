// A flush whose table no edit names has dropped nothing: its entries are in the log as before, and
// whoever flushes them again counts those that are over.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests.Regression;

public sealed class AbandonedFlushTests : StoreTest
{
    private readonly ManualTimeProvider _clock = new();
    private readonly FaultyFiles _files = new();

    /// <summary>They were counted when the table was written, before it was known to be kept.
    /// </summary>
    [Fact]
    public void EntriesExpired_FlushThatFailsBehindItsTable_CountsNone()
    {
        using LsmStore store = OpenFaulty();
        PutExpired(store.Default);
        bool isWritten = false;
        _files.Before = (step, name) =>
        {
            isWritten |= step == "rename" && name.EndsWith(".sst", StringComparison.Ordinal);
            if (isWritten && step == "sync directory")
                throw FaultyFiles.DiskBroken(name);
        };
        Assert.ThrowsAny<LsmException>(() => store.Flush());
        Assert.Equal(0, store.GetStatistics().EntriesExpired);
        LsmStore again = Open(ImageOfHome(), new StoreOptions { TimeProvider = _clock });
        again.Flush();
        Assert.Equal(10, again.GetStatistics().EntriesExpired);
    }

    [Fact]
    public void EntriesExpired_KeyspaceDroppedDuringItsFlush_CountsNone()
    {
        using var isWritten = new ManualResetEventSlim();
        using var isDropped = new ManualResetEventSlim();
        using LsmStore store = OpenFaulty();
        Keyspace keyspace = store.GetKeyspace("dropped");
        PutExpired(keyspace);
        _files.Before = (step, name) =>
        {
            if (step != "rename" || !name.EndsWith(".sst", StringComparison.Ordinal))
                return;
            isWritten.Set();
            isDropped.Wait();
        };
        Task flush = Task.Run(() => keyspace.Flush());
        isWritten.Wait();
        store.DropKeyspace("dropped");
        isDropped.Set();
        Record.Exception(() => flush.GetAwaiter().GetResult());
        store.WaitForIdle();
        Assert.Equal(0, store.GetStatistics().EntriesExpired);
    }

    private void PutExpired(Keyspace keyspace)
    {
        for (int i = 0; i < 10; i++)
            keyspace.PutWithExpiry(Bytes.Number(i), "1"u8, _clock.GetUtcNow().AddHours(1));
        keyspace.Put("stays"u8, "1"u8);
        _clock.Advance(TimeSpan.FromHours(2));
    }

    private LsmStore OpenFaulty() =>
        LsmStore.Open(Home, new StoreOptions { TimeProvider = _clock }, _files);
}
