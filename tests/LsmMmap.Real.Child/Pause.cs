// One thread reads a table whose pages take long to come (the test delays that thread's advice
// calls, by its number), another collects garbage all the while and reports the longest pause.
// Threads: two.

using System.Diagnostics;
using System.Globalization;

namespace LsmMmap.Real.Child;

internal static class Pause
{
    private const int CollectionsMin = 20;

    public static int Run(string directory)
    {
        using LsmStore store = LsmStore.Open(
            directory, new StoreOptions { ReadMode = ReadMode.Guarded });
        store.Get(Media.Key(0));
        using var go = new ManualResetEventSlim();
        bool isReading = false;
        TimeSpan readTime = default;
        var reader = new Thread(() =>
        {
            // Everything but the read itself is done before: an allocation or a compilation on
            // this thread may give advice too, the runtime's own, which it waits for.
            store.GetPinned(Media.Key(1)).Dispose();
            byte[] key = Media.Key(Media.Keys / 2);
            Report.Line($"thread {NativeCalls.ThreadId}");
            go.Wait();
            long start = Stopwatch.GetTimestamp();
            Volatile.Write(ref isReading, true);
            store.GetPinned(key).Dispose();
            Volatile.Write(ref isReading, false);
            readTime = Stopwatch.GetElapsedTime(start);
        });
        reader.Start();
        Console.ReadLine();
        GC.Collect(0);
        go.Set();
        while (!Volatile.Read(ref isReading))
            Thread.Yield();
        TimeSpan longest = default;
        int collections = 0;
        while (Volatile.Read(ref isReading) || collections < CollectionsMin)
        {
            TimeSpan before = GC.GetTotalPauseDuration();
            long start = Stopwatch.GetTimestamp();
            GC.Collect(0);
            TimeSpan pause = GC.GetTotalPauseDuration() - before;
            TimeSpan call = Stopwatch.GetElapsedTime(start);
            longest = new[] { longest, pause, call }.Max();
            collections++;
        }
        reader.Join();
        Report.Line(string.Create(CultureInfo.InvariantCulture,
            $"read {readTime.TotalMilliseconds:F0} pause {longest.TotalMilliseconds:F0} "
            + $"collections {collections}"));
        return 0;
    }
}
