// What reading through a mapping costs when it is not in memory: faults of the process that waited
// for the disk, as the kernel counts them for all of its threads.
// Threads: any. Source: proc_pid_stat(5).

using System.Diagnostics;
using System.Globalization;

namespace LsmMmap.Engine.Files;

internal static class ProcessFaults
{
    private const string Path = "/proc/self/stat";

    // Counted from the field behind the name, which is in parentheses and may hold spaces.
    private const int MajorFaultsField = 9;

    /// <summary>Since the process began; -1 where the system does not tell.</summary>
    public static long Major()
    {
        if (!OperatingSystem.IsLinux() || LocalFileSystem.TryReadText(Path) is not { } text)
            return -1;
        string[] fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        Debug.Assert(fields.Length > MajorFaultsField, "the kernel only adds fields");
        return fields.Length > MajorFaultsField && long.TryParse(
            fields[MajorFaultsField], CultureInfo.InvariantCulture, out long faults) ? faults : -1;
    }
}
