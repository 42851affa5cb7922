// Reads of a store four times as large as the memory that the process may use. No warm pass over
// everything: it would only push out what a user's own reads had brought in. The first second is
// not measured.

using LsmMmap.Workloads.Data;
using LsmMmap.Workloads.Measuring;

namespace LsmMmap.Workloads.Workloads;

internal static class MemoryWorkloads
{
    private const int NextsPerSeek = 50;
    private const double TimesLonger = 4;

    public static Outcome ReadRandom(WorkloadContext context)
    {
        Limits limits = context.ForReads with { Seconds = context.Settings.Seconds * TimesLonger };
        context.Meter.Run(1, Warming, i => ReadWorkloads.Reader(context, i + 10));
        Measured measured = context.Meter.Run(
            1, limits with { TimeEvery = 1 }, i => ReadWorkloads.Reader(context, i));
        return Result(context, measured).ExpectHits(
            measured.Operations, context.Source.ValueBytes);
    }

    public static Outcome SeekRandom(WorkloadContext context)
    {
        Limits limits = context.ForScans with { Seconds = context.Settings.Seconds * TimesLonger };
        context.Meter.Run(1, Warming, i => Seeker(context, i + 10));
        Measured measured = context.Meter.Run(1, limits, i => Seeker(context, i));
        return Result(context, measured).ExpectHits(
            measured.Totals.Hits, context.Source.ValueBytes);
    }

    private static Limits Warming => new() { Seconds = 1 };

    private static SeekOperation Seeker(WorkloadContext context, int thread) => new(
        context.Source, context.Entries,
        new RandomSource(context.Settings.Seed * 1_000 + (ulong)thread), NextsPerSeek + 1);

    private static Outcome Result(WorkloadContext context, Measured measured) => new(measured)
    {
        LiveBytes = context.Entries * context.Source.EntryBytes,
    };
}
