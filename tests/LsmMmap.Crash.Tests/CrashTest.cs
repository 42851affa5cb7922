// What the crash tests share: a folder in memory where there is one, and a recorded run.

using LsmMmap.Testing.Crash;

namespace LsmMmap.Crash.Tests;

public abstract class CrashTest : IDisposable
{
    private const string MemoryFolder = "/dev/shm";

    protected CrashTest()
    {
        Root = Directory.Exists(MemoryFolder)
            ? Directory.CreateDirectory(
                Path.Combine(MemoryFolder, "lsm-crash-" + Guid.NewGuid().ToString("N"))).FullName
            : Directory.CreateTempSubdirectory("lsm-crash-").FullName;
    }

    protected string Root { get; }

    public void Dispose()
    {
        Directory.Delete(Root, recursive: true);
        GC.SuppressFinalize(this);
    }

    internal (WorkloadRun Run, Guid BootId) Record(
        Action<WorkloadRun> workload, Func<Wrapped, Wrapped>? wrap = null)
    {
        Guid bootId = Guid.NewGuid();
        var recorder = new RecordingFileSystem(bootId);
        Wrapped files = new(recorder);
        if (wrap != null)
            files = wrap(files);
        var run = new WorkloadRun(Path.Combine(Root, "recorded"), recorder, files.Files);
        workload(run);
        return (run, bootId);
    }

    /// <summary>Keeps an internal type out of a public signature.</summary>
    internal readonly record struct Wrapped(LsmMmap.Engine.Files.IFileSystem Files);
}
