// Stores as services of a host: which they are, when they open, what keeps a host from starting.

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace LsmMmap.Hosting.Tests;

public sealed class RegistrationTests : HostTest
{
    [Fact]
    public async Task Stores_OfSeveralNames_AreSeparateAndOpenWhenTheHostHasStarted()
    {
        IHost host = await StartAsync(s => s
            .AddLsmStore("orders", Folder["orders"])
            .AddLsmStore("stock", o => o.Directory = "stock"));
        Assert.True(File.Exists(Path.Combine(Folder["orders"], "CURRENT")), "orders are open");
        Assert.True(File.Exists(Path.Combine(Folder["stock"], "CURRENT")), "stock is open");
        StoreOf(host, "orders").Put("a", "1");
        Assert.Equal("1", StoreOf(host, "orders").GetString("a"));
        Assert.Null(StoreOf(host, "stock").GetString("a"));
        Assert.Same(StoreOf(host, "orders"), StoreOf(host, "orders"));
        Assert.Equal("stock", StoreOf(host, "stock").Name);
    }

    [Fact]
    public async Task Store_WithoutAName_IsWhatAConstructorWithoutAKeyGets()
    {
        IHost host = await StartAsync(
            s => s.AddLsmStore().AddSingleton<User>(), ("LsmMmap:default:Directory", "only"));
        Assert.Same(StoreOf(host, "default"), host.Services.GetRequiredService<User>().Store);
        Assert.True(File.Exists(Path.Combine(Folder["only"], "CURRENT")), "below the content root");
    }

    [Fact]
    public async Task HostedService_ThatIsRegisteredFirst_FindsTheStoreOpen()
    {
        bool wasOpen = false;
        await StartAsync(s => s
            .AddHostedService(p => new Worker(
                p, store => wasOpen = store.GetStatistics().LastSequence == 0, static _ => { }))
            .AddLsmStore("orders", Folder["orders"]));
        Assert.True(wasOpen, "the worker started with an open store");
    }

    [Fact]
    public async Task Options_OfConfigurationAndCode_CodeHasTheLastWord()
    {
        IHost host = await StartAsync(
            s => s.AddLsmStore("orders", "ignored", o => o.Store.BackgroundThreads = 3),
            ("LsmMmap:orders:Directory", "chosen"),
            ("LsmMmap:orders:BackgroundThreads", "5"),
            ("LsmMmap:orders:MemoryBudgetBytes", "1048576"));
        LsmStoreOptions options = host.Services
            .GetRequiredService<IOptionsMonitor<LsmStoreOptions>>().Get("orders");
        Assert.Equal("chosen", options.Directory);
        Assert.Equal(3, options.Store.BackgroundThreads);
        Assert.Equal(1_048_576, options.Store.MemoryBudgetBytes);
    }

    [Theory]
    [InlineData("BackgroundThreads", "99")]
    [InlineData("BackgroundThreads", "many")]
    [InlineData("DefaultDurability", "Forever")]
    [InlineData("DefaultDurability", "3")]
    [InlineData("MeasureReads", "perhaps")]
    [InlineData("DegradedFreeBytes", "-1")]
    [InlineData("MemoryBudgetByte", "1048576")]
    [InlineData("DefaultKeyspace:BlockBytes", "5")]
    [InlineData("DefaultKeyspace:BlockByte", "4096")]
    [InlineData("DefaultKeyspace:CompressionPerLevel:0", "Zip")]
    [InlineData("DefaultKeyspace:Retention:Age", "soon")]
    [InlineData("DefaultKeyspace:Retention:Bytes", "1")]
    public async Task Start_WithAWrongOption_StopsAndNamesIt(string option, string value)
    {
        IHost host = Build(
            s => s.AddLsmStore("orders", Folder["orders"]),
            ($"LsmMmap:orders:{option}", value));
        OptionsValidationException refusal =
            await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        string last = option.Split(':').Last(part => part != "0");
        Assert.Contains(last, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("LsmMmap:orders", refusal.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Folder["orders"]), "nothing was opened");
    }

    [Fact]
    public async Task Start_WithSeveralWrongOptions_NamesAllOfThem()
    {
        IHost host = Build(
            s => s.AddLsmStore("orders").AddLsmStore("stock", Folder["stock"]),
            ("LsmMmap:orders:ReadMode", "Fast"),
            ("LsmMmap:orders:SlowOperationMs", ""));
        Exception refusal =
            await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        Assert.Contains("orders:Directory is not set", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("orders:ReadMode is 'Fast'", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Auto, Direct", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("orders:SlowOperationMs", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WithOneNameTwice_IsRefused()
    {
        IHost host = Build(s => s
            .AddLsmStore("orders", Folder["a"]).AddLsmStore("Orders", Folder["b"]));
        Exception refusal =
            await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync());
        Assert.Contains(
            "twice for the store \"Orders\"", refusal.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Folder["a"]), "nothing was opened");
    }

    [Fact]
    public async Task Start_WithOneDirectoryTwice_IsRefusedThoughItIsWrittenDifferently()
    {
        IHost host = Build(s => s
            .AddLsmStore("orders", "data/one").AddLsmStore("stock", Folder["data/x/../one/"]));
        Exception refusal =
            await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync());
        Assert.Contains("\"orders\" and \"stock\"", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(Folder["data/one"], refusal.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Folder["data"]), "nothing was opened");
    }

    [Fact]
    public async Task Start_WithAStoreOfAnother_IsRefusedAndClosesTheRest()
    {
        using LsmStore other = LsmStore.Open(Folder["taken"]);
        IHost host = Build(s => s
            .AddLsmStore("orders", Folder["orders"]).AddLsmStore("taken", Folder["taken"]));
        await Assert.ThrowsAsync<StoreLockedException>(() => host.StartAsync());
        host.Dispose();
        LsmStore.Open(Folder["orders"]).Dispose();
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("a:b")]
    public void Name_ThatIsNoSection_IsRefused(string name)
    {
        var services = new ServiceCollection();
        Assert.ThrowsAny<ArgumentException>(() => services.AddLsmStore(name, "folder"));
        Assert.Empty(services);
    }

    // Also what a test or a tool does that has services but no host.
    [Fact]
    public void Container_WithoutAHost_OpensWhenAskedAndClosesWhenDisposed()
    {
        var services = new ServiceCollection();
        services.AddLsmStore("orders", Folder["orders"]);
        using (ServiceProvider provider = services.BuildServiceProvider())
        {
            Assert.False(Directory.Exists(Folder["orders"]), "nobody has asked");
            provider.GetRequiredKeyedService<LsmStore>("orders").Put("a", "1");
        }
        using LsmStore again = LsmStore.Open(Folder["orders"]);
        Assert.True(again.GetStatistics().Recovery.CleanlyClosed, "it was disposed");
        Assert.Equal("1", again.GetString("a"));
    }

    private sealed record User(LsmStore Store);
}
