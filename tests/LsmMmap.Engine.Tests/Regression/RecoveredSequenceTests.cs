// A store that was killed says after the next opening up to which sequence it sees everything. A
// Buffered commit that was lost must not be counted, or whoever kept its sequence believes that it
// is there.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests.Regression;

public sealed class RecoveredSequenceTests : StoreTest
{
    // While an edit of the manifest recorded the published sequence, it found 11 and 10.
    [Fact]
    public void Sequence_OfALostBufferedCommit_IsNotRecovered()
    {
        using var reached = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        var files = new FaultyFiles();
        files.Before = (at, file) =>
        {
            if (at != "create" || !file.EndsWith(".sst.tmp", StringComparison.Ordinal))
                return;
            reached.Set();
            goOn.Wait();
        };
        using LsmStore store = LsmStore.Open(Home, null, files);
        Fill(store, 10);
        long kept = store.GetStatistics().LastSequence;
        // The memtable is frozen and its table being made when the commit comes that only this
        // process knows of.
        var flush = new Thread(() => store.Flush());
        flush.Start();
        reached.Wait();
        store.Put("lost"u8, "lost"u8, Durability.Buffered);
        goOn.Set();
        flush.Join();
        string image = Folder["image"];
        StoreFiles.Copy(Home, image);
        using LsmStore recovered = LsmStore.Open(image);
        Assert.Null(recovered.Get("lost"u8));
        Assert.Equal(kept, recovered.GetStatistics().LastSequence);
    }
}
