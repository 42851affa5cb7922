// Writes for as long as it takes, with the background work that they cause in the figures: a fill
// and an overwrite of everything in one process; reads beside a compaction of everything; the
// speed of such a compaction. Meant for millions of entries, so run only where they are named.

using System.Diagnostics;
using LsmMmap.Workloads.Data;
using LsmMmap.Workloads.Engines;
using LsmMmap.Workloads.Measuring;

namespace LsmMmap.Workloads.Workloads;

internal static class SustainedWorkloads
{
    private const double IdleReadSeconds = 3;
    private const double Mega = 1e6;

    /// <summary>Every entry in random order, then as many puts over random entries: the second
    /// phase goes on with the tree that the first has left.</summary>
    public static Outcome FillAndOverwrite(WorkloadContext context)
    {
        var order = new Permutation(context.Entries, context.Settings.Seed);
        SustainedPhase fill = SustainedPhase.Run(
            context, new FillOperation(context.Source, order, 0), done => done);
        var found = new Outcome(null!);
        new VersionCheck(context).Loaded(found);
        SustainedPhase overwrite = SustainedPhase.Run(
            context, new OverwriteOperation(context.Source, context.Entries, Draws(context)),
            _ => context.Entries);
        var outcome = new Outcome(Together(fill, overwrite))
        {
            UserBytes = 2 * context.Entries * context.Source.EntryBytes,
            LiveBytes = context.Entries * context.Source.EntryBytes,
            ExpectedEntries = context.Entries,
            SettledMs = (fill.SettleSeconds + overwrite.SettleSeconds) * 1000,
        };
        outcome.Problems.AddRange(found.Problems);
        new VersionCheck(context).Overwritten(outcome, Draws(context), context.Entries);
        Add(outcome, "fill", fill.Figures);
        Add(outcome, "overwrite", overwrite.Figures);
        return outcome;
    }

    /// <summary>One thread reads at its leisure, then beside a compaction of everything, for as
    /// long as that lasts.</summary>
    public static Outcome ReadWhileCompacting(WorkloadContext context)
    {
        Outcome warm = ReadWorkloads.Warm(context);
        Limits limits = context.ForReads with { Seconds = IdleReadSeconds };
        Measured idle = context.Meter.Run(1, limits, i => ReadWorkloads.Reader(context, i));
        long overwritten = context.Entries / 10;
        Overwrite(context, overwritten);
        using var compaction = new CompactionBeside(context.Engine);
        limits = limits with { Seconds = double.MaxValue, Until = compaction.Ended };
        Measured during = context.Meter.Run(1, limits, i => new SignallingRead(
            ReadWorkloads.Reader(context, i), compaction.Begin));
        Outcome outcome = ReadWorkloads.Checked(context, warm, during).ExpectHits(
            during.Operations, context.Source.ValueBytes);
        outcome.ExpectedEntries = context.Entries;
        outcome.Expect(idle.Totals.Hits == idle.Operations && idle.Totals.Wrong == 0,
            $"{idle.Totals.Hits} hits in {idle.Operations} idle gets");
        new VersionCheck(context).Overwritten(outcome, Draws(context), overwritten);
        double idleRate = idle.Operations / idle.Seconds;
        double duringRate = during.Operations / during.Seconds;
        Add(outcome, "", new()
        {
            ["idlePerSecond"] = idleRate,
            ["duringPerSecond"] = duringRate,
            ["ratio"] = duringRate / idleRate,
            ["compactionSeconds"] = compaction.Join(),
            ["idleP99Us"] = idle.Latencies.Microseconds(99),
            ["duringP99Us"] = during.Latencies.Microseconds(99),
        });
        return outcome;
    }

