// The eight bytes that follow a user key in every internal entry: sequence (56 bits) above the
// kind (8 bits). For equal user keys the larger tag is the newer entry and sorts first, so one
// unsigned comparison of tags is the whole version order.
//
// Sequence 0 is never given to a commit: it marks an entry that every reader may see because
// nothing older exists below it.

using System.Diagnostics;

namespace LsmMmap.Sstable.Keys;

internal static class EntryTag
{
    /// <summary>The largest sequence that a tag can carry: 2^56 - 1.</summary>
    public const ulong SequenceMax = (1UL << 56) - 1;

    /// <summary>
    /// Tag of a plain Put with sequence zero, the one that a table may leave out.
    /// </summary>
    public const ulong PlainPut = (ulong)ValueKind.Put;

    public static ulong Pack(ulong sequence, ValueKind kind)
    {
        Debug.Assert(sequence <= SequenceMax, "a sequence has 56 bits");
        return (sequence << 8) | (byte)kind;
    }

    /// <summary>
    /// The tag to seek with, so that the first entry at or after (key, tag) is the newest one
    /// that a reader at <paramref name="sequence"/> may see.
    /// </summary>
    public static ulong SeekAt(ulong sequence)
    {
        Debug.Assert(sequence <= SequenceMax, "a sequence has 56 bits");
        return (sequence << 8) | 0xFF;
    }

    public static ulong Sequence(ulong tag) => tag >> 8;

    public static ValueKind Kind(ulong tag) => (ValueKind)(byte)tag;

    /// <summary>Whether this version of the store knows how to serve the tag's kind.</summary>
    public static bool IsServed(ulong tag) =>
        Kind(tag) is ValueKind.Delete or ValueKind.Put or ValueKind.PutWithExpiry;
}
