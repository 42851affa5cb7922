// A folder of the system's temporary place that lives as long as one benchmark and takes
// everything in it along. One thread.

namespace LsmMmap.Bench.Support;

internal sealed class BenchFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("lsm-bench-").FullName;

    /// <summary>Full path of a name inside.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
