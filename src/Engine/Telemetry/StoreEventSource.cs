// The events of the hard moments, for EventListener, dotnet-trace and what else reads an
// EventSource. Numbers and payloads are a contract: an event is never given another meaning, and a
// payload only grows at its end. docs/observability.md lists them, and a test compares.
//
// Called by the telemetry thread alone. Every payload is a primitive, so nothing is serialised by
// reflection and trimming takes nothing away.

using System.Diagnostics.Tracing;

namespace LsmMmap.Engine.Telemetry;

[EventSource(Name = "LsmMmap")]
internal sealed class StoreEventSource : EventSource
{
    private StoreEventSource() { }

    public static StoreEventSource Log { get; } = new();

    [Event(1, Level = EventLevel.Informational, Keywords = Keywords.Lifetime,
        Message = "{0} is open")]
    public void StoreOpened(
        string store, string directory, bool isReadOnly, bool wasCleanlyClosed,
        long commitsReplayed, long logBytesDropped, double durationMs) => WriteEvent(
            1, store, directory, isReadOnly, wasCleanlyClosed, commitsReplayed, logBytesDropped,
            durationMs);

    [Event(2, Level = EventLevel.Informational, Keywords = Keywords.Lifetime,
        Message = "{0} is closed")]
    public void StoreClosed(string store, double durationMs) =>
        WriteEvent(2, store, durationMs);

    [Event(3, Level = EventLevel.Informational, Keywords = Keywords.Flush,
        Message = "{0}: a memtable of {1} is flushed")]
    public void FlushBegun(string store, string keyspace, long memtableBytes) =>
        WriteEvent(3, store, keyspace, memtableBytes);

    [Event(4, Level = EventLevel.Informational, Keywords = Keywords.Flush,
        Message = "{0}: a memtable of {1} was flushed")]
    public void FlushEnded(
        string store, string keyspace, string reason, long bytesWritten, double durationMs) =>
        WriteEvent(4, store, keyspace, reason, bytesWritten, durationMs);

    [Event(5, Level = EventLevel.Informational, Keywords = Keywords.Compaction,
        Message = "{0}: {1} is compacted: {2}")]
    public void CompactionBegun(
        string store, string keyspace, string reason, int inputTables, long inputBytes,
        int outputLevel) => WriteEvent(
            5, store, keyspace, reason, inputTables, inputBytes,
            outputLevel);

    [Event(6, Level = EventLevel.Informational, Keywords = Keywords.Compaction,
        Message = "{0}: {1} was compacted: {2}")]
    public void CompactionEnded(
        string store, string keyspace, string reason, long bytesRead, long bytesWritten,
        long bytesMoved, long entriesDropped, double durationMs) => WriteEvent(
            6, store, keyspace, reason, bytesRead, bytesWritten, bytesMoved,
            entriesDropped, durationMs);

    [Event(7, Level = EventLevel.Informational, Keywords = Keywords.Compaction,
        Message = "{0}: tables of {1} were dropped: {2}")]
    public void TablesDropped(
        string store, string keyspace, string reason, int tables, long bytesDropped) => WriteEvent(
            7, store, keyspace, reason, tables, bytesDropped);

    [Event(8, Level = EventLevel.Warning, Keywords = Keywords.Stall,
        Message = "{0}: writes are held back: {1}")]
    public void StallBegun(string store, string reason) =>
        WriteEvent(8, store, reason);

    [Event(9, Level = EventLevel.Warning, Keywords = Keywords.Stall,
        Message = "{0}: writes are no longer held back: {1}")]
    public void StallEnded(string store, string reason, double heldMs) =>
        WriteEvent(9, store, reason, heldMs);

    [Event(10, Level = EventLevel.Warning, Keywords = Keywords.Failure,
        Message = "{0}: background work waits: {1}")]
    public void WorkPaused(string store, string message) =>
        WriteEvent(10, store, message);

    [Event(11, Level = EventLevel.Informational, Keywords = Keywords.Failure,
        Message = "{0}: background work goes on")]
    public void WorkResumed(string store) => WriteEvent(11, store);

    [Event(12, Level = EventLevel.Error, Keywords = Keywords.Failure,
        Message = "{0}: {1}")]
    public void WorkFailed(string store, string message) =>
        WriteEvent(12, store, message);

    [Event(13, Level = EventLevel.Critical, Keywords = Keywords.Failure,
        Message = "{0}: {1}")]
    public void StoreFailed(string store, string message) =>
        WriteEvent(13, store, message);

    [Event(14, Level = EventLevel.Error, Keywords = Keywords.Damage, Message = "{2}")]
    public void DamageFound(string file, long offset, string message) =>
        WriteEvent(14, file, offset, message);

    [Event(15, Level = EventLevel.Warning, Keywords = Keywords.Lifetime,
        Message = "{0}: a {1} was not disposed")]
    public void Undisposed(string store, string what) =>
        WriteEvent(15, store, what);

    /// <summary>What a listener may choose.</summary>
    public static class Keywords
    {
        public const EventKeywords Flush = (EventKeywords)1;
        public const EventKeywords Compaction = (EventKeywords)2;
        public const EventKeywords Stall = (EventKeywords)4;
        public const EventKeywords Failure = (EventKeywords)8;
        public const EventKeywords Damage = (EventKeywords)16;
        public const EventKeywords Lifetime = (EventKeywords)32;
    }
}
