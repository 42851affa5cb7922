// Regressions: openings that were cut short must not stand in the way of the next one. Each is
// the smallest run in which the sweeps met the mistake.

using LsmMmap.Testing;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Crash.Tests;

public sealed class RecoveryCutTests : CrashTest
{
    private readonly Guid _boot = Guid.NewGuid();

    [Fact]
    public void Open_AfterCleanCloseAndAnOpeningCutBeforeCurrent_Opens()
    {
        DiskModel closed = Run(new DiskModel(), _boot, store => store.Put("a"u8, "1"u8), all: true);
        DiskModel cut = CutBeforeCurrent(closed, _boot);
        AssertHolds(DiskModel.Of(DiskAfter.Image(cut, CrashPolicy.Everything, 0, null)!), "1");
    }

    [Fact]
    public void Open_AfterTornTailAndAnOpeningCutBeforeCurrent_Opens()
    {
        DiskModel torn = TornTail();
        Guid later = Guid.NewGuid();
        DiskModel cut = CutBeforeCurrent(torn, later);
        // The machine goes on, or it loses power once more.
        AssertHolds(cut, "1", later);
        AssertHolds(DiskModel.Of(DiskAfter.Image(cut, CrashPolicy.Everything, 0, null)!), "1");
    }

    [Fact]
    public void Open_AfterTornTailAndManyOpeningsCutBeforeCurrent_Opens()
    {
        DiskModel disk = TornTail();
        for (int i = 0; i < 4; i++)
        {
            disk = CutBeforeCurrent(disk, i < 2 ? _boot : Guid.NewGuid());
            disk = DiskModel.Of(DiskAfter.Image(disk, CrashPolicy.Everything, 0, null)!);
        }
        AssertHolds(disk, "1");
    }

    // The point record behind an edit is synced with the edit after it, so a power cut may keep
    // the later one alone.
    [Fact]
    public void Open_ManifestLostThePointBeforeAnUnsyncedEdit_Opens()
    {
        DiskOperation[] operations = [];
        RecordingFileSystem? recorder = null;
        Run(
            new DiskModel(), _boot,
            store =>
            {
                store.Put("a"u8, "1"u8, Durability.Synced);
                store.GetKeyspace("more");
            },
            all: false, (r, o) => (recorder, operations) = (r, o));
        int sync = Array.FindLastIndex(operations, static o =>
            o.Step == DiskStep.SyncFile && o.Name.StartsWith("MANIFEST", StringComparison.Ordinal));
        DiskModel disk = Replayed(recorder!, operations[..sync]);
        DiskFile manifest = disk.Names[operations[sync].Name];
        Assert.Equal(2, manifest.Pending.Count);
        FileChange point = manifest.Pending[0];
        manifest.Pending[0] = point with { Bytes = new byte[point.Bytes.Length] };
        AssertHolds(DiskModel.Of(DiskAfter.Image(disk, CrashPolicy.Everything, 0, null)!), "1");
    }

    [Fact]
    public void Open_NextLogIsNamedAndHoldsNoRecordYet_Opens()
    {
        DiskOperation[] operations = [];
        RecordingFileSystem? recorder = null;
        Run(
            new DiskModel(), _boot,
            store =>
            {
                store.Put("a"u8, "1"u8, Durability.Synced);
                store.Flush();
            },
            all: false, (r, o) => (recorder, operations) = (r, o));
        int create = Array.FindLastIndex(operations, static o =>
            o.Step == DiskStep.Create && o.Name.EndsWith(".log", StringComparison.Ordinal));
        int link = Array.FindLastIndex(operations, o =>
            o.Step == DiskStep.Write && o.Name == operations[create].Name);
        AssertHolds(Replayed(recorder!, operations[..link]), "1", _boot);
    }

