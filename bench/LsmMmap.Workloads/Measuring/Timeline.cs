// Throughput over time: operations in every 100 ms, with marks where the engine flushed, compacted
// or stalled. The writing threads count into their own slots; a side thread looks at the engine and
// at the memory ten times a second.
//
// Threads: one writer per slot array, read after the threads have ended.

using System.Diagnostics;
using LsmMmap.Workloads.Engines;
using LsmMmap.Workloads.Results;

namespace LsmMmap.Workloads.Measuring;

/// <summary>One thread's count of operations per slice of time.</summary>
internal sealed class Timeline
{
    public const int SliceMs = 100;
    private const int SlicesMax = 36_000;

    private static readonly long s_sliceTicks = Stopwatch.Frequency * SliceMs / 1000;

    private readonly int[] _counts = new int[SlicesMax];
    private long _sliceEnd;
    private int _slice;

    public void Start(long now) => _sliceEnd = now + s_sliceTicks;

    public void Count(long now)
    {
        while (now >= _sliceEnd && _slice < SlicesMax - 1)
        {
            _slice++;
            _sliceEnd += s_sliceTicks;
        }
        _counts[_slice]++;
    }

    public static int[] Sum(IReadOnlyList<Timeline> parts)
    {
        int[] total = new int[parts.Count == 0 ? 0 : parts.Max(part => part._slice + 1)];
        foreach (Timeline part in parts)
            for (int i = 0; i < total.Length; i++)
                total[i] += part._counts[i];
        return total;
    }
}

/// <summary>The side thread: what the engine does and how much memory is resident.</summary>
internal sealed class Watch : IDisposable
{
    private readonly IEngine _engine;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;
    private EngineMarks _last;
    private long _ownBytes;

    public Watch(IEngine engine)
    {
        _engine = engine;
        _last = engine.Marks();
        ProcessReadings.ForgetPeak();
        _thread = new Thread(Run) { Name = "watch", IsBackground = true };
        _thread.Start();
    }

    public List<TimelineMark> Marks { get; } = [];

    public long PeakBytes { get; private set; }

    public long PeakAnonymousBytes { get; private set; }

    public long PeakFileBytes { get; private set; }

    /// <summary>Ends the watch and reads the process, without what the watch itself allocated.
    /// </summary>
    public ProcessReadings End()
    {
        _stop.Set();
        _thread.Join();
        Dispose();
        ProcessReadings now = ProcessReadings.Now();
        Look();
        return now with { AllocatedBytes = now.AllocatedBytes - _ownBytes };
    }

    /// <summary>Adds what was seen in an earlier part of the same run, which took so long.
    /// </summary>
    public void AddEarlier(Watch earlier, double seconds)
    {
        PeakBytes = Math.Max(PeakBytes, earlier.PeakBytes);
        PeakAnonymousBytes = Math.Max(PeakAnonymousBytes, earlier.PeakAnonymousBytes);
        PeakFileBytes = Math.Max(PeakFileBytes, earlier.PeakFileBytes);
        TimelineMark[] later = [.. Marks.Select(
            mark => mark with { Second = Math.Round(mark.Second + seconds, 2) })];
        Marks.Clear();
        Marks.AddRange(earlier.Marks);
        Marks.AddRange(later);
    }

    public void Dispose() => _stop.Dispose();

    private void Run()
    {
        while (!_stop.Wait(Timeline.SliceMs))
            Look();
        _ownBytes = GC.GetAllocatedBytesForCurrentThread();
    }

    private void Look()
    {
        (long peak, long anonymous, long fromFiles) = ProcessReadings.Resident();
        PeakBytes = Math.Max(PeakBytes, peak);
        PeakAnonymousBytes = Math.Max(PeakAnonymousBytes, anonymous);
        PeakFileBytes = Math.Max(PeakFileBytes, fromFiles);
        EngineMarks now = _engine.Marks();
        double second = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        if (now.Flushes > _last.Flushes)
            Marks.Add(new TimelineMark(Math.Round(second, 2), "flush"));
        if (now.Compactions > _last.Compactions)
            Marks.Add(new TimelineMark(Math.Round(second, 2), "compaction"));
        if (now.Stalls > _last.Stalls)
            Marks.Add(new TimelineMark(Math.Round(second, 2), "stall"));
        _last = now;
    }
}
