// The time after which an entry is absent. It stands in front of the value of a PutWithExpiry, in
// logs, memtables and tables alike, so that the value is a slice of what is stored:
//
//   stored = i64 milliseconds of Unix time, value
//
// An entry is over from that millisecond on. Whoever lets stored bytes in from a file checks that
// they hold a time (BlockFormat, BatchReader); everybody else may rely on it.
// Threads: pure functions.

using System.Buffers.Binary;
using System.Diagnostics;

namespace LsmMmap.Sstable.Keys;

internal static class Expiry
{
    /// <summary>Length of the time; the value begins behind it.</summary>
    public const int Bytes = sizeof(long);

    /// <summary>When the entry is over, in milliseconds of Unix time.</summary>
    public static long AtMs(ReadOnlySpan<byte> stored)
    {
        Debug.Assert(stored.Length >= Bytes, "what came from a file was checked");
        return BinaryPrimitives.ReadInt64LittleEndian(stored);
    }

    /// <summary>Whether the entry is absent at a time.</summary>
    public static bool IsOver(ReadOnlySpan<byte> stored, long nowMs) => AtMs(stored) <= nowMs;

    public static void Write(Span<byte> target, long atMs) =>
        BinaryPrimitives.WriteInt64LittleEndian(target, atMs);
}
