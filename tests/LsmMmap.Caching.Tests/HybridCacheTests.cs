// The real HybridCache over the cache: what it keeps there, tags, large values, a stampede, and the
// next process. The first level is passed by where the second is what is asked about.

using LsmMmap.Extensions.Caching;
using LsmMmap.Testing;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;

namespace LsmMmap.Caching.Tests;

public sealed class HybridCacheTests : IDisposable
{
    private static readonly HybridCacheEntryOptions s_secondLevelOnly =
        new() { Flags = HybridCacheEntryFlags.DisableLocalCache };

    private readonly TemporaryFolder _folder = new();
    private readonly ManualTimeProvider _clock = new();
    private readonly CacheLogRecorder _log = new();
    private ServiceProvider? _services;

    private HybridCache Hybrid => _services!.GetRequiredService<HybridCache>();

    public HybridCacheTests() => Start();

    public void Dispose()
    {
        _services?.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Value_AfterRestart_ComesFromDisk()
    {
        Assert.Equal("made", await Hybrid.GetOrCreateAsync("key", static _ => Made("made")));
        Restart();
        Assert.Equal("made", await Hybrid.GetOrCreateAsync("key", static _ => Made("again")));
    }

    [Fact]
    public async Task Value_WhoseTimeIsOver_IsMadeAgain()
    {
        var options = new HybridCacheEntryOptions { Expiration = TimeSpan.FromMinutes(1) };
        await Hybrid.SetAsync("key", "first", options);
        Restart();
        Assert.Equal("first", await Hybrid.GetOrCreateAsync("key", static _ => Made("second")));
        _clock.Advance(TimeSpan.FromMinutes(1));
        Restart();
        Assert.Equal("second", await Hybrid.GetOrCreateAsync("key", static _ => Made("second")));
    }

    [Fact]
    public async Task Value_Removed_IsMadeAgainAfterRestart()
    {
        await Hybrid.SetAsync("key", "first");
        await Hybrid.RemoveAsync("key");
        Restart();
        Assert.Equal("second", await Hybrid.GetOrCreateAsync("key", static _ => Made("second")));
    }

    [Fact]
    public async Task RemoveByTag_AlsoAfterRestart_RemovesWhatHasTheTag()
    {
        await Hybrid.SetAsync("red", "1", tags: ["colour", "warm"]);
        await Hybrid.SetAsync("blue", "2", tags: ["colour"]);
        await Hybrid.SetAsync("loud", "3", tags: ["sound"]);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await Hybrid.RemoveByTagAsync("warm");
        Assert.Equal("new", await Read("red"));
        Restart();
        Assert.Equal("2", await Read("blue"));
        Assert.Equal("3", await Read("loud"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        await Hybrid.RemoveByTagAsync("colour");
        Restart();
        Assert.Equal("new", await Read("blue"));
        Assert.Equal("3", await Read("loud"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        await Hybrid.SetAsync("red", "4", tags: ["colour", "warm"]);
        Restart();
        Assert.Equal("4", await Read("red"));

        ValueTask<string> Read(string key) =>
            Hybrid.GetOrCreateAsync(key, static _ => Made("new"), s_secondLevelOnly);
    }

    [Fact]
    public async Task RemoveByTag_WhoseMarkIsDamaged_IsNotForgotten()
    {
        // Closed in between, so that entry and mark lie in tables of their own.
        await Hybrid.SetAsync("key", "old", tags: ["tag"]);
        Restart();
        Assert.Equal("old", await Hybrid.GetOrCreateAsync("key", static _ => Made("new")));
        _clock.Advance(TimeSpan.FromSeconds(1));
        await Hybrid.RemoveByTagAsync("tag");
        _services!.Dispose();
        // The mark is under its own key: the value after it is flipped, not the key.
        int flipped = 0;
        foreach (string table in StoreFiles.Tables(_folder["cache"]))
        {
            byte[] bytes = StoreFiles.ReadShared(table);
            int at = bytes.AsSpan().IndexOf("__MSFT_HCT__tag"u8);
            if (at < 0)
                continue;
            StoreFiles.Flip(table, at + "__MSFT_HCT__tag"u8.Length + 2);
            flipped++;
        }
        Assert.Equal(1, flipped);
        Start();
        Assert.Equal("new", await Hybrid.GetOrCreateAsync(
            "key", static _ => Made("new"), s_secondLevelOnly));
        Assert.Contains("EntryDamaged", _log.Names);
    }

    [Fact]
    public async Task LargeValue_OfManyMiB_ComesBackWhole()
    {
        byte[] value = new byte[20 << 20];
        new Random(20).NextBytes(value);
        await Hybrid.SetAsync("key", value);
        Restart();
        byte[] read = await Hybrid.GetOrCreateAsync(
            "key", static _ => ValueTask.FromException<byte[]>(new KeyNotFoundException()));
        Assert.True(value.AsSpan().SequenceEqual(read));
    }

    [Fact]
    public async Task Stampede_OfManyCallers_RunsTheFactoryOnce()
    {
        int runs = 0;
        var isGo = new TaskCompletionSource();
        var calls = new Task<string>[50];
        for (int i = 0; i < calls.Length; i++)
            calls[i] = Hybrid.GetOrCreateAsync("key", Make).AsTask();
        isGo.SetResult();
        Assert.All(await Task.WhenAll(calls), static value => Assert.Equal("made", value));
        Assert.Equal(1, runs);
        Restart();
        Assert.Equal("made", await Hybrid.GetOrCreateAsync("key", Make));
        Assert.Equal(1, runs);

        async ValueTask<string> Make(CancellationToken cancellation)
        {
            Interlocked.Increment(ref runs);
            await isGo.Task.WaitAsync(cancellation);
            return "made";
        }
    }

    [Fact]
    public async Task TagMark_InACacheWithALimit_OutlivesWhatItRemoved()
    {
        // Marks and entries leave in the order of writing, and a mark is written after what it
        // removes. So at every moment the tagged entry is gone, or its mark is there.
        _services!.Dispose();
        Start(sizeLimitBytes: 1 << 20);
        await Hybrid.SetAsync("key", "old", tags: ["tag"]);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await Hybrid.RemoveByTagAsync("tag");
        byte[] filler = new byte[10_000];
        for (int round = 0; round < 20; round++)
        {
            for (int i = 0; i < 20; i++)
                await Hybrid.SetAsync($"filler {round} {i}", filler);
            _services!.Dispose();
            Start(sizeLimitBytes: 1 << 20);
            Assert.Equal("none", await Hybrid.GetOrCreateAsync(
                "key", static _ => Made("none"),
                new() { Flags = HybridCacheEntryFlags.DisableDistributedCacheWrite }));
        }
    }

    private static ValueTask<string> Made(string value) => new(value);

    private void Restart()
    {
        _services?.Dispose();
        Start();
    }

    private void Start(long sizeLimitBytes = 0)
    {
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(_clock);
        services.AddSingleton<Microsoft.Extensions.Logging.ILogger<LsmCache>>(_log);
        services.AddLsmCache(options =>
        {
            options.Directory = _folder["cache"];
            options.TimeProvider = _clock;
            options.SizeLimitBytes = sizeLimitBytes;
        });
        services.AddHybridCache(static options => options.MaximumPayloadBytes = 64 << 20);
        _services = services.BuildServiceProvider();
    }
}
