// The engine's events as lines of the host's loggers: which, at what level, of which stores, and
// that nobody listens where no logger takes anything.

using System.Diagnostics.Tracing;
using LsmMmap.Engine.Telemetry;
using LsmMmap.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LsmMmap.Hosting.Tests;

public sealed class LogTests : HostTest
{
    private readonly HookedFileSystem _files = new();
    private readonly string _name = "log-" + Guid.NewGuid().ToString("N");

    private string Home => Folder["orders"];

    [Fact]
    public async Task Life_OfAStore_IsLoggedOnceWithLevelsAndValues()
    {
        IHost host = await StartAsync();
        LsmStore store = StoreOf(host, _name);
        store.Put("a", "1");
        store.Flush();
        store.Put("a", "2");
        store.Compact();
        await host.StopAsync();
        host.Dispose();
        LoggedLine opened = Assert.Single(Log.Of("StoreOpened"));
        Assert.Equal((LogLevel.Information, "LsmMmap.Lifetime", 1),
            (opened.Level, opened.Category, opened.Id.Id));
        Assert.Equal(_name, opened.Values["Store"]);
        Assert.Equal(Home, opened.Values["Directory"]);
        Assert.Contains("commits replayed 0", opened.Text, StringComparison.Ordinal);
        Assert.Single(Log.Of("StoreClosed"));
        LoggedLine flushed = Log.Of("FlushEnded")[0];
        Assert.Equal((LogLevel.Information, "LsmMmap.Flush", 4),
            (flushed.Level, flushed.Category, flushed.Id.Id));
        Assert.Equal("default", flushed.Values["Keyspace"]);
        Assert.Equal(LogLevel.Debug, Log.Of("FlushBegun")[0].Level);
        Assert.Equal(LogLevel.Debug, Log.Of("CompactionBegun")[0].Level);
        LoggedLine compacted = Log.Of("CompactionEnded")[0];
        Assert.Equal((LogLevel.Information, "LsmMmap.Compaction", 6),
            (compacted.Level, compacted.Category, compacted.Id.Id));
        Assert.True((long)compacted.Values["BytesWritten"]! > 0, compacted.Text);
    }

    [Fact]
    public async Task Recovery_AfterAKill_IsSummedUp()
    {
        using (LsmStore store = LsmStore.Open(Folder["other"]))
        {
            for (int i = 0; i < 7; i++)
                store.Put(Bytes.Number(i), [1]);
            StoreFiles.Copy(Folder["other"], Home);
        }
        IHost host = await StartAsync();
        host.Dispose();
        LoggedLine opened = Assert.Single(Log.Of("StoreOpened"));
        Assert.Equal(7L, opened.Values["CommitsReplayed"]);
        Assert.Equal(false, opened.Values["WasCleanlyClosed"]);
    }

