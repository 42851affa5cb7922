// Opening and closing a store, for every engine; and what only LsmMmap is measured in: asynchronous
// writes with many in flight, scans over a deleted range.

using System.Diagnostics;
using LsmMmap.Workloads.Data;
using LsmMmap.Workloads.Engines;
using LsmMmap.Workloads.Measuring;

namespace LsmMmap.Workloads.Workloads;

internal static class OwnWorkloads
{
    private const int InFlight = 1_000;
    private const int OpensMax = 40;
    private const int WarmOpens = 2;

    /// <summary>Opens the store, gets one entry and closes it, again and again.</summary>
    public static Outcome Open(WorkloadContext context)
    {
        for (int i = 0; i < WarmOpens; i++)
            OpenOnce(context, i);
        var latencies = new Latencies();
        long opens = 0;
        long hits = 0;
        using IEngine nothing = new NoEngine();
        var watch = new Watch(nothing);
        ProcessReadings before = ProcessReadings.Now();
        long start = Stopwatch.GetTimestamp();
        while (opens < OpensMax
            && Stopwatch.GetElapsedTime(start).TotalSeconds < context.Settings.Seconds)
        {
            long one = Stopwatch.GetTimestamp();
            hits += OpenOnce(context, opens++) ? 1 : 0;
            latencies.Record(Stopwatch.GetTimestamp() - one);
        }
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var measured = new Measured(
            opens, opens, seconds, true, latencies, 1, default, [], watch, before,
            watch.End());
        return new Outcome(measured) { LiveBytes = context.Entries * context.Source.EntryBytes }
            .Expect(hits == opens, $"{hits} of {opens} gets found their entry");
    }

    /// <summary>Single puts through WriteAsync, a thousand of them waiting at any time.</summary>
    public static Outcome WriteAsync(WorkloadContext context)
    {
        LsmStore store = ((LsmMmapEngine)context.Engine).Store;
        var order = new Permutation(context.Entries, context.Settings.Seed);
        using var flights = new AsyncFlights(store, context.Source, InFlight);
        Measured measured = context.Meter.Run(
            1, context.ForWrites(context.Entries) with { TimeEvery = 0, HasTimeline = false },
            _ => new AsyncOperation(flights, order));
        flights.Finish();
        return new Outcome(measured)
        {
            UserBytes = measured.Operations * context.Source.EntryBytes,
            LiveBytes = measured.Operations * context.Source.EntryBytes,
            ExpectedEntries = measured.Operations,
        };
    }

    /// <summary>One DeleteRange over all entries but the first and the last, then scans over what
    /// is left, as the store is right after it: nothing was flushed or compacted.</summary>
    public static Outcome ScanDeleted(WorkloadContext context)
    {
        LsmStore store = ((LsmMmapEngine)context.Engine).Store;
        using (Cursor cursor = store.CreateCursor())
        {
            cursor.SeekToFirst();
            byte[] from = [.. cursor.Key, 0];
            cursor.SeekToLast();
            store.DeleteRange(from, cursor.Key);
        }
        Measured measured = context.Meter.Run(
            1, context.ForScans, _ => new ScanLeftOperation(store));
        return new Outcome(measured)
        {
            LiveBytes = context.Entries * context.Source.EntryBytes,
            ExpectedEntries = ScanLeftOperation.Left,
        };
    }

    private static bool OpenOnce(WorkloadContext context, long number)
    {
        byte[] key = new byte[context.Source.KeyBytes];
        context.Source.Key(key, number);
        ReadTotals totals = default;
        using IEngine engine = context.Definition.Open(context.Options);
        using IEngineSession session = engine.OpenSession();
        return session.Get(key, ref totals);
    }

    private sealed class NoEngine : IEngine
    {
        public IEngineSession OpenSession() => throw new NotSupportedException();

        public void Compact() { }

        public void WaitForBackground() { }

        public EngineMarks Marks() => EngineMarks.Unknown;

        public void Dispose() { }
    }
}

/// <summary>The batches in flight: a place is awaited before it is used again.</summary>
internal sealed class AsyncFlights(LsmStore store, EntrySource source, int count) : IDisposable
{
    private readonly WriteBatch[] _batches = [.. Enumerable.Range(0, count).Select(
        _ => new WriteBatch())];
    private readonly ValueTask<long>[] _pending = new ValueTask<long>[count];
    private readonly byte[] _key = new byte[source.KeyBytes];

    public void Write(long index, long number)
    {
        int place = (int)(index % count);
        Await(place);
        source.Key(_key, number);
        _batches[place].Clear();
        _batches[place].Put(_key, source.Value(number));
#pragma warning disable CA2012 // Each is awaited once, when its place comes round again.
        _pending[place] = store.WriteAsync(_batches[place]);
#pragma warning restore CA2012
    }

    public void Finish()
    {
        for (int i = 0; i < count; i++)
            Await(i);
    }

    public void Dispose()
    {
        foreach (WriteBatch batch in _batches)
            batch.Dispose();
    }

    private void Await(int place)
    {
        ValueTask<long> pending = _pending[place];
        _pending[place] = default;
        if (!pending.IsCompleted)
            pending.AsTask().GetAwaiter().GetResult();
        else
            pending.GetAwaiter().GetResult();
    }
}

internal struct AsyncOperation(AsyncFlights flights, Permutation order) : IOperation
{
    public readonly long Run(IEngineSession session, long index, ref ReadTotals totals)
    {
        flights.Write(index, order.Of(index));
        return 1;
    }
}

internal readonly struct ScanLeftOperation(LsmStore store) : IOperation
{
    public const int Left = 2;

    public long Run(IEngineSession session, long index, ref ReadTotals totals)
    {
        int count = 0;
        foreach (KeyValueView _ in store.Range([], []))
            count++;
        if (count != Left)
            throw new InvalidOperationException($"{count} entries are left, not {Left}");
        return 1;
    }
}
