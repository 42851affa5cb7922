// What the figures were made on: enough to know the class of machine, nothing that names one.

using System.Globalization;
using System.Runtime.InteropServices;
using LsmMmap.Workloads.Results;

namespace LsmMmap.Workloads.Running;

internal static class Machine
{
    public static MachineInfo Describe(string workFolder) => new()
    {
        Cpu = CpuModel(),
        Cores = Environment.ProcessorCount,
        MemoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        OperatingSystem = RuntimeInformation.OSDescription,
        Architecture = RuntimeInformation.OSArchitecture.ToString(),
        FileSystem = FileSystemOf(workFolder),
        Runtime = RuntimeInformation.FrameworkDescription,
    };

    private static string CpuModel()
    {
        const string file = "/proc/cpuinfo";
        string? line = File.Exists(file)
            ? File.ReadLines(file).FirstOrDefault(
                l => l.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
            ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    // The mount whose point is the longest beginning of the folder.
    private static string FileSystemOf(string folder)
    {
        const string file = "/proc/self/mounts";
        if (!File.Exists(file))
            return new DriveInfo(Path.GetPathRoot(folder) ?? folder).DriveFormat;
        string type = "unknown";
        int longest = -1;
        foreach (string[] mount in File.ReadLines(file).Select(line => line.Split(' ')))
        {
            if (mount.Length < 3 || mount[1].Length <= longest)
                continue;
            string point = mount[1].TrimEnd('/') + "/";
            if (!(folder + "/").StartsWith(point, StringComparison.Ordinal))
                continue;
            (longest, type) = (mount[1].Length, mount[2]);
        }
        return type.ToLower(CultureInfo.InvariantCulture);
    }
}
