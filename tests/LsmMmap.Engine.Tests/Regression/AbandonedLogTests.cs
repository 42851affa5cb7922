// A log that could not be made for want of space is not part of the store. What is committed after
// it, to the same log or to later ones, must come back.

namespace LsmMmap.Engine.Tests.Regression;

public sealed class AbandonedLogTests : StoreTest
{
    [Theory]
    [InlineData("write", true)]
    [InlineData("write", false)]
    [InlineData("sync", false)]
    public void Open_AfterALogThatHadNoSpace_RecoversWhatCameLater(string step, bool mayDelete)
    {
        bool full = false;
        var files = new FaultyFiles();
        files.Before = (at, file) =>
        {
            if (full && file.EndsWith(".log", StringComparison.Ordinal)
                && (at == step || (at == "delete" && !mayDelete)))
                throw FaultyFiles.DiskFull(file);
        };
        using LsmStore store = LsmStore.Open(Home, null, files);
        Keyspace other = store.GetKeyspace("other");
        Fill(store, 10);
        other.Put("a"u8, "1"u8);
        full = true;
        Assert.ThrowsAny<LsmException>(() => other.Flush());
        full = false;
        other.Flush();
        Fill(store, 10, from: 10);
        using LsmStore again = LsmStore.Open(ImageOfHome());
        Assert.Equal(20, Count(again));
    }

    [Fact]
    public void Rotate_LinkCannotBeWritten_FailsTheStore()
    {
        int writes = -1;
        var files = new FaultyFiles();
        files.Before = (at, file) =>
        {
            // Header and successor come first, then the first record of the new log.
            bool isLog = file.EndsWith(".log", StringComparison.Ordinal);
            if (isLog && at == "write" && writes >= 0 && ++writes == 3)
                throw FaultyFiles.DiskFull(file);
        };
        using LsmStore store = LsmStore.Open(Home, null, files);
        Fill(store, 10);
        writes = 0;
        Assert.ThrowsAny<LsmException>(() => store.Flush());
        Assert.Throws<StoreFailedException>(() => store.Put("b"u8, "2"u8));
    }

    [Fact]
    public void Dispose_LastFlushFails_StillHandsBufferedCommitsOver()
    {
        bool full = false;
        var files = new FaultyFiles();
        files.Before = (at, file) =>
        {
            if (full && at == "create")
                throw FaultyFiles.DiskFull(file);
        };
        LsmStore store = LsmStore.Open(Home, null, files);
        store.Put("a"u8, "1"u8, Durability.Buffered);
        full = true;
        Assert.ThrowsAny<LsmException>(store.Dispose);
        Assert.Equal("1"u8.ToArray(), Open().Get("a"u8));
    }

    [Fact]
    public void Dispose_LastFlushFailsUnexpectedly_StillReleasesTheStore()
    {
        bool broken = false;
        var files = new FaultyFiles();
        files.Before = (at, file) =>
        {
            if (broken && at == "create")
                throw new InsufficientMemoryException(file);
        };
        LsmStore store = LsmStore.Open(Home, null, files);
        store.Put("a"u8, "1"u8);
        broken = true;
        Assert.Throws<InsufficientMemoryException>(store.Dispose);
        Assert.Equal("1"u8.ToArray(), Open().Get("a"u8));
    }
}
