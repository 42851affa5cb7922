// Fills, overwrites and deletes, each entry once and in the order that the name says.

using LsmMmap.Workloads.Data;
using LsmMmap.Workloads.Engines;
using LsmMmap.Workloads.Measuring;

namespace LsmMmap.Workloads.Workloads;

internal static class WriteWorkloads
{
    private const int BatchEntries = 100;
    private const int SyncedEntriesMax = 2_000_000;

    public static Outcome FillSequential(WorkloadContext context)
    {
        Measured measured = context.Meter.Run(
            1, context.ForWrites(context.Entries), _ => new FillOperation(context.Source, null, 0));
        return Filled(context, measured, measured.Operations);
    }

    public static Outcome FillRandom(WorkloadContext context)
    {
        var order = new Permutation(context.Entries, context.Settings.Seed);
        Measured measured = context.Meter.Run(
            1, context.ForWrites(context.Entries),
            _ => new FillOperation(context.Source, order, 0));
        return Filled(context, measured, measured.Operations);
    }

    public static Outcome FillBatch(WorkloadContext context)
    {
        var order = new Permutation(context.Entries, context.Settings.Seed);
        Measured measured = context.Meter.Run(
            1, context.ForWrites(context.Entries / BatchEntries),
            _ => new BatchOperation(context.Source, order, BatchEntries));
        return Filled(context, measured, measured.Operations);
    }

    /// <summary>Each thread writes its own range, every write synced, for a fixed time.</summary>
    public static Outcome FillSync(WorkloadContext context, int threads)
    {
        long each = SyncedEntriesMax / threads;
        Measured measured = context.Meter.Run(
            threads, context.ForScans with { HasTimeline = true },
            i => new FillOperation(context.Source, new Permutation(each, (ulong)i), i * each));
        return Filled(context, measured, measured.Operations);
    }

    public static Outcome Overwrite(WorkloadContext context)
    {
        Measured measured = context.Meter.Run(
            1, context.ForWrites(context.Entries),
            _ => new OverwriteOperation(
                context.Source, context.Entries, new RandomSource(context.Settings.Seed)));
        return Filled(context, measured, context.Entries);
    }

    public static Outcome DeleteRandom(WorkloadContext context)
    {
        var order = new Permutation(context.Entries, context.Settings.Seed + 7);
        Measured measured = context.Meter.Run(
            1, context.ForWrites(context.Entries), _ => new DeleteOperation(context.Source, order));
        long left = context.Entries - measured.Operations;
        return new Outcome(measured)
        {
            UserBytes = measured.Operations * context.Source.KeyBytes,
            LiveBytes = left * context.Source.EntryBytes,
            ExpectedEntries = left,
        };
    }

    private static Outcome Filled(WorkloadContext context, Measured measured, long entries) =>
        new(measured)
        {
            UserBytes = measured.Operations * context.Source.EntryBytes,
            LiveBytes = entries * context.Source.EntryBytes,
            ExpectedEntries = entries,
        };
}

/// <summary>Puts one entry; without an order, the next one.</summary>
internal struct FillOperation(EntrySource source, Permutation? order, long first) : IOperation
{
    private readonly byte[] _key = new byte[source.KeyBytes];

    public readonly long Run(IEngineSession session, long index, ref ReadTotals totals)
    {
        long number = first + (order == null ? index : order.Of(index));
        source.Key(_key, number);
        session.Put(_key, source.Value(number));
        return 1;
    }
}

/// <summary>Puts some entries in one batch.</summary>
internal struct BatchOperation(EntrySource source, Permutation order, int size) : IOperation
{
    private readonly byte[] _key = new byte[source.KeyBytes];

    public readonly long Run(IEngineSession session, long index, ref ReadTotals totals)
    {
        for (int i = 0; i < size; i++)
        {
            long number = order.Of(index * size + i);
            source.Key(_key, number);
            session.Add(_key, source.Value(number));
        }
        session.Commit();
        return size;
    }
}

/// <summary>Puts another value to an entry that is there.</summary>
internal struct OverwriteOperation(EntrySource source, long count, RandomSource random) : IOperation
{
    private readonly byte[] _key = new byte[source.KeyBytes];
    private RandomSource _random = random;

    public long Run(IEngineSession session, long index, ref ReadTotals totals)
    {
        long number = _random.Below(count);
        source.Key(_key, number);
        session.Put(_key, source.Value(number, version: 1));
        return 1;
    }
}

/// <summary>Deletes an entry that is there.</summary>
internal struct DeleteOperation(EntrySource source, Permutation order) : IOperation
{
    private readonly byte[] _key = new byte[source.KeyBytes];

    public readonly long Run(IEngineSession session, long index, ref ReadTotals totals)
    {
        source.Key(_key, order.Of(index));
        session.Delete(_key);
        return 1;
    }
}
