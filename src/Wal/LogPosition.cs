// A place in the sequence of all logs of a store. Logs are numbered in the order they were
// begun, so the pair orders as the writes did. Immutable, so any thread may use it.

namespace LsmMmap.Wal;

/// <summary>
/// A file offset in a numbered log. As a synced point it means: this log up to the offset, and
/// every earlier log, was known to be on disk.
/// </summary>
internal readonly record struct LogPosition(long LogNumber, long Offset) : IComparable<LogPosition>
{
    /// <summary>By log number, then by offset.</summary>
    public int CompareTo(LogPosition other)
    {
        int order = LogNumber.CompareTo(other.LogNumber);
        return order != 0 ? order : Offset.CompareTo(other.Offset);
    }

    public static bool operator <(LogPosition left, LogPosition right) =>
        left.CompareTo(right) < 0;

    public static bool operator >(LogPosition left, LogPosition right) =>
        left.CompareTo(right) > 0;

    public static bool operator <=(LogPosition left, LogPosition right) =>
        left.CompareTo(right) <= 0;

    public static bool operator >=(LogPosition left, LogPosition right) =>
        left.CompareTo(right) >= 0;
}
