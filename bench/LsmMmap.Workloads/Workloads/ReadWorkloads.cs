// Point reads and scans of a compacted store, hot: one pass over everything comes first, and a
// sample of values is compared byte for byte.

using LsmMmap.Workloads.Data;
using LsmMmap.Workloads.Engines;
using LsmMmap.Workloads.Measuring;

namespace LsmMmap.Workloads.Workloads;

internal static class ReadWorkloads
{
    private const int KeysPerCall = 100;
    private const int NextsPerSeek = 50;

    public static Outcome ReadRandom(WorkloadContext context, int threads)
    {
        Outcome warm = Warm(context);
        Measured measured = context.Meter.Run(
            threads, context.ForReads, i => Reader(context, i));
        return Checked(context, warm, measured).ExpectHits(
            measured.Operations, context.Source.ValueBytes);
    }

    public static Outcome ReadMissing(WorkloadContext context)
    {
        Outcome warm = Warm(context);
        Measured measured = context.Meter.Run(
            1, context.ForReads, i => new MissOperation(
                context.Source, context.Entries, Random(context, i)));
        return Checked(context, warm, measured).ExpectHits(0, context.Source.ValueBytes)
            .Expect(measured.Totals.Misses == measured.Operations, "a miss was not counted");
    }

    public static Outcome MultiRead(WorkloadContext context)
    {
        Outcome warm = Warm(context);
        Measured measured = context.Meter.Run(
            1, context.ForScans, i => new MultiReadOperation(
                context.Source, context.Entries, Random(context, i), KeysPerCall));
        return Checked(context, warm, measured).ExpectHits(
            measured.Operations, context.Source.ValueBytes);
    }

    public static Outcome ReadAll(WorkloadContext context, bool backward)
    {
        Outcome warm = Warm(context);
        Measured measured = context.Meter.Run(
            1, context.ForScans with { TimeEvery = 0 },
            _ => new ScanAllOperation(context.Entries, backward));
        return Checked(context, warm, measured).ExpectHits(
            measured.Operations, context.Source.ValueBytes);
    }

    public static Outcome SeekRandom(WorkloadContext context)
    {
        Outcome warm = Warm(context);
        Measured measured = context.Meter.Run(
            1, context.ForScans, i => new SeekOperation(
                context.Source, context.Entries, Random(context, i), NextsPerSeek + 1));
        return Checked(context, warm, measured).ExpectHits(
            measured.Totals.Hits, context.Source.ValueBytes);
    }

    /// <summary>One thread reads and is measured, another overwrites as fast as it can.</summary>
    public static Outcome ReadWhileWriting(WorkloadContext context)
    {
        Outcome warm = Warm(context);
        var random = Random(context, 99);
        byte[] key = new byte[context.Source.KeyBytes];
        long writes = 0;
        Measured measured = context.Meter.Run(1, context.ForReads, i => Reader(context, i), s =>
        {
            long number = random.Below(context.Entries);
            context.Source.Key(key, number);
            s.Put(key, context.Source.Value(number, version: 1));
            writes++;
        });
        Outcome outcome = Checked(context, warm, measured).ExpectHits(
            measured.Operations, context.Source.ValueBytes);
        outcome.UserBytes = writes * context.Source.EntryBytes;
        outcome.ExpectedEntries = context.Entries;
        outcome.Extra["writesPerSecond"] = Math.Round(writes / measured.Seconds);
        return outcome.Expect(writes > 0, "nothing was written");
    }

    /// <summary>One thread reads and is measured, another scans everything again and again.
    /// </summary>
    public static Outcome ReadWhileScanning(WorkloadContext context)
    {
        Outcome warm = Warm(context);
        ReadTotals scanned = default;
        long scans = 0;
        Measured measured = context.Meter.Run(1, context.ForReads, i => Reader(context, i), s =>
        {
            scans += s.ScanAll(backward: false, ref scanned) == context.Entries ? 1 : 0;
        });
        Outcome outcome = Checked(context, warm, measured).ExpectHits(
            measured.Operations, context.Source.ValueBytes);
        outcome.Extra["scannedPerSecond"] = Math.Round(scanned.Hits / measured.Seconds);
        return outcome.Expect(scans > 0 && scanned.Hits == scans * context.Entries,
            $"{scanned.Hits} entries in {scans} scans");
    }

    /// <summary>The pass that makes the data hot and the code compiled.</summary>
    public static Outcome Warm(WorkloadContext context)
    {
        var check = new WarmPass(context);
        check.Run();
        return check.Outcome;
    }

    public static ReadOperation Reader(WorkloadContext context, int thread) =>
        new(context.Source, context.Entries, Random(context, thread));

    public static Outcome Checked(WorkloadContext context, Outcome warm, Measured measured)
    {
        var outcome = new Outcome(measured)
        {
            LiveBytes = context.Entries * context.Source.EntryBytes,
        };
        outcome.Problems.AddRange(warm.Problems);
        return outcome;
    }

    private static RandomSource Random(WorkloadContext context, int thread) =>
        new(context.Settings.Seed * 1_000 + (ulong)thread);
}

/// <summary>Reads an entry that is there.</summary>
internal struct ReadOperation(EntrySource source, long count, RandomSource random) : IOperation
{
    private readonly byte[] _key = new byte[source.KeyBytes];
    private RandomSource _random = random;

    public long Run(IEngineSession session, long index, ref ReadTotals totals)
    {
        source.Key(_key, _random.Below(count));
        if (!session.Get(_key, ref totals))
            totals.Wrong++;
        return 1;
    }
}

/// <summary>Reads a key between two entries.</summary>
internal struct MissOperation(EntrySource source, long count, RandomSource random) : IOperation
{
    private readonly byte[] _key = new byte[source.KeyBytes];
    private RandomSource _random = random;

    public long Run(IEngineSession session, long index, ref ReadTotals totals)
    {
        source.MissingKey(_key, _random.Below(count));
        if (session.Get(_key, ref totals))
            totals.Wrong++;
        return 1;
    }
}

/// <summary>Reads some entries by one call.</summary>
internal struct MultiReadOperation(
    EntrySource source, long count, RandomSource random, int keys) : IOperation
{
    private readonly byte[] _keys = new byte[source.KeyBytes * keys];
    private RandomSource _random = random;

    public long Run(IEngineSession session, long index, ref ReadTotals totals)
    {
        for (int at = 0; at < _keys.Length; at += source.KeyBytes)
            source.Key(_keys.AsSpan(at, source.KeyBytes), _random.Below(count));
        if (session.MultiGet(_keys, source.KeyBytes, ref totals) != keys)
            totals.Wrong++;
        return keys;
    }
}

/// <summary>Reads every entry.</summary>
internal struct ScanAllOperation(long count, bool backward) : IOperation
{
    public readonly long Run(IEngineSession session, long index, ref ReadTotals totals)
    {
        long seen = session.ScanAll(backward, ref totals);
        if (seen != count)
            totals.Wrong++;
        return seen;
    }
}

/// <summary>Seeks an entry and reads on from it.</summary>
internal struct SeekOperation(
    EntrySource source, long count, RandomSource random, int entries) : IOperation
{
    private readonly byte[] _key = new byte[source.KeyBytes];
    private RandomSource _random = random;

    public long Run(IEngineSession session, long index, ref ReadTotals totals)
    {
        long number = _random.Below(count);
        source.Key(_key, number);
        if (session.Scan(_key, entries, ref totals) != Math.Min(entries, count - number))
            totals.Wrong++;
        return 1;
    }
}
