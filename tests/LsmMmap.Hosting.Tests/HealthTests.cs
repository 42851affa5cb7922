// What the health check says of a store in each state that it can be in.

using LsmMmap.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace LsmMmap.Hosting.Tests;

public sealed class HealthTests : HostTest
{
    private readonly HookedFileSystem _files = new();

    private string Home => Folder["orders"];

    [Fact]
    public async Task Check_OfAWellStore_IsHealthyWithFigures()
    {
        IHost host = await StartAsync();
        StoreOf(host, "orders").Put("a", "1");
        HealthReportEntry entry = await CheckAsync(host);
        Assert.Equal(HealthStatus.Healthy, entry.Status);
        Assert.Equal("None", entry.Data["stallReason"]);
        Assert.Equal(1L, entry.Data["lastSequence"]);
        Assert.Equal(0, entry.Data["tableCount"]);
        Assert.True((long)entry.Data["freeBytes"] > 0, "the disk has room");
        Assert.True((long)entry.Data["memtableBytes"] > 0, "the entry is in memory");
    }

    [Fact]
    public async Task Check_OfAStore_WritesNothing()
    {
        IHost host = await StartAsync();
        int writes = 0;
        _files.OnWrite = () => writes++;
        _files.OnSync = () => writes++;
        string[] before = StoreFiles.Fingerprint(Home);
        for (int i = 0; i < 10; i++)
            Assert.Equal(HealthStatus.Healthy, (await CheckAsync(host)).Status);
        Assert.Equal(0, writes);
        Assert.Equal(before, StoreFiles.Fingerprint(Home));
    }

    [Theory]
    [InlineData(null, HealthStatus.Unhealthy)]
    [InlineData(HealthStatus.Degraded, HealthStatus.Degraded)]
    public async Task Check_OfAFailedStore_FailsWithTheCause(
        HealthStatus? failureStatus, HealthStatus expected)
    {
        IHost host = await StartAsync(failureStatus: failureStatus);
        LsmStore store = StoreOf(host, "orders");
        store.Put("a", "1");
        _files.OnWrite = static () => throw HookedFileSystem.Broken();
        Assert.Throws<StoreFailedException>(() => store.Put("b", "2"));
        HealthReportEntry entry = await CheckAsync(host);
        Assert.Equal(expected, entry.Status);
        Assert.IsType<StoreFailedException>(entry.Exception);
        Assert.Contains("the disk is broken", entry.Description, StringComparison.Ordinal);
        Assert.Equal(entry.Description, entry.Data["failure"]);
        Assert.Equal("1", store.GetString("a"));
    }

    [Fact]
    public async Task Check_OfAStoreThatWasClosed_Fails()
    {
        IHost host = await StartAsync();
        StoreOf(host, "orders").Dispose();
        HealthReportEntry entry = await CheckAsync(host);
        Assert.Equal(HealthStatus.Unhealthy, entry.Status);
        Assert.Equal("orders is closed", entry.Description);
    }

    [Fact]
    public async Task Check_WhileWritesAreHeldBackForSpace_IsDegradedUntilThereIsSome()
    {
        _files.Free = 0;
        IHost host = await StartAsync(o =>
        {
            o.Store.FreeSpaceReserveBytes = 1;
            o.Store.DefaultKeyspace.MemtableBytes = 64 << 10;
        });
        LsmStore store = StoreOf(host, "orders");
        Assert.Throws<LsmException>(() =>
        {
            for (int i = 0; i < 60; i++)
            {
                Fill(store);
                store.Flush();
            }
        });
        HealthReportEntry entry = await CheckAsync(host);
        Assert.Equal(HealthStatus.Degraded, entry.Status);
        Assert.Contains("writes are held back: DiskSpace", entry.Description,
            StringComparison.Ordinal);
        Assert.Contains("compaction waits for space", entry.Description, StringComparison.Ordinal);
        Assert.Contains("waits for space", (string)entry.Data["pauseReason"],
            StringComparison.Ordinal);
        _files.Free = 1 << 30;
        Eventually.True(
            () => store.GetStatistics() is { StallReason: StallReason.None, PauseReason: null },
            "compactions go on");
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(host)).Status);
    }

    [Theory]
    [InlineData(long.MaxValue, HealthStatus.Degraded)]
    [InlineData(1, HealthStatus.Healthy)]
    [InlineData(0, HealthStatus.Healthy)]
    public async Task Check_OfTheDisk_ComparesWithItsLimit(long limitBytes, HealthStatus expected)
    {
        IHost host = await StartAsync(o => o.DegradedFreeBytes = limitBytes);
        HealthReportEntry entry = await CheckAsync(host);
        Assert.Equal(expected, entry.Status);
        Assert.Equal(
            expected == HealthStatus.Degraded,
            entry.Description!.Contains("nearly full", StringComparison.Ordinal));
        Assert.Equal(limitBytes != 0, entry.Data.ContainsKey("freeBytes"));
    }

    [Fact]
    public async Task Check_AfterTheScrubFoundDamage_IsDegraded()
    {
        var clock = new ManualTimeProvider();
        IHost host = await StartAsync(o =>
        {
            o.Store.ScrubBytesPerSecond = 1 << 30;
            o.Store.TimeProvider = clock;
        });
        LsmStore store = StoreOf(host, "orders");
        Fill(store);
        store.Flush();
        string table = Assert.Single(StoreFiles.Tables(Home));
        StoreFiles.Flip(table, 10);
        Eventually.True(
            () =>
            {
                clock.Advance(TimeSpan.FromMinutes(2));
                return store.GetStatistics().ScrubDamages > 0;
            },
            "the scrub finds it");
        HealthReportEntry entry = await CheckAsync(host);
        Assert.Equal(HealthStatus.Degraded, entry.Status);
        Assert.Contains(Path.GetFileName(table), entry.Description, StringComparison.Ordinal);
    }

    private Task<IHost> StartAsync(
        Action<LsmStoreOptions>? configure = null, HealthStatus? failureStatus = null) =>
        StartAsync(s =>
        {
            s.AddLsmStore("orders", Home, o =>
            {
                _files.Under(o);
                o.DegradedFreeBytes = 1;
                configure?.Invoke(o);
            });
            s.AddHealthChecks().AddLsmStore("orders", failureStatus, ["ready"]);
        });

    private static async Task<HealthReportEntry> CheckAsync(IHost host)
    {
        HealthReport report = await host.Services.GetRequiredService<HealthCheckService>()
            .CheckHealthAsync(check => check.Tags.Contains("ready"));
        return report.Entries["lsm-orders"];
    }

    private static void Fill(LsmStore store)
    {
        for (int i = 0; i < 300; i++)
            store.Put(Bytes.Number(i), Bytes.Value(i, 100));
    }
}
