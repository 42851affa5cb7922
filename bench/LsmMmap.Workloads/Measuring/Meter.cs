// The timed loops. An operation is a struct, so that each loop is compiled for it and calls it
// without indirection; what remains of the harness is the key, the value and the clock.
//
// Writes and scans are timed one by one, by one clock reading each (the end of one is the beginning
// of the next). Of reads every eighth is timed, by two readings.
//
// Threads: each worker has its own session, histogram and slots; a barrier starts them together.

using System.Diagnostics;
using LsmMmap.Workloads.Engines;

namespace LsmMmap.Workloads.Measuring;

/// <summary>One operation of a workload. Returns how many operations it counts for.</summary>
internal interface IOperation
{
    long Run(IEngineSession session, long index, ref ReadTotals totals);
}

/// <summary>When a loop ends and what of it is timed.</summary>
internal sealed record Limits
{
    /// <summary>Calls of each thread.</summary>
    public long Operations { get; init; } = long.MaxValue;

    public double Seconds { get; init; } = double.MaxValue;

    /// <summary>Every how many calls one is timed; 0: none.</summary>
    public int TimeEvery { get; init; } = 1;

    public bool HasTimeline { get; init; }

    /// <summary>Ends the loop when it is cancelled.</summary>
    public CancellationToken Until { get; init; }
}

/// <summary>What a loop measured.</summary>
internal sealed record Measured(
    long Operations, long Calls, double Seconds, bool Complete, Latencies Latencies, int TimeEvery,
    ReadTotals Totals, int[] Timeline, Watch Watch, ProcessReadings Before, ProcessReadings After);

internal sealed class Meter(IEngine engine)
{
    private volatile bool _stop;

    /// <summary>Runs the operation on some threads; <paramref name="make"/> gives each its own.
    /// </summary>
    public Measured Run<TOperation>(int threads, Limits limits, Func<int, TOperation> make)
        where TOperation : struct, IOperation => Run(threads, limits, make, null);

    /// <summary>The same, with a thread beside them that is not counted.</summary>
    public Measured Run<TOperation>(
        int threads, Limits limits, Func<int, TOperation> make, Action<IEngineSession>? beside)
        where TOperation : struct, IOperation
    {
        using var start = new Barrier(threads + 1);
        var workers = new Worker<TOperation>[threads];
        for (int i = 0; i < threads; i++)
            workers[i] = new Worker<TOperation>(engine.OpenSession(), make(i), limits);
        Thread[] running = [.. workers.Select(worker => new Thread(() => Work(worker, start)))];
        using IEngineSession? other = beside == null ? null : engine.OpenSession();
        var side = new Thread(() => Beside(beside, other));
        foreach (Thread thread in running)
            thread.Start();
        _stop = false;
        var watch = new Watch(engine);
        ProcessReadings before = ProcessReadings.Now();
        if (beside != null)
            side.Start();
        long began = Stopwatch.GetTimestamp();
        start.SignalAndWait();
        foreach (Thread thread in running)
            thread.Join();
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        _stop = true;
        if (beside != null)
            side.Join();
        ProcessReadings after = watch.End();
        return Sum(workers, limits, seconds, watch, before, after);
    }

    /// <summary>Whether the work beside the measured threads is to end.</summary>
    public bool IsOver => _stop;

    private void Beside(Action<IEngineSession>? beside, IEngineSession? session)
    {
        while (!_stop)
            beside!(session!);
    }

    private static void Work<TOperation>(Worker<TOperation> worker, Barrier start)
        where TOperation : struct, IOperation
    {
        start.SignalAndWait();
        try
        {
            worker.Run();
        }
        catch (Exception e)
        {
            worker.Failure = e;
        }
    }

    private static Measured Sum<TOperation>(
        Worker<TOperation>[] workers, Limits limits, double seconds, Watch watch,
        ProcessReadings before, ProcessReadings after)
        where TOperation : struct, IOperation
    {
        var latencies = new Latencies();
        ReadTotals totals = default;
        foreach (Worker<TOperation> worker in workers)
        {
            if (worker.Failure != null)
                throw new IOException(worker.Failure.Message, worker.Failure);
            worker.Dispose();
            latencies.Add(worker.Latencies);
            totals.Hits += worker.Totals.Hits;
            totals.Misses += worker.Totals.Misses;
            totals.Bytes += worker.Totals.Bytes;
            totals.Sum += worker.Totals.Sum;
            totals.Wrong += worker.Totals.Wrong;
        }
        bool complete = limits.Operations == long.MaxValue
            || workers.All(worker => worker.Calls == limits.Operations);
        int[] timeline = limits.HasTimeline
            ? Timeline.Sum([.. workers.Select(worker => worker.Timeline!)]) : [];
        return new Measured(
            workers.Sum(worker => worker.Operations), workers.Sum(worker => worker.Calls), seconds,
            complete, latencies, limits.TimeEvery, totals, timeline, watch, before, after);
    }
}

/// <summary>One measuring thread's state and loop.</summary>
internal sealed class Worker<TOperation>(
    IEngineSession session, TOperation operation, Limits limits) : IDisposable
    where TOperation : struct, IOperation
{
    private TOperation _operation = operation;
    private ReadTotals _totals;

    public Latencies Latencies { get; } = new();

    // Made before the measured part: it must not count as the engine's memory.
    public Timeline? Timeline { get; } = limits.HasTimeline ? new Timeline() : null;

    public ReadTotals Totals => _totals;

    public long Operations { get; private set; }

    public long Calls { get; private set; }

    public Exception? Failure { get; set; }

    public void Run()
    {
        long now = Stopwatch.GetTimestamp();
        Timeline?.Start(now);
        long end = limits.Seconds >= 1e9
            ? long.MaxValue : now + (long)(limits.Seconds * Stopwatch.Frequency);
        if (limits.TimeEvery == 1)
            TimeEach(now, end);
        else
            TimeSome(end);
    }

    public void Dispose() => session.Dispose();

    private void TimeEach(long now, long end)
    {
        TOperation operation = _operation;
        Timeline? timeline = Timeline;
        long done = 0;
        long calls = 0;
        while (calls < limits.Operations && now < end
            && !limits.Until.IsCancellationRequested)
        {
            done += operation.Run(session, calls, ref _totals);
            calls++;
            long before = now;
            now = Stopwatch.GetTimestamp();
            Latencies.Record(now - before);
            timeline?.Count(now);
        }
        (Operations, Calls, _operation) = (done, calls, operation);
    }

    private void TimeSome(long end)
    {
        TOperation operation = _operation;
        int untimed = Math.Max(1, limits.TimeEvery) - 1;
        long done = 0;
        long calls = 0;
        long now = 0;
        while (calls < limits.Operations && now < end
            && !limits.Until.IsCancellationRequested)
        {
            for (int i = 0; i < untimed && calls < limits.Operations; i++)
                done += operation.Run(session, calls++, ref _totals);
            long before = Stopwatch.GetTimestamp();
            if (calls < limits.Operations)
                done += operation.Run(session, calls++, ref _totals);
            now = Stopwatch.GetTimestamp();
            if (limits.TimeEvery > 0)
                Latencies.Record(now - before);
        }
        (Operations, Calls, _operation) = (done, calls, operation);
    }
}
