// The events as an EventListener reads them: which hard moments are told, with what in them, and
// that a listener may use the store, whatever the store was doing when the event was made.

using System.Diagnostics.Tracing;
using System.Runtime.CompilerServices;
using LsmMmap.Engine.Telemetry;
using LsmMmap.Engine.Tests.Regression;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests.Telemetry;

[Collection("Telemetry")]
public sealed class EventSourceTests : StoreTest
{
    private const string Name = "heard";

    [Fact]
    public void Manifest_OfTheSource_IsWellFormed()
    {
        string? manifest = EventSource.GenerateManifest(
            typeof(StoreEventSource), "LsmMmap.dll", EventManifestOptions.Strict);
        Assert.NotNull(manifest);
        Assert.Contains("CompactionEnded", manifest, StringComparison.Ordinal);
        Assert.Null(StoreEventSource.Log.ConstructionException);
    }

    [Fact]
    public void FlushAndCompaction_WithAListener_AreToldAtBothEnds()
    {
        using var events = new EventReader(Name);
        LsmStore store = OpenNamed();
        for (int i = 0; i < 2; i++)
        {
            Fill(store, 500);
            store.Flush();
        }
        store.Compact();
        store.WaitForIdle();
        IReadOnlyList<HeardEvent> heard = events.Events;
        StoreStatistics statistics = store.GetStatistics();
        Assert.Equal(statistics.FlushCount, heard.Count(e => e.Name == "FlushBegun"));
        HeardEvent[] flushes = [.. heard.Where(e => e.Name == "FlushEnded")];
        Assert.Equal(statistics.FlushCount, flushes.Length);
        Assert.Equal(Name, flushes[0].Payload["store"]);
        Assert.Equal("default", flushes[0].Payload["keyspace"]);
        Assert.True((long)flushes[0].Payload["bytesWritten"]! > 0);
        HeardEvent begun = heard.Last(e => e.Name == "CompactionBegun");
        HeardEvent ended = heard.Last(e => e.Name == "CompactionEnded");
        Assert.Equal(begun.Payload["inputBytes"], ended.Payload["bytesRead"]);
        Assert.Equal(6, begun.Payload["outputLevel"]);
        Assert.Equal(500L, ended.Payload["entriesDropped"]);
        Assert.True((double)ended.Payload["durationMs"]! >= 0);
    }

    [Fact]
    public void Open_AfterAKill_SaysWhatItRecovered()
    {
        LsmStore store = OpenNamed();
        Fill(store, 7);
        string image = ImageOfHome();
        store.Dispose();
        using var events = new EventReader(Name);
        Open(image, new StoreOptions { Name = Name }).Dispose();
        HeardEvent opened = events.Single("StoreOpened");
        Assert.Equal(Name, opened.Payload["store"]);
        Assert.Equal(image, opened.Payload["directory"]);
        Assert.Equal(7L, opened.Payload["commitsReplayed"]);
        Assert.Equal(false, opened.Payload["wasCleanlyClosed"]);
        Assert.Equal(false, opened.Payload["isReadOnly"]);
        Assert.Equal(Name, events.Single("StoreClosed").Payload["store"]);
    }

    [Fact]
    public void StallForSpace_WithAListener_BeginsAndEnds()
    {
        long free = 0;
        var files = new FaultyFiles { Free = () => Volatile.Read(ref free) };
        using var events = new EventReader(Name);
        LsmStore store = Track(LsmStore.Open(Home, new StoreOptions
        {
            Name = Name,
            FreeSpaceReserveBytes = 1,
            DefaultKeyspace = { MemtableBytes = 64 << 10 },
        }, files));
        Assert.Throws<LsmException>(() =>
        {
            for (int i = 0; i < 60; i++)
            {
                Fill(store, 300);
                store.Flush();
                if (i == 4)
                    AwaitPause(store);
            }
        });
        Assert.Contains(events.Events, e => e.Name == "WorkPaused");
        Assert.Contains(
            "waits for space", store.GetStatistics().PauseReason, StringComparison.Ordinal);
        Assert.Contains(events.Events, e => e.Name == "StallBegun"
            && "disk_space".Equals(e.Payload["reason"]) && e.Level == EventLevel.Warning);
        Volatile.Write(ref free, 1 << 30);
        Eventually.True(
            () => store.GetStatistics().StallReason == StallReason.None, "compactions go on");
        Eventually.True(
            () => store.GetStatistics().PauseReason == null, "nothing waits for space");
        // It is the next writer who sees that it is not held back.
        Fill(store, 300);
        Assert.Contains(events.Events, e => e.Name == "WorkResumed");
        HeardEvent ended = events.Events.Last(e => e.Name == "StallEnded");
        Assert.Equal(Name, ended.Payload["store"]);
        Assert.True((double)ended.Payload["heldMs"]! >= 0);
    }

