// What background work did and why, as values: for a log, a metric, or a person who wonders. Made
// a few times for every memtable written, so an object each is nothing.

namespace LsmMmap;

/// <summary>What a <see cref="StoreEvent"/> tells.</summary>
public enum StoreEventKind
{
    /// <summary>A memtable became a table.</summary>
    Flush,

    /// <summary>Tables were merged, or moved to another level as they are.</summary>
    Compaction,

    /// <summary>Tables were dropped unread: because of <see cref="Retention"/>, because a
    /// DeleteRange has removed all that was in them, or because all of it has
    /// expired.</summary>
    Drop,

    /// <summary>Writes were held back for 50 ms or more in a row, and are no longer, or for
    /// another reason.</summary>
    Stall,

    /// <summary>Background work waits for space on the disk.</summary>
    Pause,

    /// <summary>It goes on.</summary>
    Resume,

    /// <summary>A flush or compaction failed and will be tried again, or the store has
    /// failed.</summary>
    Failure,
}

/// <summary>A table that an event names.</summary>
/// <param name="Level">The level it was on, or is put on.</param>
/// <param name="Number">The number in its file's name.</param>
/// <param name="Bytes">Length of its file.</param>
public readonly record struct EventTable(int Level, long Number, long Bytes);

/// <summary>Something that background work did, or that happened to it.</summary>
/// <remarks>Immutable.</remarks>
public sealed class StoreEvent
{
    internal StoreEvent() { }

    /// <summary>1, 2, 3, ... since the store was opened.</summary>
    public long Number { get; internal set; }

    /// <summary>When it was over, by <see cref="StoreOptions.TimeProvider"/>.</summary>
    public DateTimeOffset Time { get; internal set; }

    /// <summary>What it was.</summary>
    public required StoreEventKind Kind { get; init; }

    /// <summary>The keyspace; null when it is a matter of the store.</summary>
    public string? Keyspace { get; init; }

    /// <summary>Why, in a sentence with the figures that led to it.</summary>
    public required string Reason { get; init; }

    /// <summary>Tables that are gone from where they were.</summary>
    public IReadOnlyList<EventTable> Inputs { get; init; } = [];

    /// <summary>Tables that are there now. Those that were moved keep their numbers.</summary>
    public IReadOnlyList<EventTable> Outputs { get; init; } = [];

    /// <summary>Bytes of the tables that were read and merged.</summary>
    public long BytesRead { get; init; }

    /// <summary>Bytes of the tables that were written.</summary>
    public long BytesWritten { get; init; }

    /// <summary>Bytes of the tables that changed their level as they are.</summary>
    public long BytesMoved { get; init; }

    /// <summary>Bytes of the tables that were dropped whole; of a compaction, those that it had no
    /// need to read, because a DeleteRange has removed all that was in them.</summary>
    public long BytesDropped { get; init; }

    /// <summary>Entries that a merge did not write again, or that went with dropped
    /// tables.</summary>
    public long EntriesDropped { get; init; }

    /// <summary>How long it took, waits for the rate limit included; of a stall, how long writes
    /// were held back.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Why writes were held back; None for other events.</summary>
    public StallReason StallReason { get; init; }

    /// <summary>What went wrong, or what is wanting; null where nothing is.</summary>
    public Exception? Error { get; init; }
}
