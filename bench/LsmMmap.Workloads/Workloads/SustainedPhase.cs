// One phase of the sustained writes: puts by one thread from the first to the last, however long
// they take, and the wait until the store is at rest. Speed, processor time and bytes written are
// those of both together, so that no engine gains by putting its work off.
//
// Threads: one thread puts and counts; the side thread that looks at the disk reads the count.

using System.Diagnostics;
using LsmMmap.Workloads.Engines;
using LsmMmap.Workloads.Measuring;

namespace LsmMmap.Workloads.Workloads;

/// <summary>How far a phase has come, and when each of its slices ended.</summary>
internal sealed class PhaseProgress(long count)
{
    public const int Slices = 20;

    private readonly long[] _ends = new long[Slices + 1];
    private long _done;
    private long _sliceEnd;
    private int _slice;

    public long Done => Volatile.Read(ref _done);

    public void Start() => NextSlice();

    public void Count(long done)
    {
        Volatile.Write(ref _done, done);
        if (done == _sliceEnd)
            NextSlice();
    }

    /// <summary>Throughput of the fastest slice by that of the slowest.</summary>
    public double Flatness()
    {
        double[] rates = [.. Enumerable.Range(0, Slices).Select(
            i => (double)(End(i + 1) - End(i)) / Math.Max(1, _ends[i + 1] - _ends[i]))];
        return rates.Max() / rates.Min();
    }

    private long End(int slice) => count * slice / Slices;

    private void NextSlice()
    {
        _ends[_slice] = Stopwatch.GetTimestamp();
        _sliceEnd = _slice == Slices ? -1 : End(++_slice);
    }
}

/// <summary>An operation that is one put, counted.</summary>
internal struct CountedPut<TOperation>(TOperation put, PhaseProgress progress) : IOperation
    where TOperation : struct, IOperation
{
    private TOperation _put = put;

    public long Run(IEngineSession session, long index, ref ReadTotals totals)
    {
        if (index == 0)
            progress.Start();
        long done = _put.Run(session, index, ref totals);
        progress.Count(index + 1);
        return done;
    }
}

/// <summary>What a phase measured.</summary>
internal sealed record SustainedPhase
{
    // Of the live bytes of a whole store: from there on space is judged.
    private const double JudgedFrom = 0.1;
    private const double Mega = 1e6;
    private const double Giga = 1e9;

    public required Measured Puts { get; init; }

    public required double SettleSeconds { get; init; }

    public double Seconds => Puts.Seconds + SettleSeconds;

    /// <summary>Bytes that the side thread allocated while the puts ran.</summary>
    public required long WatchBytes { get; init; }

    public required Dictionary<string, double> Figures { get; init; }

    /// <summary>Runs one phase of as many puts as there are entries.
    /// <paramref name="liveEntries"/>: how many entries the store holds after so many puts.
    /// </summary>
    public static SustainedPhase Run<TOperation>(
        WorkloadContext context, TOperation put, Func<long, long> liveEntries)
        where TOperation : struct, IOperation
    {
        IEngine engine = context.Engine;
        long entryBytes = context.Source.EntryBytes;
        long userBytes = context.Entries * entryBytes;
        var progress = new PhaseProgress(context.Entries);
        using var space = new SpaceWatch(
            context.Options.Directory, () => liveEntries(progress.Done) * entryBytes,
            (long)(userBytes * JudgedFrom));
        double stalledMs = engine.StallMs();
        TimeSpan processor = ProcessReadings.Processor();
        Measured puts = context.Meter.Run(
            1, new Limits { Operations = context.Entries, HasTimeline = true },
            _ => new CountedPut<TOperation>(put, progress));
        double settleSeconds = Settling.Wait(engine);
        processor = ProcessReadings.Processor() - processor;
        long written = ProcessReadings.WrittenToDisk();
        space.End();
        Dictionary<string, double> figures = OfPuts(puts);
        figures["putMBPerSecond"] = userBytes / Mega / puts.Seconds;
        figures["sustainedMBPerSecond"] = userBytes / Mega / (puts.Seconds + settleSeconds);
        figures["settleSeconds"] = settleSeconds;
        if (puts.Before.WrittenBytes >= 0)
            figures["writeAmplification"] =
                (double)(written - puts.Before.WrittenBytes) / userBytes;
        figures["cpuSecondsPerGB"] = processor.TotalSeconds / (userBytes / Giga);
        figures["flatness"] = progress.Flatness();
        if (stalledMs >= 0)
            figures["stallMs"] = engine.StallMs() - stalledMs;
        AddSpace(figures, space, liveEntries(context.Entries) * entryBytes);
        return new SustainedPhase
        {
            Puts = puts,
            SettleSeconds = settleSeconds,
            WatchBytes = space.OwnBytes,
            Figures = figures,
        };
    }

    private static Dictionary<string, double> OfPuts(Measured puts) => new()
    {
        ["p50Us"] = puts.Latencies.Microseconds(50),
        ["p99Us"] = puts.Latencies.Microseconds(99),
        ["p999Us"] = puts.Latencies.Microseconds(99.9),
        ["maxUs"] = puts.Latencies.MaxMicroseconds(),
        ["putsOver50Ms"] = puts.Latencies.Over50Ms,
        ["inPutsOver10Ms"] = puts.Latencies.LongMs,
    };

    private static void AddSpace(
        Dictionary<string, double> figures, SpaceWatch space, long liveBytes)
    {
        figures["spacePeak"] = space.Peak;
        figures["spacePeakWithoutLogs"] = space.PeakWithoutLogs;
        figures["logPeakMB"] = space.PeakLogBytes / Mega;
        figures["spaceAtRest"] = (double)space.AtRest.Bytes / liveBytes;
        figures["spaceAtRestWithoutLogs"] = (double)space.AtRest.WithoutLogs / liveBytes;
        figures["logAtRestMB"] = space.AtRest.LogBytes / Mega;
    }
}
