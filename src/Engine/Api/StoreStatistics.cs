// Counters of a store, as of one moment. A plain snapshot: reading it costs nothing more.

namespace LsmMmap;

/// <summary>Counters since the store was opened, and sizes as of the call that made
/// it.</summary>
/// <remarks>Immutable.</remarks>
public sealed class StoreStatistics
{
    internal StoreStatistics() { }

    /// <summary>Keys and values given to Put, Delete and Write, in bytes.</summary>
    public long BytesWrittenByUser { get; internal init; }

    /// <summary>Bytes appended to the write-ahead log.</summary>
    public long BytesWrittenToLog { get; internal init; }

    /// <summary>Bytes written to tables by flush and compaction.</summary>
    public long BytesWrittenToTables { get; internal init; }

    /// <summary>Bytes written to log and tables for each byte given by the user; 0 before the
    /// first write.</summary>
    public double WriteAmplification => BytesWrittenByUser == 0
        ? 0 : (double)(BytesWrittenToLog + BytesWrittenToTables) / BytesWrittenByUser;

    /// <summary>Bytes of the live tables.</summary>
    public long TableBytes { get; internal init; }

    /// <summary>Number of live tables.</summary>
    public int TableCount { get; internal init; }

    /// <summary>Range tombstones of the live tables. One that lies over several tables, or is cut
    /// by others, counts once for each piece.</summary>
    public long RangeTombstoneCount { get; internal init; }

    /// <summary>How often a write was delayed or stopped.</summary>
    public long StallCount { get; internal init; }

    /// <summary>How long writes were delayed or stopped, in all.</summary>
    public TimeSpan StallTime { get; internal init; }

    /// <summary>Why a write would be delayed or stopped now; None when it would not.</summary>
    public StallReason StallReason { get; internal init; }

    /// <summary>How long writes were delayed or stopped, by reason; a reason that never occurred
    /// is not in it.</summary>
    public IReadOnlyDictionary<StallReason, TimeSpan> StallTimes { get; internal init; } =
        new Dictionary<StallReason, TimeSpan>();

    /// <summary>The failed write or sync that has made the store read-only; null while it can
    /// be written.</summary>
    public StoreFailedException? Failure { get; internal init; }

    /// <summary>What background work waits for, which is space on the disk; null while it goes
    /// on.</summary>
    public string? PauseReason { get; internal init; }

    /// <summary>Bytes of tables that <see cref="Retention"/> has dropped.</summary>
    public long BytesDroppedByRetention { get; internal init; }

    /// <summary>Exceptions of <see cref="StoreOptions.OnEvent"/> that were swallowed.</summary>
    public long EventCallbackFailures { get; internal init; }

    /// <summary>Native bytes of all memtables, those that readers still hold included.</summary>
    public long MemtableBytes { get; internal init; }

    /// <summary>Flushes done.</summary>
    public long FlushCount { get; internal init; }

    /// <summary>Compactions done, trivial moves included.</summary>
    public long CompactionCount { get; internal init; }

    /// <summary>Compactions that only moved a table to the next level.</summary>
    public long TrivialMoveCount { get; internal init; }

    /// <summary>Tables of each level, summed over all keyspaces, youngest level first.</summary>
    public IReadOnlyList<int> TablesPerLevel { get; internal init; } = [];

    /// <summary>Table bytes of each level, likewise.</summary>
    public IReadOnlyList<long> BytesPerLevel { get; internal init; } = [];

    /// <summary>Entries that flushes, compactions and drops have met after their time and taken
    /// away (<see cref="Keyspace.PutWithExpiry"/>); older versions of a key count
    /// too.</summary>
    public long EntriesExpired { get; internal init; }

    /// <summary>Commits to the sequence of which everything is visible.</summary>
    public long LastSequence { get; internal init; }

    /// <summary>Snapshots not yet disposed.</summary>
    public int LiveSnapshots { get; internal init; }

    /// <summary>Cursors and snapshots that were collected without Dispose.</summary>
    public long UndisposedCount { get; internal init; }

    /// <summary>Pinned gets that copied their value because the thread held eight already; of
    /// all stores of the process.</summary>
    public long PinnedCopyCount { get; internal init; }

    /// <summary>Table bytes that the background scrub has read
    /// (<see cref="StoreOptions.ScrubBytesPerSecond"/>).</summary>
    public long ScrubbedBytes { get; internal init; }

    /// <summary>How often the scrub has been through all tables.</summary>
    public long ScrubPasses { get; internal init; }

    /// <summary>Damages that the scrub has found; one that is still there in the next pass counts
    /// again. Above zero, run <see cref="LsmStore.Verify"/>, copy what still reads, and see
    /// docs/repair.md.</summary>
    public long ScrubDamages { get; internal init; }

    /// <summary>The damage that the scrub found last; null when there was none.</summary>
    public CorruptionException? LastScrubDamage { get; internal init; }

    /// <summary>How table bytes reach readers now (Auto is resolved).</summary>
    public ReadMode ReadMode { get; internal init; }

    /// <summary>What the last open recovered.</summary>
    public RecoveryReport Recovery { get; internal init; } = new();
}

/// <summary>What the last open recovered.</summary>
/// <remarks>Immutable.</remarks>
public sealed class RecoveryReport
{
    internal RecoveryReport() { }

    /// <summary>Commits found in the logs and applied again.</summary>
    public long CommitsReplayed { get; internal init; }

    /// <summary>Bytes cut from a torn tail, or skipped by <see cref="WalRecovery.Salvage"/>.
    /// </summary>
    public long LogBytesDropped { get; internal init; }

    /// <summary>Whether the store had been closed by Dispose.</summary>
    public bool CleanlyClosed { get; internal init; }
}

/// <summary>What Verify found.</summary>
/// <remarks>Immutable.</remarks>
public sealed class VerifyReport
{
    internal VerifyReport() { }

    /// <summary>Blocks, log records and manifest edits read and checked.</summary>
    public long BlocksChecked { get; internal init; }

    /// <summary>Damages found.</summary>
    public long DamageCount { get; internal init; }

    /// <summary>At most the first 1,000.</summary>
    public IReadOnlyList<CorruptionException> Damages { get; internal init; } = [];

    /// <summary>Names of files in the store's directory that the store does not know or need any
    /// more. No damage: the next <see cref="LsmStore.Open(string, StoreOptions?)"/> removes those
    /// that are named like its own, and leaves the others alone.</summary>
    public IReadOnlyList<string> UnlistedFiles { get; internal init; } = [];
}
