// A control group with a memory limit for one child process, made inside the group that this
// process is in: version 2 where the kernel mounts it alone, else the memory controller of version
// 1. Where neither may be written, the rows that need it are skipped and say so.

using System.Globalization;

namespace LsmMmap.Workloads.Running;

internal sealed class MemoryGroup : IDisposable
{
    private const string Mount = "/sys/fs/cgroup";
    private const int Attempts = 50;

    private readonly string _folder;

    private MemoryGroup(string folder) => _folder = folder;

    public static MemoryGroup? TryCreate(long limitBytes, out string whyNot)
    {
        whyNot = "no control group with a memory limit on this system";
        if (!File.Exists("/proc/self/cgroup"))
            return null;
        string[] lines = File.ReadAllLines("/proc/self/cgroup");
        string name = FormattableString.Invariant($"lsm-workloads-{Environment.ProcessId}");
        string? one = lines.FirstOrDefault(l => l.Contains(":memory:", StringComparison.Ordinal));
        string? two = lines.FirstOrDefault(l => l.StartsWith("0::", StringComparison.Ordinal));
        try
        {
            if (one != null)
                return Create(
                    Path.Join(Mount, "memory", one[(one.LastIndexOf(':') + 1)..], name),
                    "memory.limit_in_bytes", limitBytes);
            if (two != null && File.Exists(Path.Join(Mount, "cgroup.controllers")))
                return Create(Path.Join(Mount, two[3..], name), "memory.max", limitBytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            whyNot = "a control group with a memory limit could not be made: "
                + e.GetType().Name;
        }
        return null;
    }

    /// <summary>Puts a process into the group; it must not have touched its data yet.</summary>
    public void Add(int processId) => File.WriteAllText(
        Path.Join(_folder, "cgroup.procs"), processId.ToString(CultureInfo.InvariantCulture));

    public void Dispose()
    {
        // The kernel forgets an ended process a moment after its parent has seen it end.
        for (int i = 0; i < Attempts; i++)
        {
            try
            {
                Directory.Delete(_folder);
                return;
            }
            catch (IOException)
            {
                Thread.Sleep(20);
            }
        }
    }

    private static MemoryGroup Create(string folder, string limitFile, long limitBytes)
    {
        Directory.CreateDirectory(folder);
        try
        {
            File.WriteAllText(
                Path.Join(folder, limitFile), limitBytes.ToString(CultureInfo.InvariantCulture));
            return new MemoryGroup(folder);
        }
        catch
        {
            Directory.Delete(folder);
            throw;
        }
    }
}
