// Regressions of single rules about failures: which are final for a store and which are not.

using LsmMmap.Engine.Files;
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
        using var recorder = new RecordingFileSystem(Guid.NewGuid());
        var files = new FaultInjectingFileSystem(
            recorder, new Fault(FaultKind.Delete, 2, FaultError.Io, Always: true));
        var run = new WorkloadRun(Path.Combine(Root, "outgrown"), recorder, files);
        run.Open();
        // The bounds of tables are in the manifest, so long keys let it grow fast.
        for (int i = 0; i < 60 && Switches(recorder) < 2; i++)
        {
            run.Commit(
                Durability.Flushed, (null, Key(i, 'a'), 1), (null, Key(i, 'z'), 1));
            run.Background(static store => store.Flush());
        }
        Assert.Equal(2, Switches(recorder));
        run.Put("after", 10, Durability.Synced);
        DiskOperation[] operations = recorder.Operations();
        int last = Array.FindLastIndex(
            operations, static o => o is { Step: DiskStep.Rename, To: "CURRENT" });
        var sweep = new CrashSweep(run.History, Root)
        {
            RandomImages = 1,
            FirstCut = last - 8,
            LastCut = last + 8,
        };
        sweep.Run(recorder.Start, operations, recorder.BootId);
        sweep.AssertNone();
        run.Close();
    }

    private static int Switches(RecordingFileSystem recorder) => recorder.Operations().Count(
        static o => o is { Step: DiskStep.Rename, To: "CURRENT" });

    private static string Key(int number, char first) =>
        $"{first}{number:D3}" + new string('k', 65_000);

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
