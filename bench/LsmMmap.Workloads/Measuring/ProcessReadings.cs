// What the system and the runtime say of this process: memory by kind, bytes handed to the disk,
// collections and their pauses. Where /proc is missing the figures are negative, which means
// "not known here".

using System.Globalization;

namespace LsmMmap.Workloads.Measuring;

/// <summary>Counters that only grow; two readings give what happened between them.</summary>
internal sealed record ProcessReadings(
    long AllocatedBytes, int Gen0, int Gen1, int Gen2, TimeSpan GcPause, long WrittenBytes)
{
    public static ProcessReadings Now() => new(
        GC.GetTotalAllocatedBytes(precise: true), GC.CollectionCount(0), GC.CollectionCount(1),
        GC.CollectionCount(2), GC.GetTotalPauseDuration(), WrittenToDisk());

    /// <summary>Bytes of pages that this process made dirty or wrote past the cache.</summary>
    public static long WrittenToDisk() => Field("/proc/self/io", "write_bytes:", 1);

    /// <summary>User and system time of all threads of this process so far.</summary>
    public static TimeSpan Processor() =>
        OperatingSystem.IsLinux() || OperatingSystem.IsMacOS() || OperatingSystem.IsWindows()
            ? Environment.CpuUsage.TotalTime : TimeSpan.Zero;

    private static long Field(string file, string name, long unit)
    {
        if (!File.Exists(file))
            return -1;
        foreach (string line in File.ReadLines(file))
            if (line.StartsWith(name, StringComparison.Ordinal))
                return unit * long.Parse(
                    line[name.Length..].Replace("kB", "", StringComparison.Ordinal),
                    NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite,
                    CultureInfo.InvariantCulture);
        return -1;
    }

    /// <summary>Resident memory: its peak, and what of it is anonymous and from files.</summary>
    public static (long Peak, long Anonymous, long FromFiles) Resident() => (
        Field("/proc/self/status", "VmHWM:", 1024),
        Field("/proc/self/status", "RssAnon:", 1024),
        Field("/proc/self/status", "RssFile:", 1024));

    /// <summary>Begins a new peak; without the right to do so the old one stands.</summary>
    public static void ForgetPeak()
    {
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The peak then covers the loading as well; it is an upper bound.
        }
    }
}