    [Fact]
    public async Task Failure_OfAStore_IsCritical()
    {
        IHost host = await StartAsync();
        _files.OnWrite = static () => throw HookedFileSystem.Broken();
        Assert.Throws<StoreFailedException>(() => StoreOf(host, _name).Put("a", "1"));
        host.Dispose();
        LoggedLine failed = Assert.Single(Log.Of("StoreFailed"));
        Assert.Equal((LogLevel.Critical, "LsmMmap.Failure"), (failed.Level, failed.Category));
        Assert.Contains("the disk is broken", failed.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StallForSpace_OfAStore_IsAWarning()
    {
        _files.Free = 0;
        IHost host = await StartAsync(o =>
        {
            o.Store.FreeSpaceReserveBytes = 1;
            o.Store.DefaultKeyspace.MemtableBytes = 64 << 10;
        });
        LsmStore store = StoreOf(host, _name);
        Assert.Throws<LsmException>(() =>
        {
            for (int i = 0; i < 60; i++)
            {
                for (int key = 0; key < 300; key++)
                    store.Put(Bytes.Number(key), Bytes.Value(key, 100));
                store.Flush();
                // Before level 0 is full, or that would be the reason.
                if (i == 4)
                    Eventually.True(
                        () => store.GetStatistics().PauseReason != null, "there is no space");
            }
        });
        _files.Free = 1 << 30;
        host.Dispose();
        LoggedLine begun = Log.Of("StallBegun").Last();
        Assert.Equal((LogLevel.Warning, "LsmMmap.Stall"), (begun.Level, begun.Category));
        Assert.Equal("disk_space", begun.Values["Reason"]);
        LoggedLine paused = Log.Of("WorkPaused")[0];
        Assert.Equal((LogLevel.Warning, "LsmMmap.Failure"), (paused.Level, paused.Category));
    }

    [Fact]
    public async Task Damage_InAStoreOfTheHost_IsAnErrorAndOfAnotherIsNot()
    {
        DamageATable(Home);
        DamageATable(Folder["other"]);
        using (LsmStore other = LsmStore.Open(Folder["other"]))
            Assert.Throws<CorruptionException>(() => other.Get(Bytes.Number(1)));
        IHost host = await StartAsync();
        using (LsmStore other = LsmStore.Open(Folder["other"]))
            Assert.Throws<CorruptionException>(() => other.Get(Bytes.Number(1)));
        CorruptionException damage = Assert.Throws<CorruptionException>(
            () => StoreOf(host, _name).Get(Bytes.Number(1)));
        host.Dispose();
        LoggedLine found = Assert.Single(Log.Of("DamageFound"));
        Assert.Equal((LogLevel.Error, "LsmMmap.Damage"), (found.Level, found.Category));
        Assert.Equal(damage.FileName, found.Values["File"]);
        Assert.Equal(damage.Offset, found.Values["Offset"]);
    }

    [Fact]
    public async Task ForgottenCursor_OfAStore_IsAWarning()
    {
        IHost host = await StartAsync();
        Forget(StoreOf(host, _name));
        Eventually.True(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return Log.Of("Undisposed").Length > 0;
            },
            "a forgotten cursor is logged");
        LoggedLine line = Assert.Single(Log.Of("Undisposed"));
        Assert.Equal((LogLevel.Warning, "LsmMmap.Lifetime"), (line.Level, line.Category));
        Assert.Equal("cursor", line.Values["What"]);
    }

    // The name is taken by a store that the host knows nothing of, so its own is called "#2".
    [Fact]
    public async Task Store_OfTheSameNameElsewhereInTheProcess_IsNotLogged()
    {
        using LsmStore other = LsmStore.Open(Folder["other"], new StoreOptions { Name = _name });
        IHost host = await StartAsync();
        other.Put("a", "1");
        other.Flush();
        StoreOf(host, _name).Put("a", "1");
        StoreOf(host, _name).Flush();
        host.Dispose();
        LoggedLine flushed = Assert.Single(Log.Of("FlushEnded"));
        Assert.Equal(_name + "#2", flushed.Values["Store"]);
    }

    [Fact]
    public async Task Hosts_OfOneProcess_LogTheirOwnStores()
    {
        IHost host = await StartAsync();
        var secondLog = new CollectedLog();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.AddProvider(secondLog).SetMinimumLevel(LogLevel.Debug);
        builder.Services.AddLsmStore("second", Folder["second"]);
        using (IHost second = builder.Build())
        {
            await second.StartAsync();
            StoreOf(second, "second").Put("a", "1");
            StoreOf(second, "second").Flush();
        }
        host.Dispose();
        Assert.Empty(Log.Of("FlushEnded"));
        Assert.Single(secondLog.Of("FlushEnded"));
        Assert.Equal("second", Assert.Single(secondLog.Of("StoreClosed")).Values["Store"]);
    }

    [Fact]
    public async Task Levels_ThatAreOff_LeaveNobodyListening()
    {
        Log.Takes = static (category, _) =>
            !category.StartsWith("LsmMmap", StringComparison.Ordinal);
        IHost host = await StartAsync();
        Assert.False(StoreEventSource.Log.IsEnabled(), "nobody listens");
        StoreOf(host, _name).Put("a", "1");
        host.Dispose();
        Assert.DoesNotContain(
            Log.Lines, l => l.Category.StartsWith("LsmMmap", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Levels_OfOneCategory_AreListenedToAlone()
    {
        Log.Takes = static (category, level) =>
            category == "LsmMmap.Flush" ? level >= LogLevel.Information : level > LogLevel.Error;
        IHost host = await StartAsync();
        StoreEventSource source = StoreEventSource.Log;
        Assert.True(Listens(StoreEventSource.Keywords.Flush), "flushes");
        Assert.True(Listens(StoreEventSource.Keywords.Failure), "failures are critical");
        Assert.False(Listens(StoreEventSource.Keywords.Compaction), "no compactions");
        Assert.False(Listens(StoreEventSource.Keywords.Damage), "no damage");
        StoreOf(host, _name).Put("a", "1");
        StoreOf(host, _name).Flush();
        host.Dispose();
        Assert.NotEmpty(Log.Of("FlushEnded"));
        Assert.Empty(Log.Of("FlushBegun"));

        bool Listens(EventKeywords keyword) => source.IsEnabled(EventLevel.Informational, keyword);
    }

    [Fact]
    public async Task Levels_ThatChange_CountAfterAWhile()
    {
        var clock = new ManualTimeProvider();
        Log.Takes = static (category, _) =>
            !category.StartsWith("LsmMmap", StringComparison.Ordinal);
        IHost host = await StartAsync(null, s => s.AddSingleton<TimeProvider>(clock));
        LsmStore store = StoreOf(host, _name);
        Log.Takes = static (category, _) => category == "LsmMmap.Flush";
        clock.Advance(TimeSpan.FromSeconds(11));
        store.Put("a", "1");
        store.Flush();
        Eventually.True(() => Log.Of("FlushEnded").Length == 1, "the flush is logged");
        Log.Takes = static (_, _) => false;
        clock.Advance(TimeSpan.FromSeconds(11));
        Assert.False(StoreEventSource.Log.IsEnabled(), "nobody listens any more");
    }

    private Task<IHost> StartAsync(
        Action<LsmStoreOptions>? configure = null, Action<IServiceCollection>? register = null) =>
        StartAsync(s =>
        {
            register?.Invoke(s);
            s.AddLsmStore(_name, Home, o =>
            {
                _files.Under(o);
                configure?.Invoke(o);
            });
        });

    private static void DamageATable(string home)
    {
        using (LsmStore store = LsmStore.Open(home))
        {
            for (int i = 0; i < 100; i++)
                store.Put(Bytes.Number(i), Bytes.Value(i, 100));
        }
        StoreFiles.Flip(Assert.Single(StoreFiles.Tables(home)), 10);
    }

    [System.Runtime.CompilerServices.MethodImpl(
        System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static void Forget(LsmStore store)
    {
        Cursor cursor = store.CreateCursor();
        cursor.SeekToFirst();
    }
}
