// The start of every record: its kind and the synced point. It says what was known to be on disk
// when the record was written, which is how recovery tells a torn end from damage.
//
//   kind(1)  varint(number of this log - number of the synced log)  varint(synced offset)
//
// Varints are LEB128, seven bits a byte, low bits first. The log is given as a distance because
// it is nearly always 0 or 1, one byte, while the numbers themselves grow without end.

using System.Diagnostics;

namespace LsmMmap.Wal;

/// <summary>What a record is. The numbers are on disk for ever.</summary>
internal enum LogRecordKind : byte
{
    /// <summary>First record of a log: its predecessor, where that ended, last sequence.</summary>
    Link = 1,

    /// <summary>Payload of the log's owner: a group of commits, or a version edit.</summary>
    Data = 2,

    /// <summary>Last record of a log that was rotated: names the log that follows.</summary>
    Successor = 3,

    /// <summary>No payload; carries a newer synced point than the record before it.</summary>
    Point = 4,
}

internal static class LogRecordHeader
{
    /// <summary>The longest header: a kind and two varints of ten bytes.</summary>
    public const int BytesMax = 1 + 10 + 10;

    /// <summary>The shortest header.</summary>
    public const int BytesMin = 3;

    /// <summary>Writes a header and returns its length in bytes.</summary>
    public static int Encode(
        Span<byte> target, LogRecordKind kind, long logNumber, LogPosition synced)
    {
        Debug.Assert(IsKnown((byte)kind), "only kinds with a number on disk are written");
        Debug.Assert(synced.LogNumber >= 0, "a log number is not negative");
        Debug.Assert(synced.LogNumber <= logNumber, "no later log is synced before this one");
        Debug.Assert(synced.Offset >= 0, "an offset is not negative");
        target[0] = (byte)kind;
        int length = 1 + WriteVarint(target[1..], (ulong)(logNumber - synced.LogNumber));
        return length + WriteVarint(target[length..], (ulong)synced.Offset);
    }

    /// <summary>
    /// Reads a header from the start of a record at <paramref name="recordOffset"/>. Returns its
    /// length, or 0 when it is not one that a writer could have made there.
    /// </summary>
    public static int TryDecode(
        ReadOnlySpan<byte> source, long logNumber, long recordOffset,
        out LogRecordKind kind, out LogPosition synced)
    {
        kind = default;
        synced = default;
        if (source.IsEmpty || !IsKnown(source[0]))
            return 0;
        int distanceBytes = TryReadVarint(source[1..], out ulong distance);
        if (distanceBytes == 0 || distance > (ulong)logNumber)
            return 0;
        int offsetBytes = TryReadVarint(source[(1 + distanceBytes)..], out ulong offset);
        if (offsetBytes == 0 || offset > long.MaxValue)
            return 0;
        // What this record claims of its own log can only have been written before it.
        if (distance == 0 && offset > (ulong)recordOffset)
            return 0;
        kind = (LogRecordKind)source[0];
        synced = new LogPosition(logNumber - (long)distance, (long)offset);
        return 1 + distanceBytes + offsetBytes;
    }

    private static bool IsKnown(byte kind) =>
        kind is >= (byte)LogRecordKind.Link and <= (byte)LogRecordKind.Point;

    private static int WriteVarint(Span<byte> target, ulong value)
    {
        int length = 0;
        while (value >= 0x80)
        {
            target[length++] = (byte)(value | 0x80);
            value >>= 7;
        }
        target[length++] = (byte)value;
        Debug.Assert(length <= 10, "64 bits take at most ten groups of seven");
        return length;
    }

    /// <summary>Returns the bytes read, or 0 when the bytes end early or overflow.</summary>
    private static int TryReadVarint(ReadOnlySpan<byte> source, out ulong value)
    {
        value = 0;
        int count = Math.Min(source.Length, 10);
        for (int i = 0; i < count; i++)
        {
            byte next = source[i];
            // The tenth byte holds the one bit that is left of 64.
            if (i == 9 && next > 1)
                return 0;
            value |= (ulong)(next & 0x7F) << (7 * i);
            if (next < 0x80)
                return i + 1;
        }
        return 0;
    }
}
