// A cache in a folder of its own, on a clock made by hand, that can be closed and opened again.
// Thread rule: one test, one fixture; the cache itself may be used from several threads.

using LsmMmap.Extensions.Caching;
using LsmMmap.Testing;
using Microsoft.Extensions.Caching.Distributed;

namespace LsmMmap.Caching.Tests;

internal sealed class CacheFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Action<LsmCacheOptions> _setup;
    private LsmCache? _cache;

    public CacheFixture(Action<LsmCacheOptions>? setup = null)
    {
        _setup = setup ?? (static _ => { });
        Open();
    }

    public ManualTimeProvider Clock { get; } = new();

    public CacheLogRecorder Log { get; } = new();

    /// <summary>Where the store of the cache lies.</summary>
    public string Directory => _folder["cache"];

    public LsmCache Cache => _cache
        ?? throw new InvalidOperationException("the cache of this test is closed");

    public static DistributedCacheEntryOptions Forever { get; } = new();

    public static DistributedCacheEntryOptions Sliding(TimeSpan window) =>
        new() { SlidingExpiration = window };

    public static DistributedCacheEntryOptions For(TimeSpan time) =>
        new() { AbsoluteExpirationRelativeToNow = time };

    public void Open(Action<LsmCacheOptions>? also = null)
    {
        var options = new LsmCacheOptions { Directory = Directory, TimeProvider = Clock };
        _setup(options);
        also?.Invoke(options);
        _cache = new LsmCache(options, Log);
    }

    public void Close()
    {
        _cache?.Dispose();
        _cache = null;
    }

    /// <summary>As the end of the process and the next one would.</summary>
    public void Reopen(Action<LsmCacheOptions>? also = null)
    {
        Close();
        Open(also);
    }

    /// <summary>The closed store, to look at what the cache left.</summary>
    public LsmStore OpenStore() =>
        LsmStore.Open(Directory, new StoreOptions { TimeProvider = Clock });

    public void Dispose()
    {
        Close();
        _folder.Dispose();
    }
}
