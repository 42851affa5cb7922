// What a store says of itself when somebody collects metrics: a value, read in one go, so that the
// points of one instrument fit together. And who says it: the roof, which sees all rooms.
// Threads: a reading is immutable; a metered store is asked from any.

namespace LsmMmap.Engine.Telemetry;

internal sealed class StoreReading
{
    public required StoreStatistics Statistics { get; init; }

    public required EntryCounts Entries { get; init; }

    public required WorkCounts Work { get; init; }

    /// <summary>How often writes were held back, by reason.</summary>
    public required IReadOnlyList<long> StallCounts { get; init; }

    /// <summary>Bytes of all tables for each byte of the deepest level that holds any; 0 without
    /// tables.</summary>
    public required double SpaceAmplification { get; init; }

    /// <summary>Memtables and sorted runs that a get may have to ask, in the worst keyspace.
    /// </summary>
    public required int ReadAmplification { get; init; }

    public required int FrozenMemtables { get; init; }

    public required long MemtableBudgetBytes { get; init; }

    /// <summary>Bytes of the logs that hold what no table has.</summary>
    public required long LogBytes { get; init; }

    public required long MappedBytes { get; init; }

    public required CacheReading IndexCache { get; init; }

    public required CacheReading BlockCache { get; init; }

    /// <summary>Zero when there is no snapshot.</summary>
    public required TimeSpan OldestSnapshotAge { get; init; }

    /// <summary>Whether a failed write has ended writing.</summary>
    public required bool HasFailed { get; init; }

    /// <summary>Whether background work waits for space.</summary>
    public required bool IsPaused { get; init; }
}

/// <summary>Entries written since the store was opened.</summary>
/// <param name="Commits">Batches, single writes included.</param>
/// <param name="Entries">All entries.</param>
/// <param name="Deletes">Deletes of one key.</param>
/// <param name="RangeDeletes">Deletes of ranges.</param>
internal readonly record struct EntryCounts(
    long Commits, long Entries, long Deletes, long RangeDeletes)
{
    public long Puts => Entries - Deletes - RangeDeletes;
}

/// <summary>Background work since the store was opened.</summary>
/// <param name="FlushBytes">Bytes of tables that flushes wrote.</param>
/// <param name="FlushTime">What they took.</param>
/// <param name="CompactionBytesRead">Bytes of tables that compactions read.</param>
/// <param name="CompactionBytesWritten">And wrote.</param>
/// <param name="CompactionTime">What they took.</param>
/// <param name="Drops">How often tables were dropped whole.</param>
internal readonly record struct WorkCounts(
    long FlushBytes, TimeSpan FlushTime, long CompactionBytesRead, long CompactionBytesWritten,
    TimeSpan CompactionTime, long Drops);

/// <summary>A cache as of now.</summary>
/// <param name="UsedBytes">What it holds.</param>
/// <param name="LimitBytes">What it may hold.</param>
/// <param name="Fills">How often something was made that it did not have.</param>
internal readonly record struct CacheReading(long UsedBytes, long LimitBytes, long Fills);

/// <summary>A store that metrics are collected of.</summary>
internal interface IMeteredStore
{
    /// <exception cref="ObjectDisposedException">The store is being closed.</exception>
    StoreReading Read();

    /// <summary>Bytes of the tables that are in memory, as of some seconds ago; -1 where the
    /// system does not tell.</summary>
    /// <exception cref="ObjectDisposedException">The store is being closed.</exception>
    long ResidentTableBytes();

    /// <summary>Files that no version names and readers keep.</summary>
    int HeldFiles(out long bytes);

    /// <summary>Cursors that are not disposed.</summary>
    int OpenCursors();

    /// <summary>Page faults of the process that waited for the disk; -1 where the system does not
    /// tell.</summary>
    long MajorFaults();
}
