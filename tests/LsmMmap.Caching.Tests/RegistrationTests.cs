// AddLsmCache as the other providers' registrations are: what is registered, what wins, what is
// checked, and whose the store is.

using LsmMmap.Extensions.Caching;
using LsmMmap.Testing;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace LsmMmap.Caching.Tests;

public sealed class RegistrationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AddLsmCache_Services_AreOneSingletonAndItsInterface()
    {
        var services = new ServiceCollection();
        Assert.Same(services, services.AddLsmCache(o => o.Directory = _folder["cache"]));
        ServiceDescriptor descriptor =
            Assert.Single(services, static d => d.ServiceType == typeof(IDistributedCache));
        Assert.Equal(ServiceLifetime.Singleton, descriptor.Lifetime);
        using ServiceProvider provider = services.BuildServiceProvider();
        var cache = provider.GetRequiredService<IDistributedCache>();
        Assert.Same(provider.GetRequiredService<LsmCache>(), cache);
        Assert.IsAssignableFrom<IBufferDistributedCache>(cache);
    }

    [Fact]
    public void AddLsmCache_AfterAnotherCache_IsTheOneThatIsGiven()
    {
        var services = new ServiceCollection();
        services.AddDistributedMemoryCache();
        services.AddLsmCache(o => o.Directory = _folder["cache"]);
        using ServiceProvider provider = services.BuildServiceProvider();
        Assert.IsType<LsmCache>(provider.GetRequiredService<IDistributedCache>());
    }

    [Fact]
    public async Task Container_Disposed_ClosesTheStoreItOpened()
    {
        var services = new ServiceCollection();
        services.AddLsmCache(o => o.Directory = _folder["cache"]);
        ServiceProvider first = services.BuildServiceProvider();
        first.GetRequiredService<IDistributedCache>().Set("key", [1], new());
        await first.DisposeAsync();
        using ServiceProvider second = services.BuildServiceProvider();
        Assert.Equal([1], second.GetRequiredService<IDistributedCache>().Get("key"));
    }

    [Fact]
    public void Container_GivenAStore_LeavesItOpen()
    {
        using LsmStore store = LsmStore.Open(_folder["store"]);
        store.Put("mine"u8, "1"u8);
        var services = new ServiceCollection();
        services.AddSingleton(store);
        services.AddLsmCache();
        services.AddOptions<LsmCacheOptions>().Configure<LsmStore>(static (options, given) =>
        {
            options.Store = given;
            options.Keyspace = "pages";
        });
        using (ServiceProvider provider = services.BuildServiceProvider())
            provider.GetRequiredService<IDistributedCache>().Set("key", [1], new());
        Assert.Equal("1"u8.ToArray(), store.Get("mine"u8));
        Assert.Equal(["default", "pages"], store.KeyspaceNames);
    }

    [Fact]
    public void TwoCaches_InOneStore_DoNotSeeEachOther()
    {
        using LsmStore store = LsmStore.Open(_folder["store"]);
        using var one = new LsmCache(new LsmCacheOptions { Store = store, Keyspace = "one" });
        using var two = new LsmCache(new LsmCacheOptions { Store = store, Keyspace = "two" });
        one.Set("key", [1], new());
        two.Set("key", [2], new());
        Assert.Equal([1], one.Get("key"));
        two.Remove("key");
        Assert.Equal([1], one.Get("key"));
    }

    [Theory]
    [InlineData("neither", "set either Directory or Store")]
    [InlineData("both", "set either Directory or Store")]
    [InlineData("read-only", "Store is open read-only")]
    [InlineData("keyspace", "Keyspace is \"default\"")]
    [InlineData("limit", "SizeLimitBytes is 1048575")]
    [InlineData("window", "DefaultSlidingExpiration is 00:00:00")]
    [InlineData("durability", "Durability is 0")]
    [InlineData("clock", "TimeProvider is null")]
    public void Options_ThatAreWrong_AreNamedByContainerAndConstructor(string what, string says)
    {
        LsmStore.Open(_folder["store"]).Dispose();
        using LsmStore store = LsmStore.OpenReadOnly(_folder["store"]);
        void Setup(LsmCacheOptions options)
        {
            options.Directory = what is "neither" or "read-only" ? null : _folder["cache"];
            options.Store = what is "both" or "read-only" ? store : null;
            options.Keyspace = what == "keyspace" ? "default" : "cache";
            options.SizeLimitBytes = what == "limit" ? (1 << 20) - 1 : 0;
            options.DefaultSlidingExpiration = what == "window" ? TimeSpan.Zero : null;
            options.Durability = what == "durability" ? 0 : Durability.Buffered;
            options.TimeProvider = what == "clock" ? null! : TimeProvider.System;
        }
        using ServiceProvider provider =
            new ServiceCollection().AddLsmCache(Setup).BuildServiceProvider();
        var byContainer = Assert.Throws<OptionsValidationException>(
            provider.GetRequiredService<IDistributedCache>);
        Assert.Contains(says, byContainer.Message, StringComparison.Ordinal);
        var options = new LsmCacheOptions();
        Setup(options);
        var byConstructor = Assert.Throws<OptionsValidationException>(() => new LsmCache(options));
        Assert.Contains(says, byConstructor.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["cache"]));
    }

    [Fact]
    public void Constructor_ThatFailsAfterOpening_LetsTheDirectoryGo()
    {
        var options = new LsmCacheOptions { Directory = _folder["cache"], Keyspace = "a\nb" };
        Assert.Throws<ArgumentException>(() => new LsmCache(options));
        options.Keyspace = "cache";
        new LsmCache(options).Dispose();
    }
}