    [Fact]
    public void Open_AfterAFailedRotationLeftHalfALog_Opens()
    {
        string home = Path.Combine(Root, "rotation");
        using var recorder = new RecordingFileSystem(_boot);
        // Writes of a new store: log header, link, manifest header, edit, point, CURRENT; then
        // the first commit and the note of its sync; then the next log's header, cut short.
        var files = new FaultInjectingFileSystem(
            recorder, new Fault(FaultKind.ShortWrite, 9, FaultError.NoSpace, Always: false));
        using (LsmStore store = LsmStore.Open(home, WorkloadRun.Options, files))
        {
            store.Put("a"u8, "1"u8, Durability.Synced);
            Assert.Throws<LsmException>(() => store.Flush());
            Assert.EndsWith(".log", files.FailedPath, StringComparison.Ordinal);
            recorder.LetTablesBeMade(false);
            // The next log is made, so the half one lies between two good ones.
            var flush = new Thread(() => store.Flush());
            flush.Start();
            Eventually.True(() => recorder.Operations().Count(
                static o => o.Step == DiskStep.Create && o.Name.EndsWith(
                    ".log", StringComparison.Ordinal)) == 3, "the next log");
            store.Put("b"u8, "2"u8, Durability.Synced);
            DiskModel disk = Replayed(recorder, recorder.Operations());
            recorder.LetTablesBeMade(true);
            flush.Join();
            AssertHolds(disk, "1", _boot);
            AssertHolds(DiskModel.Of(DiskAfter.Image(disk, CrashPolicy.Strict, 0, null)!), "1");
        }
    }

    // With the sync of the parent left to whoever makes the directory, the second opening would
    // not ask for it: that is what the recorder that forgets plays, and the directory is lost.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Open_KilledBeforeTheNameOfTheDirectoryWasSynced_SyncsIt(bool forgets)
    {
        var made = new DiskModel();
        made.Apply(new DiskOperation(DiskStep.MakeDirectory, ""));
        string home = Path.Combine(Root, "made");
        Directory.CreateDirectory(home);
        using var recorder = new RecordingFileSystem(_boot, made) { ForgetsParent = forgets };
        using LsmStore store = LsmStore.Open(home, WorkloadRun.Options, recorder);
        store.Put("a"u8, "1"u8, Durability.Synced);
        DiskModel disk = Replayed(recorder, recorder.Operations());
        DiskImage image = DiskAfter.Image(disk, CrashPolicy.Strict, 0, null)!;
        Assert.Equal(!forgets, image.HasDirectory);
    }

    private DiskModel TornTail()
    {
        DiskModel whole = Run(
            new DiskModel(), _boot,
            store =>
            {
                store.Put("a"u8, "1"u8, Durability.Synced);
                store.Put("b"u8, new byte[3000], Durability.Flushed);
            },
            all: false);
        DiskFile log = whole.Names.Single(
            static n => n.Key.EndsWith(".log", StringComparison.Ordinal)).Value;
        DiskImage image = DiskAfter.Image(whole, CrashPolicy.Everything, 0, null)!;
        string name = whole.Names.Single(n => n.Value == log).Key;
        // Behind the position there may be zeros.
        image.Files[name] = image.Files[name][..(log.Position - 1000)];
        return DiskModel.Of(image);
    }

    /// <summary>The disk when an opening was about to switch CURRENT.</summary>
    private DiskModel CutBeforeCurrent(DiskModel start, Guid boot)
    {
        DiskOperation[] operations = [];
        RecordingFileSystem? recorder = null;
        Run(start, boot, static _ => { }, all: true, (r, o) => (recorder, operations) = (r, o));
        int rename = Array.FindIndex(
            operations, static o => o is { Step: DiskStep.Rename, To: "CURRENT" });
        return Replayed(recorder!, operations[..rename]);
    }

    /// <summary>Opens, works, and gives the disk after all of it or before Dispose.</summary>
    private DiskModel Run(
        DiskModel start, Guid boot, Action<LsmStore> work, bool all,
        Action<RecordingFileSystem, DiskOperation[]>? onDone = null)
    {
        string home = Path.Combine(Root, Guid.NewGuid().ToString("N"));
        DiskAfter.Image(start, CrashPolicy.Everything, 0, null)!.WriteTo(home);
        using var recorder = new RecordingFileSystem(boot, start);
        DiskOperation[] operations;
        using (LsmStore store = LsmStore.Open(home, WorkloadRun.Options, recorder))
        {
            work(store);
            operations = recorder.Operations();
        }
        if (all)
            operations = recorder.Operations();
        onDone?.Invoke(recorder, operations);
        return Replayed(recorder, operations);
    }

    private static DiskModel Replayed(RecordingFileSystem recorder, DiskOperation[] operations)
    {
        DiskModel disk = recorder.Start.Clone();
        foreach (DiskOperation operation in operations)
            disk.Apply(operation);
        return disk;
    }

    private void AssertHolds(DiskModel disk, string value, Guid? boot = null) => Run(
        disk, boot ?? Guid.NewGuid(),
        store =>
        {
            Assert.Equal(value, System.Text.Encoding.UTF8.GetString(store.Get("a"u8)!));
            Assert.Equal(0, store.Verify().DamageCount);
        },
        all: false);
}
