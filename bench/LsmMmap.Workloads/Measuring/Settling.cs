// Waits until a store is at rest. An engine's own call comes first; but LevelDB has none that waits
// for everything and others may begin anew, so the process is watched until it has written
// nothing for a second. A merge writes all the time; processor time is no sign of one, because a
// managed engine's compiler uses some when everything else is done.

using System.Diagnostics;
using LsmMmap.Workloads.Engines;

namespace LsmMmap.Workloads.Measuring;

internal static class Settling
{
    private const int LookEveryMs = 100;
    private const double QuietSeconds = 1;
    private const long QuietBytes = 64 << 10;

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
        while (now - last < QuietSeconds)
        {
            Thread.Sleep(LookEveryMs);
            now = Stopwatch.GetElapsedTime(start).TotalSeconds;
            long writtenNow = ProcessReadings.WrittenToDisk();
            if (writtenNow - written > QuietBytes)
                last = now;
            written = writtenNow;
        }
        return last;
    }
}
