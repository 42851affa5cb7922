// The times of entries that expire, as dumps write them: to the millisecond in UTC, or as the
// number that is stored where the calendar has no such time.

using System.Globalization;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Cli.Output;

internal static class ExpiryText
{
    private static readonly long s_firstMs = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long s_lastMs = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    public static string Of(long atMs) => atMs < s_firstMs || atMs > s_lastMs
        ? atMs.ToString(CultureInfo.InvariantCulture)
        : DateTimeOffset.FromUnixTimeMilliseconds(atMs).ToString(
            "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>One of the times of a table; missing where nothing expires.</summary>
    public static Field Field(string name, ExpiringEntries expiring, long atMs) =>
        Output.Field.Optional(name, expiring.IsEmpty ? null : Of(atMs));

    /// <summary>The time of an entry, cut off from what is stored; null when it has none, or when
    /// that could not be read.</summary>
    public static string? Cut(ValueKind kind, ref byte[] stored)
    {
        if (kind != ValueKind.PutWithExpiry || stored.Length < Expiry.Bytes)
            return null;
        long atMs = Expiry.AtMs(stored);
        stored = stored[Expiry.Bytes..];
        return Of(atMs);
    }

    /// <summary>How long a value is of which so much is stored.</summary>
    public static int ValueBytes(ValueKind kind, int storedBytes) =>
        kind == ValueKind.PutWithExpiry ? Math.Max(0, storedBytes - Expiry.Bytes) : storedBytes;
}