    [Fact]
    public void FailedWrite_WithAListener_IsCritical()
    {
        var files = new FaultyFiles();
        using var events = new EventReader(Name);
        LsmStore store = Track(LsmStore.Open(Home, new StoreOptions { Name = Name }, files));
        files.Before = static (step, file) =>
        {
            if (step == "write")
                throw FaultyFiles.DiskBroken(file);
        };
        Assert.Null(store.GetStatistics().Failure);
        Exception thrown = Assert.Throws<StoreFailedException>(() => store.Put([1], [1]));
        files.Before = static (_, _) => { };
        Assert.Equal(thrown.Message, store.GetStatistics().Failure?.Message);
        HeardEvent failed = events.Single("StoreFailed");
        Assert.Equal(EventLevel.Critical, failed.Level);
        Assert.Contains(
            "read-only", (string)failed.Payload["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public void Damage_ThatAGetFinds_IsToldOnceWithItsPlace()
    {
        LsmStore store = OpenNamed();
        Fill(store, 100);
        store.Flush();
        store.Dispose();
        string table = Assert.Single(StoreFiles.Tables(Home));
        File.SetAttributes(table, FileAttributes.Normal);
        byte[] bytes = File.ReadAllBytes(table);
        bytes[10] ^= 1;
        File.WriteAllBytes(table, bytes);
        using var events = new EventReader(Name, StoreEventSource.Keywords.Damage);
        using var meter = new MeterReader(null);
        double before = meter.Collect()["lsm.damages"];
        store = OpenNamed();
        CorruptionException damage =
            Assert.Throws<CorruptionException>(() => store.Get(Bytes.Number(1)));
        HeardEvent found = events.Single("DamageFound");
        Assert.Equal(damage.FileName, found.Payload["file"]);
        Assert.Equal(damage.Offset, found.Payload["offset"]);
        Assert.Equal(damage.Message, found.Payload["message"]);
        Assert.Equal(before + 1, meter.Collect()["lsm.damages"]);
    }

    [Fact]
    public void Damage_ThatKeepsAStoreFromOpening_IsTold()
    {
        LsmStore store = OpenNamed();
        Fill(store, 10);
        store.Dispose();
        string manifest = Assert.Single(Directory.GetFiles(Home, "MANIFEST*"));
        byte[] bytes = File.ReadAllBytes(manifest);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(manifest, bytes);
        using var events = new EventReader(Name);
        CorruptionException damage = Assert.Throws<CorruptionException>(() => OpenNamed());
        Assert.Equal(damage.FileName, events.Single("DamageFound").Payload["file"]);
    }

    [Fact]
    public void ForgottenCursor_WithAListener_IsTold()
    {
        using var events = new EventReader(Name, StoreEventSource.Keywords.Lifetime);
        LsmStore store = OpenNamed();
        Fill(store, 10);
        ForgetCursor(store);
        Eventually.True(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return events.Events.Any(e => e.Name == "Undisposed");
            },
            "a forgotten cursor is told");
        Assert.Equal("cursor", events.Single("Undisposed").Payload["what"]);
    }

    // Told by the thread that flushes, a listener that writes would wait for its own flush.
    [Fact]
    public void Listener_ThatWritesToTheStore_StopsNothing()
    {
        using var events = new EventReader(Name, StoreEventSource.Keywords.Flush);
        LsmStore store = Open(new StoreOptions
        {
            Name = Name,
            BackgroundThreads = 1,
            MemoryBudgetBytes = 256 << 10,
            DefaultKeyspace = { MemtableBytes = 64 << 10 },
        });
        int told = 0;
        events.OnEvent = name =>
        {
            if (name == "FlushBegun" && told++ < 5)
                Fill(store, 500, from: 10_000);
        };
        Eventually.Returns(() => Fill(store, 5_000), "writing beside a listener that writes");
        store.Flush();
        Assert.Contains(events.Events, e => e.Name == "FlushBegun");
        Assert.Equal(5_500, Count(store));
    }

    [Fact]
    public void Listener_ThatThrows_StopsNothing()
    {
        long before = TelemetryThread.LostCount;
        TelemetryThread.Post(static () => throw new InvalidOperationException("a listener"));
        TelemetryThread.WaitUntilIdle();
        Assert.Equal(before + 1, TelemetryThread.LostCount);
        using var events = new EventReader(Name);
        OpenNamed().Dispose();
        events.Single("StoreClosed");
    }

    [Fact]
    public void Posts_BeyondTheCapacity_AreLostAndCounted()
    {
        long before = TelemetryThread.LostCount;
        using var mayGoOn = new ManualResetEventSlim();
        using var isBusy = new ManualResetEventSlim();
        TelemetryThread.Post(() =>
        {
            isBusy.Set();
            mayGoOn.Wait();
        });
        isBusy.Wait();
        for (int i = 0; i < TelemetryThread.Capacity + 3; i++)
            TelemetryThread.Post(static () => { });
        Assert.Equal(before + 3, TelemetryThread.LostCount);
        mayGoOn.Set();
        TelemetryThread.WaitUntilIdle();
    }

    private LsmStore OpenNamed() => Open(new StoreOptions { Name = Name });

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ForgetCursor(LsmStore store)
    {
        Cursor cursor = store.CreateCursor();
        Assert.True(cursor.MoveNext());
    }
}
