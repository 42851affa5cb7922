// A directory sync that failed is final: the kernel may have dropped entries that the next sync
// then reports as written, those of a new log among them.

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
        }
        armed = true;
        Assert.ThrowsAny<LsmException>(
            duringCompaction ? () => store.Compact() : () => store.Flush());
        Assert.Throws<StoreFailedException>(() => store.Put("b"u8, "2"u8));
        Assert.Equal(10, Count(store));
    }
}
