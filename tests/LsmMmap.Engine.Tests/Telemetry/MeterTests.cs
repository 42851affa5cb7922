// The instruments as a MeterListener reads them: what each counts, whose it is, and that a closed
// store leaves nothing behind.

using System.Runtime.CompilerServices;
using LsmMmap.Engine.Tests.Regression;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests.Telemetry;

[Collection("Telemetry")]
public sealed class MeterTests : StoreTest
{
    private const string Name = "metered";

    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public void Counters_AfterWork_AreThoseOfStatistics()
    {
        LsmStore store = OpenNamed();
        using var meter = new MeterReader(Name);
        for (int i = 0; i < 2; i++)
        {
            Fill(store, 1_000);
            store.Flush();
        }
        store.Compact();
        store.WaitForIdle();
        meter.Collect();
        StoreStatistics statistics = store.GetStatistics();
        Assert.Equal(statistics.BytesWrittenByUser, meter["lsm.user.written"]);
        Assert.Equal(statistics.FlushCount, meter["lsm.work.runs{lsm.work=flush}"]);
        Assert.Equal(
            statistics.CompactionCount,
            meter["lsm.work.runs{lsm.work=compaction}"] + meter["lsm.work.runs{lsm.work=move}"]);
        Assert.Equal(
            statistics.BytesWrittenToLog, meter["lsm.disk.written{lsm.target=log}"]);
        Assert.Equal(
            statistics.BytesWrittenToTables,
            meter["lsm.disk.written{lsm.target=flush}"]
            + meter["lsm.disk.written{lsm.target=compaction}"]);
        Assert.True(meter["lsm.compaction.read"] > 0);
        Assert.Equal(statistics.WriteAmplification, meter["lsm.amplification.write"]);
        Assert.Equal(1, meter["lsm.amplification.space"]);
        Assert.Equal(2, meter["lsm.amplification.read"]);
        Assert.Equal(statistics.TableBytes, meter.Sum("lsm.level.size"));
        Assert.Equal(statistics.TableCount, meter.Sum("lsm.level.tables"));
        Assert.Equal(statistics.MemtableBytes, meter["lsm.memtable.usage"]);
        Assert.Equal(0, meter["lsm.failed"]);
        Assert.Equal(0, meter["lsm.paused"]);
    }

    [Fact]
    public void Operations_OfEachKind_AreCountedApart()
    {
        LsmStore store = OpenNamed();
        using var meter = new MeterReader(Name);
        Fill(store, 10);
        store.Delete(Bytes.Number(1));
        store.DeleteRange(Bytes.Number(2), Bytes.Number(5));
        store.DeleteRange(Bytes.Number(2), Bytes.Number(2));
        using var batch = new WriteBatch();
        batch.Put(Bytes.Number(20), []).Delete(Bytes.Number(3)).Put(Bytes.Number(21), []);
        store.Write(batch);
        meter.Collect();
        Assert.Equal(12, meter["lsm.operations{lsm.operation=put}"]);
        Assert.Equal(2, meter["lsm.operations{lsm.operation=delete}"]);
        Assert.Equal(1, meter["lsm.operations{lsm.operation=delete_range}"]);
        Assert.Equal(13, meter["lsm.commits"]);
        Assert.True(meter["lsm.log.size"] > 0);
    }

    [Fact]
    public async Task Commits_OfEachDurability_AreTimedApart()
    {
        LsmStore store = OpenNamed();
        using var meter = new MeterReader(Name);
        store.Put([1], [1], Durability.Buffered);
        store.Put([1], [1], Durability.Synced);
        store.Delete([1], Durability.Synced);
        using var batch = new WriteBatch();
        await store.WriteAsync(batch.Put([2], [2]), Durability.Flushed);
        Assert.Equal(1, meter.Durations("lsm.commit.duration{lsm.durability=buffered}"));
        Assert.Equal(1, meter.Durations("lsm.commit.duration{lsm.durability=flushed}"));
        Assert.Equal(2, meter.Durations("lsm.commit.duration{lsm.durability=synced}"));
    }

