// What stands in front of a cached value in the keyspace:
//
//   plain   = 01, value                                        the store alone knows the deadline
//   sliding = 02, deadline, window, absolute, stay, stamp, value
//
// Numbers are i64, little-endian; moments are ticks of UTC, and long max is "never". The record of
// a sliding entry expires in the store at its `stay`, not at its deadline: see SlidingWindows.
// Bytes of another kind are those of a newer version, or not of a cache, and are not understood.
// Threads: pure functions.

using System.Buffers.Binary;
using System.Diagnostics;

namespace LsmMmap.Extensions.Caching;

internal readonly record struct EntryHead
{
    public const int PlainBytes = 1;
    public const int SlidingBytes = 1 + (5 * sizeof(long));

    private const byte PlainKind = 1;
    private const byte SlidingKind = 2;

    /// <summary>Whether the deadline moves when the entry is read.</summary>
    public bool IsSliding => WindowTicks != 0;

    /// <summary>The deadline as of the writing; it may have been moved since.</summary>
    public long DeadlineTicks { get; init; }

    /// <summary>How long the entry lives without a read; 0 for a plain one.</summary>
    public long WindowTicks { get; init; }

    /// <summary>Beyond this moment no read moves the deadline.</summary>
    public long AbsoluteTicks { get; init; }

    /// <summary>When the store forgets the record.</summary>
    public long StayTicks { get; init; }

    /// <summary>Tells the records that a key has in turn from one another.</summary>
    public long Stamp { get; init; }

    /// <summary>Length of the head; the value begins behind it.</summary>
    public int Bytes => IsSliding ? SlidingBytes : PlainBytes;

    /// <summary>Length of the head that begins with a byte; 0 when the kind is not known.
    /// </summary>
    public static int BytesOf(byte kind) => kind switch
    {
        PlainKind => PlainBytes,
        SlidingKind => SlidingBytes,
        _ => 0,
    };

    /// <summary>False when the record is not one that this version writes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> stored, out EntryHead head)
    {
        head = default;
        int bytes = stored.IsEmpty ? 0 : BytesOf(stored[0]);
        if (bytes == 0 || stored.Length < bytes)
            return false;
        if (bytes == PlainBytes)
            return true;
        head = new EntryHead
        {
            DeadlineTicks = Number(stored, 0),
            WindowTicks = Number(stored, 1),
            AbsoluteTicks = Number(stored, 2),
            StayTicks = Number(stored, 3),
            Stamp = Number(stored, 4),
        };
        return head.WindowTicks > 0 && head.DeadlineTicks <= head.StayTicks
            && head.DeadlineTicks <= head.AbsoluteTicks;
    }

    /// <summary>Writes the head to the start of a span.</summary>
    public void Write(Span<byte> target)
    {
        Debug.Assert(target.Length >= Bytes, "the caller made room for the head");
        target[0] = IsSliding ? SlidingKind : PlainKind;
        if (!IsSliding)
            return;
        Put(target, 0, DeadlineTicks);
        Put(target, 1, WindowTicks);
        Put(target, 2, AbsoluteTicks);
        Put(target, 3, StayTicks);
        Put(target, 4, Stamp);
    }

    private static long Number(ReadOnlySpan<byte> stored, int index) =>
        BinaryPrimitives.ReadInt64LittleEndian(stored[(1 + (index * sizeof(long)))..]);

    private static void Put(Span<byte> target, int index, long number) =>
        BinaryPrimitives.WriteInt64LittleEndian(target[(1 + (index * sizeof(long)))..], number);
}
