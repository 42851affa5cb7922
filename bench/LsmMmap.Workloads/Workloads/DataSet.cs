// The data that workloads run on. Each set is loaded once per engine and repeat, in random order
// and in batches, compacted as the engine would do it, and closed; the workloads that write get a
// copy of its files.

using LsmMmap.Workloads.Data;
using LsmMmap.Workloads.Running;

namespace LsmMmap.Workloads.Workloads;

internal enum DataSet
{
    /// <summary>The workload begins with an empty store.</summary>
    None,
    Main,
    Tables,
    ApiDocs,
    Values4K,
    Values64K,
    LargerThanMemory,
}

/// <summary>How much of what.</summary>
internal sealed record DataPlan(long Entries, int KeyBytes, int ValueBytes, long TableBytes)
{
    private const int TableCount = 1_000;
    private const long TableBytesOfMany = 64L << 10;
    private const int LargeValueBytes = 400;

    public long Bytes => Entries * (KeyBytes + ValueBytes);

    public static DataPlan Of(DataSet set, BenchSettings settings)
    {
        int key = settings.KeyBytes;
        bool quick = settings.Quick;
        return set switch
        {
            DataSet.Values4K => new DataPlan(quick ? 2_000 : 40_000, key, 4 << 10, 0),
            DataSet.Values64K => new DataPlan(quick ? 200 : 3_000, key, 64 << 10, 0),
            DataSet.LargerThanMemory => new DataPlan(
                settings.MemoryLimitBytes * 4 / (key + LargeValueBytes), key, LargeValueBytes, 0),
            // A little more than needed: the last table of a level is not full.
            DataSet.Tables => new DataPlan(
                (quick ? TableCount / 10 : TableCount) * 11L / 10 * TableBytesOfMany
                    / (key + settings.ValueBytes),
                key, settings.ValueBytes, TableBytesOfMany),
            _ => new DataPlan(settings.Entries, key, settings.ValueBytes, 0),
        };
    }

    public EntrySource Source(BenchSettings settings) =>
        new(KeyBytes, ValueBytes, settings.Compressibility, settings.Seed);

    /// <summary>How many members of the API documentation a run uses.</summary>
    public static int ApiMembersMax(BenchSettings settings) =>
        settings.Quick ? 5_000 : int.MaxValue;
}
