// How each event of the engine is logged: under which category, at which level, with which words.
// The numbers are those of the events (docs/observability.md), the arguments of a message their
// payloads in the same order; docs/hosting.md has the table, and a test compares.
// Threads: read-only.

using System.Diagnostics.Tracing;
using Microsoft.Extensions.Logging;

namespace LsmMmap.Hosting;

internal sealed record LogLine(EventId Id, string Category, LogLevel Level, string Message)
{
    public const string Flush = "LsmMmap.Flush";
    public const string Compaction = "LsmMmap.Compaction";
    public const string Stall = "LsmMmap.Stall";
    public const string Failure = "LsmMmap.Failure";
    public const string Damage = "LsmMmap.Damage";
    public const string Lifetime = "LsmMmap.Lifetime";

    /// <summary>An event of the host's, not of the engine's.</summary>
    public static readonly EventId NotSettled = new(101, "NotSettled");

    /// <summary>The engine's keyword of each category.</summary>
    public static IReadOnlyDictionary<string, EventKeywords> Keywords { get; } =
        new Dictionary<string, EventKeywords>
        {
            [Flush] = (EventKeywords)1,
            [Compaction] = (EventKeywords)2,
            [Stall] = (EventKeywords)4,
            [Failure] = (EventKeywords)8,
            [Damage] = (EventKeywords)16,
            [Lifetime] = (EventKeywords)32,
        };

    public static IReadOnlyList<LogLine> All { get; } =
    [
        new(new(1, "StoreOpened"), Lifetime, LogLevel.Information,
            "{Store} is open: {Directory}, read-only {IsReadOnly}, cleanly closed before "
            + "{WasCleanlyClosed}, commits replayed {CommitsReplayed}, bytes of logs dropped "
            + "{LogBytesDropped}, in {DurationMs:F1} ms"),
        new(new(2, "StoreClosed"), Lifetime, LogLevel.Information,
            "{Store} is closed, in {DurationMs:F1} ms"),
        new(new(3, "FlushBegun"), Flush, LogLevel.Debug,
            "{Store}: a memtable of {Keyspace} is flushed, {MemtableBytes} bytes"),
        new(new(4, "FlushEnded"), Flush, LogLevel.Information,
            "{Store}: a memtable of {Keyspace} was flushed ({Reason}), {BytesWritten} bytes in "
            + "{DurationMs:F1} ms"),
        new(new(5, "CompactionBegun"), Compaction, LogLevel.Debug,
            "{Store}: {Keyspace} is compacted ({Reason}), {InputTables} tables of {InputBytes} "
            + "bytes to level {OutputLevel}"),
        new(new(6, "CompactionEnded"), Compaction, LogLevel.Information,
            "{Store}: {Keyspace} was compacted ({Reason}), read {BytesRead} bytes, wrote "
            + "{BytesWritten}, moved {BytesMoved}, dropped {EntriesDropped} entries, in "
            + "{DurationMs:F1} ms"),
        new(new(7, "TablesDropped"), Compaction, LogLevel.Information,
            "{Store}: tables of {Keyspace} were dropped ({Reason}), {Tables} of {BytesDropped} "
            + "bytes"),
        new(new(8, "StallBegun"), Stall, LogLevel.Warning,
            "{Store}: writes are held back: {Reason}"),
        new(new(9, "StallEnded"), Stall, LogLevel.Warning,
            "{Store}: writes are no longer held back: {Reason}, {HeldMs:F1} ms"),
        new(new(10, "WorkPaused"), Failure, LogLevel.Warning,
            "{Store}: background work waits: {Cause}"),
        new(new(11, "WorkResumed"), Failure, LogLevel.Information,
            "{Store}: background work goes on"),
        new(new(12, "WorkFailed"), Failure, LogLevel.Error,
            "{Store}: background work failed and will be tried again: {Cause}"),
        new(new(13, "StoreFailed"), Failure, LogLevel.Critical, "{Store}: {Cause}"),
        new(new(14, "DamageFound"), Damage, LogLevel.Error,
            "damage in {File} at offset {Offset}: {Cause}"),
        new(new(15, "Undisposed"), Lifetime, LogLevel.Warning,
            "{Store}: a {What} was not disposed"),
    ];
}
