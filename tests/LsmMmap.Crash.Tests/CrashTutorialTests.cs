// How to test what a store makes of a crash or of a failing disk, in one page each. The sweeps do
// the same to longer runs.

using LsmMmap.Testing;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Crash.Tests;

public sealed class CrashTutorialTests : CrashTest
{
    [Fact]
    public void Tutorial_PowerCutAtEveryStep_KeepsWhatWasSynced()
    {
        // 1. Run the store over a file system that writes everything down. Say when a step of
        //    yours begins and when the store has promised it.
        using var recorder = new RecordingFileSystem(bootId: Guid.NewGuid());
        using (LsmStore store = LsmStore.Open(Path.Combine(Root, "run"), null, recorder))
        {
            for (int step = 1; step <= 3; step++)
            {
                recorder.Started(step);
                store.Put("step"u8, Bytes.Number(step), Durability.Synced);
                recorder.Acknowledged(step, Durability.Synced);
            }
        }

        // 2. Play the record back on the model of a disk, and let the power fail before each
        //    operation. Strict leaves only what was synced; there are nine other policies.
        var disk = new DiskModel();
        int begun = 0;
        int promised = 0;
        int crashes = 0;
        foreach (DiskOperation operation in recorder.Operations())
        {
            string home = Path.Combine(Root, "crash" + ++crashes);
            DiskAfter.Image(disk, CrashPolicy.Strict, seed: 0, operation)!.WriteTo(home);

            // 3. Open what is left, on a machine that has been started anew, and judge it.
            using (LsmStore store = LsmStore.Open(
                home, null, new RecordingFileSystem(Guid.NewGuid())))
            {
                byte[]? found = store.Get("step"u8);
                bool isAllowed = found == null ? promised == 0 : Enumerable
                    .Range(promised, begun - promised + 1)
                    .Any(step => found.AsSpan().SequenceEqual(Bytes.Number(step)));
                Assert.True(isAllowed, $"before '{operation}': {Bytes.Show(found)}");
                Assert.Equal(0, store.Verify().DamageCount);
            }

            if (operation.Step == DiskStep.Started)
                begun = operation.WorkStep;
            if (operation.Step == DiskStep.Acknowledged)
                promised = operation.WorkStep;
            disk.Apply(operation);
        }
        Assert.Equal(3, promised);
        Assert.True(crashes > 30, $"{crashes} crashes");
    }

    [Fact]
    public void Tutorial_EverySyncFailsOnce_LosesNothingThatWasPromised()
    {
        // 1. Count the operations of a clean run.
        var files = new FaultInjectingFileSystem(new RecordingFileSystem(Guid.NewGuid()), null);
        Assert.Equal(3, PutThree(files, "clean"));
        int syncs = files.CountOf(FaultKind.Sync);

        // 2. Run it once for each of them, with that one failing.
        for (int number = 1; number <= syncs; number++)
        {
            var fault = new Fault(FaultKind.Sync, number, FaultError.Io, Always: false);
            files = new FaultInjectingFileSystem(new RecordingFileSystem(Guid.NewGuid()), fault);
            int promised = PutThree(files, "run" + number);
            Assert.NotNull(files.FailedPath);

            // 3. The store may not have tried again what cannot be believed any more...
            Assert.Empty(files.Violations);

            // ...and on a disk that works again it holds every step that was promised.
            using LsmStore store = LsmStore.Open(Path.Combine(Root, "run" + number));
            for (int step = 1; step <= promised; step++)
                Assert.Equal(Bytes.Number(step), store.Get(Bytes.Number(step)));
        }
    }

    /// <summary>How many puts were acknowledged.</summary>
    private int PutThree(FaultInjectingFileSystem files, string name)
    {
        int promised = 0;
        try
        {
            using LsmStore store = LsmStore.Open(Path.Combine(Root, name), null, files);
            for (int step = 1; step <= 3; step++)
            {
                store.Put(Bytes.Number(step), Bytes.Number(step), Durability.Synced);
                promised = step;
            }
        }
        catch (LsmException)
        {
            // The fault, in the one place where this store meets it.
        }
        return promised;
    }
}
