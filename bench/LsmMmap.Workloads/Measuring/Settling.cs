// Waits until a store is at rest. An engine's own call comes first; but LevelDB has none that waits
// for everything and others may begin anew, so the process is watched until it has done nothing
// for a second: it writes nothing and its processor time stands still.

using System.Diagnostics;
using LsmMmap.Workloads.Engines;

namespace LsmMmap.Workloads.Measuring;

internal static class Settling
{
    private const int LookEveryMs = 100;
    private const double QuietSeconds = 1;
    private const long QuietBytes = 64 << 10;
    private const double QuietShareOfOneCore = 0.3;

    /// <summary>Flushes and waits. Returns the seconds until the last work that was seen; the quiet
    /// second after it is not in them.</summary>
    public static double Wait(IEngine engine)
    {
        long start = Stopwatch.GetTimestamp();
        engine.Flush();
        engine.WaitForBackground();
        double last = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double now = last;
        long written = ProcessReadings.WrittenToDisk();
        TimeSpan processor = ProcessReadings.Processor();
        while (now - last < QuietSeconds)
        {
            Thread.Sleep(LookEveryMs);
            double before = now;
            now = Stopwatch.GetElapsedTime(start).TotalSeconds;
            long writtenNow = ProcessReadings.WrittenToDisk();
            TimeSpan processorNow = ProcessReadings.Processor();
            double share = (processorNow - processor).TotalSeconds / (now - before);
            if (writtenNow - written > QuietBytes || share > QuietShareOfOneCore)
                last = now;
            (written, processor) = (writtenNow, processorNow);
        }
        return last;
    }
}
