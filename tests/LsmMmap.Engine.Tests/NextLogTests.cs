// The log that is made ahead: who makes it, what happens when that fails, and that none stays.

using LsmMmap.Engine.Tests.Regression;

namespace LsmMmap.Engine.Tests;

public sealed class NextLogTests : StoreTest
{
    private const int MemtableBytes = 256 << 10;

    private readonly FaultyFiles _files = new();
    private readonly List<bool> _createdAhead = [];
    private readonly ManualResetEventSlim _isReady = new();
    private volatile bool _isRefused;

    public NextLogTests()
    {
        _files.Before = (step, file) =>
        {
            bool isAhead = Thread.CurrentThread.Name == "LsmMmap next log";
            bool isCreated = step == "create" && file.EndsWith(".log", StringComparison.Ordinal);
            if (isCreated)
            {
                lock (_createdAhead)
                    _createdAhead.Add(isAhead);
            }
            if (!isAhead || (step != "sync directory" && !_isRefused))
                return;
            _isReady.Set();
            if (isCreated)
                throw FaultyFiles.DiskFull(file);
        };
    }

    [Fact]
    public void Flush_NextLogWasMadeAhead_CreatesNoneOnItsThread()
    {
        LsmStore store = OpenWithSmallMemtables();
        Fill(store, 1000);
        Assert.True(_isReady.Wait(TimeSpan.FromMinutes(1)));
        store.Flush();
        Assert.Equal([false, true], _createdAhead);
        Fill(store, 1, from: 1000);
        Assert.Equal(1001, Count(store));
        using LsmStore killed = LsmStore.Open(ImageOfHome());
        Assert.Equal(1001, Count(killed));
    }

    [Fact]
    public void Put_LittleWritten_MakesNoLogAhead()
    {
        LsmStore store = OpenWithSmallMemtables();
        Fill(store, 100);
        store.Flush();
        Assert.Equal([false, false], _createdAhead);
    }

    [Fact]
    public void Flush_NextLogCouldNotBeMadeAhead_MakesItNow()
    {
        _isRefused = true;
        LsmStore store = OpenWithSmallMemtables();
        Fill(store, 1000);
        Assert.True(_isReady.Wait(TimeSpan.FromMinutes(1)));
        store.Flush();
        Assert.Equal([false, true, false], _createdAhead);
        store.Put("after"u8, "it"u8);
        Assert.Equal(1001, Count(store));
    }

    [Fact]
    public void Dispose_NextLogIsUnused_LeavesOneLog()
    {
        LsmStore store = OpenWithSmallMemtables();
        Fill(store, 1000);
        Assert.True(_isReady.Wait(TimeSpan.FromMinutes(1)));
        string image = ImageOfHome();
        store.Dispose();
        Assert.Single(Directory.GetFiles(Home, "*.log"));
        using LsmStore killed = LsmStore.Open(image);
        Assert.Equal(1000, Count(killed));
        Assert.Equal(0, killed.GetStatistics().Recovery.LogBytesDropped);
    }

    public override void Dispose()
    {
        base.Dispose();
        _isReady.Dispose();
    }

    private LsmStore OpenWithSmallMemtables() => Track(LsmStore.Open(Home, new StoreOptions
    {
        DefaultKeyspace = new KeyspaceOptions { MemtableBytes = MemtableBytes },
    }, _files));
}
