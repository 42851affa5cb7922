// Reads of a store four times as large as the memory that the process may use. No warm pass over
// everything: it would only push out what a user's own reads had brought in. What comes before the
// measured reads are random gets of several threads, as long as those will take: a store that runs
// has read before. At 36,000 gets a second, what a disk here gave, they fill 1 GiB.

using System.Buffers;
using LsmMmap.Workloads.Data;
using LsmMmap.Workloads.Engines;
using LsmMmap.Workloads.Measuring;

namespace LsmMmap.Workloads.Workloads;

internal static class MemoryWorkloads
{
    private const int NextsPerSeek = 50;
    private const int InFlight = 200;
    private const int WarmThreads = 8;
    private const double TimesLonger = 4;

    public static Outcome ReadRandom(WorkloadContext context, int threads)
    {
        Warm(context);
        Measured measured = context.Meter.Run(
            threads, ForReads(context), i => ReadWorkloads.Reader(context, i));
        return Result(context, measured).ExpectHits(
            measured.Operations, context.Source.ValueBytes);
    }

    /// <summary>One thread that has many gets under way at any time.</summary>
    public static Outcome ReadAsync(WorkloadContext context)
    {
        LsmStore store = ((LsmMmapEngine)context.Engine).Store;
        Warm(context);
        var random = new RandomSource(context.Settings.Seed * 1_000);
        var flights = new AsyncReads(store, context.Source, InFlight);
        Measured measured = context.Meter.Run(
            1, ForReads(context) with { TimeEvery = 0 },
            _ => new AsyncReadOperation(flights, random, context.Entries));
        flights.Finish();
        return Result(context, measured).Expect(
            flights.Hits == measured.Operations && flights.IsRight,
            $"{flights.Hits} hits in {measured.Operations} gets");
    }

    public static Outcome SeekRandom(WorkloadContext context)
    {
        Limits limits = context.ForScans with { Seconds = context.Settings.Seconds * TimesLonger };
        Warm(context);
        Measured measured = context.Meter.Run(1, limits, i => Seeker(context, i));
        return Result(context, measured).ExpectHits(
            measured.Totals.Hits, context.Source.ValueBytes);
    }

    private static Limits ForReads(WorkloadContext context) => context.ForReads with
    {
        Seconds = context.Settings.Seconds * TimesLonger,
        TimeEvery = 1,
    };

    private static void Warm(WorkloadContext context) => context.Meter.Run(
        WarmThreads, new Limits { Seconds = context.Settings.Seconds * TimesLonger },
        i => ReadWorkloads.Reader(context, i + 10));

    private static SeekOperation Seeker(WorkloadContext context, int thread) => new(
        context.Source, context.Entries,
        new RandomSource(context.Settings.Seed * 1_000 + (ulong)thread), NextsPerSeek + 1);

    private static Outcome Result(WorkloadContext context, Measured measured) => new(measured)
    {
        LiveBytes = context.Entries * context.Source.EntryBytes,
    };
}

/// <summary>The gets in flight: a place is awaited before it is used again.</summary>
internal sealed class AsyncReads(LsmStore store, EntrySource source, int count)
{
    private readonly ArrayBufferWriter<byte>[] _values = [.. Enumerable.Range(0, count).Select(
        _ => new ArrayBufferWriter<byte>(source.ValueBytes))];
    private readonly ValueTask<bool>[] _pending = new ValueTask<bool>[count];
    private readonly byte[] _key = new byte[source.KeyBytes];
    private long _started;

    public long Hits { get; private set; }

    /// <summary>Whether every value had the right length.</summary>
    public bool IsRight { get; private set; } = true;

    public void Read(long number)
    {
        int place = (int)(_started % count);
        if (_started++ >= count)
            Await(place);
        source.Key(_key, number);
#pragma warning disable CA2012 // Each is awaited once, when its place comes round again.
        _pending[place] = store.TryGetAsync(_key, _values[place]);
#pragma warning restore CA2012
    }

    public void Finish()
    {
        for (int place = 0; place < Math.Min(count, _started); place++)
            Await(place);
    }

    private void Await(int place)
    {
        ValueTask<bool> pending = _pending[place];
        _pending[place] = default;
        bool isFound = pending.IsCompleted
            ? pending.GetAwaiter().GetResult() : pending.AsTask().GetAwaiter().GetResult();
        Hits += isFound ? 1 : 0;
        IsRight &= _values[place].WrittenCount == source.ValueBytes;
        _values[place].ResetWrittenCount();
    }
}

internal struct AsyncReadOperation(AsyncReads flights, RandomSource random, long entries)
    : IOperation
{
    public long Run(IEngineSession session, long index, ref ReadTotals totals)
    {
        flights.Read(random.Below(entries));
        return 1;
    }
}
