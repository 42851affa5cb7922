// What the crash tests share: a folder for the stores, and a recorded run. The folder is in the
// system's place for temporary files, or below LSM_TEST_ROOT: every recovered disk is a few files
// written and removed again, so a file system in memory is the place to name.

using LsmMmap.Engine.Files;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Crash.Tests;

public abstract class CrashTest : IDisposable
{
    private int _records;

    protected CrashTest()
    {
        string? chosen = Environment.GetEnvironmentVariable("LSM_TEST_ROOT");
        Root = string.IsNullOrEmpty(chosen)
            ? Directory.CreateTempSubdirectory("lsm-crash-").FullName
            : Directory.CreateDirectory(
                Path.Combine(chosen, "lsm-crash-" + Guid.NewGuid().ToString("N"))).FullName;
    }

    protected string Root { get; }

    public void Dispose()
    {
        Directory.Delete(Root, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Runs a workload over a file system that records, on an empty disk or on the one
    /// that is given with what it holds.</summary>
    internal CrashRecord Record(
        Workload workload, Func<Wrapped, Wrapped>? wrap = null, DiskModel? start = null,
        StoreContent? content = null, Action<WorkloadRun>? beforeClose = null,
        bool forgetsParent = false)
    {
        string home = Path.Combine(Root, "recorded" + ++_records);
        if (start != null)
            DiskAfter.Image(start, CrashPolicy.Everything, 0, null)!.WriteTo(home);
        using var recorder = new RecordingFileSystem(Guid.NewGuid(), start)
        {
            ForgetsParent = forgetsParent,
        };
        Wrapped files = new(recorder);
        if (wrap != null)
            files = wrap(files);
        var run = new WorkloadRun(home, recorder, files.Files)
        {
            History = new StateHistory(content),
            StoreOptions = workload.Options(),
            BeforeClose = beforeClose ?? (static _ => { }),
        };
        // Before the time by which its crashes are judged, and behind that of the run before.
        run.Clock.Advance(-TimeSpan.FromDays(start == null ? 365 : 180));
        workload.Steps(run);
        if (Directory.Exists(home))
            Directory.Delete(home, recursive: true);
        return new CrashRecord
        {
            Workload = workload.Name,
            BootId = recorder.BootId,
            Start = recorder.Start,
            Operations = recorder.Operations(),
            History = run.History,
        };
    }

    /// <summary>Keeps an internal type out of a public signature.</summary>
    internal readonly record struct Wrapped(IFileSystem Files);
}
