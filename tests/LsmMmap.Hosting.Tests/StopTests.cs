// How a host ends: everything that uses a store ends before it, what was written is on disk and in
// tables, and neither a full disk nor one that does not answer turns a stop into a crash or a hang.

using LsmMmap.Engine.Files;
using LsmMmap.Testing;
using LsmMmap.Testing.Crash;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LsmMmap.Hosting.Tests;

public sealed class StopTests : HostTest
{
    private string Home => Folder["orders"];

    [Fact]
    public async Task Stop_AfterBufferedWrites_LeavesThemInTables()
    {
        IHost host = await StartAsync(s => s.AddLsmStore("orders", Home));
        LsmStore store = StoreOf(host, "orders");
        for (int i = 0; i < 100; i++)
            store.Put(Bytes.Number(i), Bytes.Value(i, 100), Durability.Buffered);
        Assert.Equal(0, store.GetStatistics().TableCount);
        await host.StopAsync();
        // What a kill would leave from here on, long before the container disposes the store.
        StoreFiles.Copy(Home, Folder["image"]);
        using LsmStore image = LsmStore.Open(Folder["image"]);
        Assert.Equal(0, image.GetStatistics().Recovery.CommitsReplayed);
        Assert.Equal(Bytes.Value(99, 100), image.Get(Bytes.Number(99)));
    }

    [Fact]
    public async Task Host_Disposed_HasClosedItsStores()
    {
        IHost host = await StartAsync(s => s.AddLsmStore("orders", Home));
        LsmStore store = StoreOf(host, "orders");
        store.Put("a", "1");
        await host.StopAsync();
        host.Dispose();
        Assert.Throws<ObjectDisposedException>(() => store.GetString("a"));
        using LsmStore again = LsmStore.Open(Home);
        Assert.True(again.GetStatistics().Recovery.CleanlyClosed, "it was disposed");
    }

    // A service that was registered before the store is stopped after it; one that was made with
    // the store is disposed before it. Both may still write.
    [Fact]
    public async Task Users_ThatWriteWhileTheyStopAndWhenTheyAreDisposed_FindTheStoreOpen()
    {
        IHost host = await StartAsync(s => s
            .AddHostedService(p => new Worker(
                p, static _ => { }, static store => store.Put("stopped", "1")))
            .AddLsmStore("orders", Home)
            .AddSingleton(p => new LastWords(p.GetRequiredKeyedService<LsmStore>("orders"))));
        host.Services.GetRequiredService<LastWords>();
        await host.StopAsync();
        host.Dispose();
        using LsmStore again = LsmStore.Open(Home);
        Assert.Equal("1", again.GetString("stopped"));
        Assert.Equal("1", again.GetString("disposed"));
    }

    [Fact]
    public async Task Stop_WhenTheDiskIsFull_EndsWellAndLosesNothing()
    {
        var files = new FaultInjectingFileSystem(LocalFileSystem.Instance, fault: null);
        IHost host = await StartAsync(s => s.AddLsmStore("orders", Home, o =>
            o.Open = (directory, its) => LsmStore.Open(directory, its, files)));
        StoreOf(host, "orders").Put("a", "1", Durability.Buffered);
        files.IsFull = FaultError.NoSpace;
        await host.StopAsync();
        host.Dispose();
        LoggedLine line = Assert.Single(Log.Of("NotSettled"));
        Assert.Equal((LogLevel.Warning, "LsmMmap.Lifetime"), (line.Level, line.Category));
        using LsmStore again = LsmStore.Open(Home);
        Assert.Equal("1", again.GetString("a"));
    }

    // The log takes nothing any more, so what was only in memory is lost, and that must be seen.
    [Fact]
    public async Task Stop_OfAStoreThatFailsWithBufferedCommits_Throws()
    {
        var files = new HookedFileSystem();
        IHost host = await StartAsync(s => s.AddLsmStore("orders", Home, files.Under));
        StoreOf(host, "orders").Put("a", "1", Durability.Buffered);
        files.OnWrite = static () => throw HookedFileSystem.Broken();
        await Assert.ThrowsAsync<StoreFailedException>(() => host.StopAsync());
        LoggedLine line = Assert.Single(Log.Of("NotSettled"));
        Assert.Contains("orders could not be flushed", line.Text, StringComparison.Ordinal);
    }

    // A sync cannot be called off, so the host must leave it behind.
    [Fact]
    public async Task Stop_WhenTheDiskDoesNotAnswer_EndsWithItsTime()
    {
        using var mayGoOn = new ManualResetEventSlim();
        using var isHeld = new ManualResetEventSlim();
        var files = new HookedFileSystem();
        IHost host = await StartAsync(s => s.AddLsmStore("orders", Home, files.Under));
        StoreOf(host, "orders").Put("a", "1");
        files.OnSync = () =>
        {
            isHeld.Set();
            mayGoOn.Wait();
        };
        using var time = new CancellationTokenSource();
        Task stopping = host.StopAsync(time.Token);
        isHeld.Wait();
        Assert.False(stopping.IsCompleted, "it waits as long as it may");
        await time.CancelAsync();
        // The host may or may not throw that its time was up.
        Exception? end = await Record.ExceptionAsync(
            () => stopping.WaitAsync(TimeSpan.FromMinutes(1)));
        Assert.IsNotType<TimeoutException>(end);
        LoggedLine line = Assert.Single(Log.Of("NotSettled"));
        Assert.Contains("in the time that the host gives", line.Text, StringComparison.Ordinal);
        mayGoOn.Set();
        host.Dispose();
        using LsmStore again = LsmStore.Open(Home);
        Assert.Equal("1", again.GetString("a"));
    }

    private sealed class LastWords(LsmStore store) : IDisposable
    {
        public void Dispose() => store.Put("disposed", "1");
    }
}