    [Fact]
    public void Commit_OfAFailedStore_IsTimedWithItsError()
    {
        var files = new FaultyFiles();
        LsmStore store = Track(LsmStore.Open(Home, new StoreOptions { Name = Name }, files));
        using var meter = new MeterReader(Name);
        files.Before = static (step, file) =>
        {
            if (step == "write")
                throw FaultyFiles.DiskBroken(file);
        };
        Assert.Throws<StoreFailedException>(() => store.Put([1], [1]));
        files.Before = static (_, _) => { };
        Assert.Equal(1, meter.Durations(
            "lsm.commit.duration{lsm.durability=flushed,error.type=LsmMmap.StoreFailedException}"));
        Assert.Equal(1, meter.Collect()["lsm.failed"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Gets_WithMeasureReads_AreTimedAndElseNot(bool measures)
    {
        LsmStore store = OpenNamed(new StoreOptions { MeasureReads = measures });
        using var meter = new MeterReader(Name);
        store.Put([1], [1]);
        Assert.NotNull(store.Get([1]));
        Assert.False(store.ContainsKey([2]));
        using (Snapshot snapshot = store.CreateSnapshot())
            Assert.NotNull(snapshot.Get([1]));
        using var keys = new ReadBatch();
        keys.Add([1]);
        store.MultiGet(keys).Dispose();
        int once = measures ? 1 : 0;
        Assert.Equal(2 * once, meter.Durations(
            "lsm.get.duration{lsm.operation=get,lsm.found=True}"));
        Assert.Equal(once, meter.Durations(
            "lsm.get.duration{lsm.operation=get,lsm.found=False}"));
        Assert.Equal(once, meter.Durations("lsm.get.duration{lsm.operation=multi_get}"));
    }

    [Fact]
    public void Stall_ForWantOfSpace_IsCountedByReason()
    {
        var files = new FaultyFiles { Free = static () => 0 };
        LsmStore store = Track(LsmStore.Open(Home, new StoreOptions
        {
            Name = Name,
            FreeSpaceReserveBytes = 1,
            DefaultKeyspace = { MemtableBytes = 64 << 10 },
        }, files));
        using var meter = new MeterReader(Name);
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
        meter.Collect();
        StoreStatistics statistics = store.GetStatistics();
        Assert.Equal(1, meter["lsm.paused"]);
        Assert.Equal(1, meter["lsm.stall.active{lsm.stall.reason=disk_space}"]);
        Assert.Equal(0, meter["lsm.stall.active{lsm.stall.reason=memtables}"]);
        Assert.True(meter["lsm.stalls{lsm.stall.reason=disk_space}"] > 0);
        Assert.Equal(statistics.StallCount, meter.Sum("lsm.stalls"));
        Assert.Equal(
            statistics.StallTimes[StallReason.DiskSpace].TotalSeconds,
            meter["lsm.stall.time{lsm.stall.reason=disk_space}"]);
    }

    [Fact]
    public void SnapshotAge_OfSeveral_IsThatOfTheOldest()
    {
        LsmStore store = OpenNamed(new StoreOptions { TimeProvider = _clock });
        using var meter = new MeterReader(Name);
        Assert.Equal(0, meter.Collect()["lsm.snapshot.oldest_age"]);
        Snapshot first = store.CreateSnapshot();
        _clock.Advance(TimeSpan.FromSeconds(30));
        using Snapshot second = store.CreateSnapshot();
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(35, meter.Collect()["lsm.snapshot.oldest_age"]);
        Assert.Equal(2, meter["lsm.snapshots"]);
        // Both have one sequence: it is the older one that goes.
        first.Dispose();
        Assert.Equal(5, meter.Collect()["lsm.snapshot.oldest_age"]);
    }

    [Fact]
    public void HeldFiles_OfACursor_GoWithIt()
    {
        LsmStore store = OpenNamed();
        using var meter = new MeterReader(Name);
        Fill(store, 500);
        store.Flush();
        Cursor cursor = store.CreateCursor();
        Assert.True(cursor.MoveNext());
        Assert.Equal(1, meter.Collect()["lsm.cursors"]);
        Assert.Equal(0, meter["lsm.held.files"]);
        Fill(store, 500);
        store.Compact();
        store.WaitForIdle();
        Assert.True(meter.Collect()["lsm.held.files"] > 0);
        Assert.True(meter["lsm.held.size"] > 0);
        cursor.Dispose();
        store.WaitForIdle();
        Assert.Equal(0, meter.Collect()["lsm.cursors"]);
        Assert.Equal(0, meter["lsm.held.files"]);
        Assert.Equal(0, meter["lsm.held.size"]);
    }

    [Fact]
    public void Caches_OfCompressedTables_CountWhatTheyDidNotHave()
    {
        LsmStore store = OpenNamed(new StoreOptions
        {
            ReadMode = ReadMode.Direct,
            DefaultKeyspace = { CompressionPerLevel = [Compression.Lz4] },
        });
        using var meter = new MeterReader(Name);
        Fill(store, 2_000);
        store.Compact();
        store.WaitForIdle();
        for (int i = 0; i < 2_000; i++)
            Assert.True(store.ContainsKey(Bytes.Number(i)));
        meter.Collect();
        Assert.True(meter["lsm.cache.fills{lsm.cache=block}"] > 0);
        Assert.True(meter["lsm.cache.fills{lsm.cache=index}"] > 0);
        Assert.True(meter["lsm.cache.usage{lsm.cache=block}"] > 0);
        Assert.True(meter["lsm.cache.limit{lsm.cache=index}"] > 0);
        Assert.Equal(store.GetStatistics().TableBytes, meter["lsm.mapped"]);
    }

    [Fact]
    public void Resident_WithinSeconds_IsNotCountedAgain()
    {
        LsmStore store = OpenNamed(new StoreOptions { TimeProvider = _clock });
        using var meter = new MeterReader(Name);
        bool isKnown = store.CountResidentTableBytes() >= 0;
        Assert.Equal(isKnown, meter.Collect().Has("lsm.resident"));
        if (!isKnown)
            return;
        Assert.Equal(0, meter["lsm.resident"]);
        Fill(store, 500);
        store.Flush();
        Assert.NotNull(store.Get(Bytes.Number(1)));
        Assert.Equal(0, meter.Collect()["lsm.resident"]);
        _clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(store.CountResidentTableBytes(), meter.Collect()["lsm.resident"]);
    }

    [Fact]
    public void Stores_OfOneName_AreToldApart()
    {
        LsmStore first = Open(Folder["a"], new StoreOptions { Name = Name });
        LsmStore second = Open(Folder["b"], new StoreOptions { Name = Name });
        Fill(second, 3);
        Assert.Equal((Name, Name + "#2"), (first.Name, second.Name));
        using var meter = new MeterReader(Name);
        using var other = new MeterReader(Name + "#2");
        Assert.Equal(0, meter.Collect()["lsm.commits"]);
        Assert.Equal(3, other.Collect()["lsm.commits"]);
        first.Dispose();
        Assert.False(meter.Collect().Has("lsm.commits"));
        Assert.Equal(3, other.Collect()["lsm.commits"]);
        Open(Folder["a"], new StoreOptions { Name = Name });
        Assert.Equal(0, meter.Collect()["lsm.commits"]);
    }

    [Fact]
    public void Store_WithoutAName_IsCalledAsItsDirectory()
    {
        Assert.Equal("called-so", Open(Folder["called-so"]).Name);
        using var meter = new MeterReader("called-so");
        Assert.Equal(0, meter.Collect()["lsm.commits"]);
        Assert.True(meter["lsm.process.major_faults"] >= 0 || !OperatingSystem.IsLinux());
    }

    [Fact]
    public void ClosedStore_OfAListenedMeter_IsNotKept()
    {
        using var meter = new MeterReader(Name);
        WeakReference closed = OpenAndClose(meter);
        Eventually.True(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return !closed.IsAlive;
            },
            "a closed store is collected");
        Assert.False(meter.Collect().Has("lsm.commits"));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference OpenAndClose(MeterReader meter)
    {
        LsmStore store = LsmStore.Open(Home, new StoreOptions { Name = Name });
        Fill(store, 3);
        Assert.Equal(3, meter.Collect()["lsm.commits"]);
        store.Dispose();
        return new WeakReference(store);
    }

    private LsmStore OpenNamed(StoreOptions? options = null)
    {
        options ??= new StoreOptions();
        options.Name = Name;
        return Open(options);
    }
}