    /// <summary>A compaction of everything, half of which was just overwritten. Not after a wait
    /// for rest: an engine that has merged all by then would have nothing left to do.</summary>
    public static Outcome CompactSpeed(WorkloadContext context)
    {
        IEngine engine = context.Engine;
        long overwritten = context.Entries / 2;
        long liveBytes = context.Entries * context.Source.EntryBytes;
        Overwrite(context, overwritten);
        engine.Flush();
        long input = SpaceSample.Of(context.Options.Directory).WithoutLogs;
        var watch = new Watch(engine);
        ProcessReadings before = ProcessReadings.Now();
        TimeSpan processor = ProcessReadings.Processor();
        long start = Stopwatch.GetTimestamp();
        engine.Compact();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        processor = ProcessReadings.Processor() - processor;
        ProcessReadings after = watch.End();
        Settling.Wait(engine);
        long output = SpaceSample.Of(context.Options.Directory).WithoutLogs;
        // The output holds each entry once, so it tells what a byte of table stands for, with and
        // without compression.
        double inputMB = (double)input / output * liveBytes / Mega;
        var outcome = new Outcome(new Measured(
            context.Entries, 1, seconds, true, new Latencies(), 0, default, [], watch, before,
            after))
        {
            LiveBytes = liveBytes,
            ExpectedEntries = context.Entries,
        };
        new VersionCheck(context).Overwritten(outcome, Draws(context), overwritten);
        Add(outcome, "", new()
        {
            ["inputMB"] = inputMB,
            ["mbPerSecond"] = inputMB / seconds,
            ["mbPerCpuSecond"] = inputMB / Math.Max(0.001, processor.TotalSeconds),
            ["seconds"] = seconds,
            ["cpuSeconds"] = processor.TotalSeconds,
        });
        if (before.WrittenBytes >= 0)
            outcome.Extra["writtenMB"] = Math.Round(
                (after.WrittenBytes - before.WrittenBytes) / Mega, 3);
        return outcome;
    }

    // Where the overwriting draws its entries from, and a check draws them again.
    private static RandomSource Draws(WorkloadContext context) => new(context.Settings.Seed);

    private static void Overwrite(WorkloadContext context, long count)
    {
        var put = new OverwriteOperation(context.Source, context.Entries, Draws(context));
        using IEngineSession session = context.Engine.OpenSession();
        ReadTotals totals = default;
        for (long i = 0; i < count; i++)
            put.Run(session, i, ref totals);
    }

    // The row's own figures are those of both phases; its seconds have the settling in them.
    private static Measured Together(SustainedPhase fill, SustainedPhase overwrite)
    {
        Measured first = fill.Puts;
        Measured second = overwrite.Puts;
        var latencies = new Latencies();
        latencies.Add(first.Latencies);
        latencies.Add(second.Latencies);
        second.Watch.AddEarlier(first.Watch, first.Seconds);
        return second with
        {
            Operations = first.Operations + second.Operations,
            Calls = first.Calls + second.Calls,
            Seconds = fill.Seconds + overwrite.Seconds,
            Complete = first.Complete && second.Complete,
            Latencies = latencies,
            Timeline = [.. first.Timeline, .. second.Timeline],
            Before = first.Before,
            After = second.After with
            {
                AllocatedBytes =
                    second.After.AllocatedBytes - fill.WatchBytes - overwrite.WatchBytes,
            },
        };
    }

    private static void Add(Outcome outcome, string phase, Dictionary<string, double> figures)
    {
        foreach ((string name, double value) in figures)
        {
            string full = phase.Length == 0
                ? name : phase + char.ToUpperInvariant(name[0]) + name[1..];
            outcome.Extra[full] = Math.Round(value, 3);
        }
    }
}

/// <summary>A compaction of everything on a thread of its own, from the first read on.</summary>
internal sealed class CompactionBeside : IDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private readonly Thread _thread;
    private Exception? _failure;
    private double _seconds;

    public CompactionBeside(IEngine engine)
    {
        _thread = new Thread(() => Run(engine)) { Name = "compaction", IsBackground = true };
    }

    public CancellationToken Ended => _ended.Token;

    public void Begin() => _thread.Start();

    /// <summary>How long it took.</summary>
    public double Join()
    {
        _thread.Join();
        return _failure == null ? _seconds : throw new IOException(_failure.Message, _failure);
    }

    public void Dispose() => _ended.Dispose();

    private void Run(IEngine engine)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            engine.Compact();
        }
        catch (Exception e)
        {
            _failure = e;
        }
        _seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        _ended.Cancel();
    }
}

/// <summary>A get; the first one tells that it has come.</summary>
internal struct SignallingRead(ReadOperation read, Action begun) : IOperation
{
    private ReadOperation _read = read;

    public long Run(IEngineSession session, long index, ref ReadTotals totals)
    {
        if (index == 0)
            begun();
        return _read.Run(session, index, ref totals);
    }
}
