// Regressions of single rules about failures: which are final for a store and which are not.

using LsmMmap.Engine.Files;
using LsmMmap.Testing;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Crash.Tests;

public sealed class FaultRuleTests : CrashTest
{
    // Opening syncs the directory for the log, the manifest and CURRENT. A flush then syncs it
    // for the next log and for the table.
    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void Flush_DirectoryCannotBeSynced_FailsTheStore(int number)
    {
        foreach (FaultError error in new[] { FaultError.Io, FaultError.NoSpace })
        {
            var files = new FaultInjectingFileSystem(
                new RecordingFileSystem(Guid.NewGuid()),
                new Fault(FaultKind.SyncDirectory, number, error, Always: false));
            using LsmStore store = LsmStore.Open(
                Path.Combine(Root, $"{error}{number}"), WorkloadRun.Options, files);
            store.Put("a"u8, "1"u8, Durability.Synced);
            Assert.Throws<StoreFailedException>(() => store.Flush());
            Assert.Throws<StoreFailedException>(() => store.Put("b"u8, "2"u8));
            Assert.Equal("1"u8.ToArray(), store.Get("a"u8));
            Assert.Empty(files.Violations);
        }
    }

    // Opening writes six times (log, link, manifest, edit, point, CURRENT), the commit once, the
    // note of its sync once; the flush then writes the next log's header, the successor and the
    // next log's link.
    [Fact]
    public void Flush_NextLogTookHalfItsFirstRecord_FailsTheStore()
    {
        var files = new FaultInjectingFileSystem(
            new RecordingFileSystem(Guid.NewGuid()),
            new Fault(FaultKind.ShortWrite, 11, FaultError.NoSpace, Always: false));
        string home = Path.Combine(Root, "half");
        using (LsmStore store = LsmStore.Open(home, WorkloadRun.Options, files))
        {
            store.Put("a"u8, "1"u8, Durability.Synced);
            Assert.Throws<StoreFailedException>(() => store.Flush());
            Assert.Throws<StoreFailedException>(() => store.Put("b"u8, "2"u8));
            Assert.Empty(files.Violations);
        }
        using LsmStore again = LsmStore.Open(home, WorkloadRun.Options);
        Assert.Equal("1"u8.ToArray(), again.Get("a"u8));
    }

    // Creations: log, manifest, CURRENT.tmp; then the log that the flush of Dispose rotates to.
    [Fact]
    public void Dispose_NoSpaceForTheNextLog_StillHandsBufferedCommitsOver()
    {
        var files = new FaultInjectingFileSystem(
            new RecordingFileSystem(Guid.NewGuid()),
            new Fault(FaultKind.Create, 4, FaultError.NoSpace, Always: true));
        string home = Path.Combine(Root, "buffered");
        LsmStore store = LsmStore.Open(home, WorkloadRun.Options, files);
        store.Put("a"u8, "1"u8, Durability.Buffered);
        Assert.ThrowsAny<LsmException>(store.Dispose);
        using LsmStore again = LsmStore.Open(home, WorkloadRun.Options);
        Assert.Equal("1"u8.ToArray(), again.Get("a"u8));
    }

    // Without the look at HasWaiting in OpenStore.Close, Dispose returns as though all was well,
    // and the second put is gone. Syncs of the directory: three at opening, one for the next log;
    // the fifth is of the flush's table.
    [Fact]
    public void Dispose_StoreFailedInTheBackgroundWithBufferedCommits_Throws()
    {
        using var recorder = new RecordingFileSystem(Guid.NewGuid());
        var files = new FaultInjectingFileSystem(
            recorder, new Fault(FaultKind.SyncDirectory, 5, FaultError.Io, Always: false));
        string home = Path.Combine(Root, "behind");
        LsmStore store = LsmStore.Open(home, WorkloadRun.Options, files);
        recorder.LetTablesBeMade(false);
        store.Put("first"u8, new byte[66_000], Durability.Flushed);
        store.Put("second"u8, new byte[17_000], Durability.Buffered);
        recorder.LetTablesBeMade(true);
        Eventually.True(() => files.FailedPath != null, "the flush fails");
        Assert.Throws<StoreFailedException>(store.Dispose);
        using LsmStore again = LsmStore.Open(home, WorkloadRun.Options);
        Assert.Equal(66_000, again.Get("first"u8)!.Length);
    }

    [Fact]
    public void Flush_NoSpaceForTheNextLogWhileACommitSyncs_IsNotFinal()
    {
        using var files = new SlowSyncFileSystem(new RecordingFileSystem(Guid.NewGuid()));
        using LsmStore store = LsmStore.Open(
            Path.Combine(Root, "slow"), WorkloadRun.Options, files);
        store.Put("a"u8, "1"u8, Durability.Flushed);
        files.Hold();
        var commit = new Thread(() => store.Put("b"u8, "2"u8, Durability.Synced));
        commit.Start();
        files.WaitUntilSyncing();
        files.RefusesLogs = true;
        LsmException thrown = Assert.ThrowsAny<LsmException>(() => store.Flush());
        files.RefusesLogs = false;
        files.LetGo();
        commit.Join();
        Assert.IsNotType<StoreFailedException>(thrown);
        store.Put("c"u8, "3"u8, Durability.Synced);
        store.Flush();
    }

    [Fact]
    public void Manifest_OutgrownAndTheOldOneCannotBeUnlinked_IsReplaced()
    {
        FaultInjectingFileSystem? files = null;
        CrashRecord record = Record(Workloads.Manifests, inner => new(
            files = new FaultInjectingFileSystem(
                inner.Files, new Fault(FaultKind.Delete, 1, FaultError.Io, Always: true))));
        int switches = record.Operations.Count(
            static o => o is { Step: DiskStep.Rename, To: "CURRENT" });
        Assert.True(switches > 6, $"{switches} manifests");
        Assert.DoesNotContain(
            record.Operations, static o => o.Step == DiskStep.Delete
                && o.Name.StartsWith("MANIFEST", StringComparison.Ordinal));
        var sweep = new CrashSweep(record, Root) { RandomImages = 1, TakeEvery = 5 };
        sweep.Run().AssertNone();
    }

    private sealed class SlowSyncFileSystem(IFileSystem inner)
        : ForwardingFileSystem(inner), IDisposable
    {
        private readonly ManualResetEventSlim _maySync = new(initialState: true);
        private readonly ManualResetEventSlim _isSyncing = new();

        public bool RefusesLogs { get; set; }

        public void Hold()
        {
            _isSyncing.Reset();
            _maySync.Reset();
        }

        public void LetGo() => _maySync.Set();

        public void WaitUntilSyncing() => _isSyncing.Wait();

        public override DurableFile Create(string path, long reservedBytes = 0) =>
            RefusesLogs && path.EndsWith(".log", StringComparison.Ordinal)
                ? throw IoFailure.Of("create", path, new IOException("no space", 28))
                : new SlowFile(this, base.Create(path, reservedBytes));

        public void Dispose()
        {
            _maySync.Dispose();
            _isSyncing.Dispose();
        }

        private sealed class SlowFile(SlowSyncFileSystem owner, DurableFile inner)
            : ForwardingFile(inner)
        {
            public override void Sync()
            {
                owner._isSyncing.Set();
                owner._maySync.Wait();
                base.Sync();
            }
        }
    }
}
