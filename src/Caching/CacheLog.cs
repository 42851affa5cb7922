// What the cache tells its logger. Keys are not told: they may name a person or open a session.
// Threads: any.

using Microsoft.Extensions.Logging;

namespace LsmMmap.Extensions.Caching;

internal static class CacheLog
{
    private static readonly Action<ILogger, Exception?> s_damaged = LoggerMessage.Define(
        LogLevel.Error, new EventId(1, "EntryDamaged"),
        "An entry of the cache does not verify and counts as absent");

    private static readonly Action<ILogger, Exception?> s_unknown = LoggerMessage.Define(
        LogLevel.Warning, new EventId(2, "EntryUnknown"),
        "An entry of the keyspace was not written by this version of the cache and counts as " +
        "absent");

    private static readonly Action<ILogger, Exception?> s_notMoved = LoggerMessage.Define(
        LogLevel.Warning, new EventId(3, "DeadlineNotMoved"),
        "The deadline of a sliding entry could not be moved, so it stays as it was");

    private static readonly Action<ILogger, long, long, Exception?> s_tooLarge =
        LoggerMessage.Define<long, long>(
            LogLevel.Warning, new EventId(4, "ValueTooLarge"),
            "A value of {ValueBytes} bytes was not kept: the most is {ValueBytesMax}, half of " +
            "the size limit");

    public static void Damaged(ILogger log, CorruptionException damage) => s_damaged(log, damage);

    public static void Unknown(ILogger log) => s_unknown(log, null);

    public static void NotMoved(ILogger log, LsmException failure) => s_notMoved(log, failure);

    public static void TooLarge(ILogger log, long valueBytes, long valueBytesMax) =>
        s_tooLarge(log, valueBytes, valueBytesMax, null);
}
