// One chunk: the unit that carries a checksum. The writer seals chunks in place, the reader and
// the search for verifying records try them in place; both sides of the byte picture stand here,
// so that they cannot drift apart. LogFormat draws the picture.
//
// Trying a chunk costs no allocation; only the diagnosis of a bad one makes text.

using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace LsmMmap.Wal;

/// <summary>How a chunk belongs to its record. The numbers are on disk for ever.</summary>
internal enum LogChunkType : byte
{
    /// <summary>The whole record.</summary>
    Full = 1,

    /// <summary>The start of a record; ends with its frame.</summary>
    First = 2,

    /// <summary>A whole frame inside a record.</summary>
    Middle = 3,

    /// <summary>The end of a record; begins with its frame.</summary>
    Last = 4,
}

/// <summary>A chunk that verified: its type, and where its payload lies in the frame.</summary>
internal readonly record struct LogChunk(LogChunkType Type, int Start, int Length)
{
    /// <summary>Index in the frame just behind the chunk.</summary>
    public int End => Start + Length;

    /// <summary>Whether a record starts with this chunk.</summary>
    public bool StartsRecord => Type is LogChunkType.Full or LogChunkType.First;

    /// <summary>
    /// Fills in the header of a chunk whose payload already stands behind it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Seal(Span<byte> chunk, LogChunkType type, ulong logSeed, long offset)
    {
        int length = chunk.Length - LogFormat.ChunkHeaderBytes;
        Debug.Assert(length > 0, "a chunk is never empty");
        Debug.Assert(chunk.Length <= LogFormat.BytesLeftInFrame(offset),
            "a chunk never crosses a frame");
        BinaryPrimitives.WriteUInt16LittleEndian(
            chunk[LogFormat.ChunkLengthAt..], (ushort)length);
        chunk[LogFormat.ChunkTypeAt] = (byte)type;
        ulong checksum = LogFormat.ChunkChecksum(
            chunk[LogFormat.ChunkLengthAt..], logSeed, offset);
        BinaryPrimitives.WriteUInt64LittleEndian(chunk, checksum);
    }

    /// <summary>
    /// Whether a chunk that is sound in every respect stands at an index of a frame. The frame
    /// may be cut short by the end of the file. Accepts any bytes.
    /// </summary>
    public static bool TryRead(
        ReadOnlySpan<byte> frame, int at, ulong logSeed, long frameOffset, out LogChunk chunk)
    {
        Debug.Assert(frame.Length <= LogFormat.FrameBytes, "a frame has 32 KiB");
        chunk = default;
        int start = at + LogFormat.ChunkHeaderBytes;
        if (start >= frame.Length)
            return false;
        int length = LengthAt(frame, at);
        var type = (LogChunkType)frame[at + LogFormat.ChunkTypeAt];
        // The cheap tests come first: the search tries this at many places that are no chunks.
        if (length == 0 || length > frame.Length - start || !FitsFrame(type, at, length))
            return false;
        ulong stored = BinaryPrimitives.ReadUInt64LittleEndian(frame[at..]);
        if (stored != ComputedAt(frame, at, length, logSeed, frameOffset))
            return false;
        chunk = new LogChunk(type, start, length);
        return true;
    }

    /// <summary>
    /// The first index at or after <paramref name="from"/> where a chunk stands that starts a
    /// record, or -1. Tries every byte offset where a record may start.
    /// </summary>
    public static int FindStart(
        ReadOnlySpan<byte> frame, int from, ulong logSeed, long frameOffset, out LogChunk chunk)
    {
        // A verified piece of an older record holds nothing else, whatever its bytes look like.
        if (from == 0 && TryRead(frame, 0, logSeed, frameOffset, out chunk) && !chunk.StartsRecord)
            from = chunk.End;
        int typesEnd = Math.Min(frame.Length,
            LogFormat.FrameBytes - LogFormat.RecordRoomBytes + LogFormat.ChunkHeaderBytes);
        for (int at = from; at + LogFormat.ChunkTypeAt < typesEnd; at++)
        {
            // A vectorized search for the type byte passes over zeros and most else.
            int step = frame[(at + LogFormat.ChunkTypeAt)..typesEnd]
                .IndexOfAny((byte)LogChunkType.Full, (byte)LogChunkType.First);
            if (step < 0)
                break;
            at += step;
            if (TryRead(frame, at, logSeed, frameOffset, out chunk))
                return at;
        }
        chunk = default;
        return -1;
    }

    /// <summary>
    /// Says what is wrong with a chunk that <see cref="TryRead"/> refused, and where it claims to
    /// end. Requires: the eleven bytes of its header lie in the frame.
    /// </summary>
    public static LogDamage Diagnose(
        ReadOnlySpan<byte> frame, int at, ulong logSeed, long frameOffset, long recordOffset,
        out int claimedEnd)
    {
        int start = at + LogFormat.ChunkHeaderBytes;
        int room = LogFormat.FrameBytes - start;
        int length = LengthAt(frame, at);
        byte type = frame[at + LogFormat.ChunkTypeAt];
        bool lengthFits = length > 0 && length <= room;
        claimedEnd = lengthFits ? start + length : start;
        if (type is < (byte)LogChunkType.Full or > (byte)LogChunkType.Last)
            return Bad(LogDamageKind.BadType, "a chunk type of 1 to 4", $"type {type}");
        if (!lengthFits)
            return Bad(LogDamageKind.BadLength, $"a length of 1 to {room}", $"length {length}");
        if (claimedEnd > frame.Length)
            return Bad(LogDamageKind.TornTail, $"a chunk of {length} bytes",
                $"the end of the file after {frame.Length - start} of them");
        ulong stored = BinaryPrimitives.ReadUInt64LittleEndian(frame[at..]);
        ulong computed = ComputedAt(frame, at, length, logSeed, frameOffset);
        if (stored != computed)
            return Bad(LogDamageKind.BadChecksum, $"checksum {computed:x16}", $"{stored:x16}");
        if (type is (byte)LogChunkType.First or (byte)LogChunkType.Middle && length != room)
            return Bad(LogDamageKind.BadLength, $"a length of {room}", $"length {length}");
        return Bad(LogDamageKind.BadSequence, "the rest of a record at the start of a frame",
            $"{(LogChunkType)type} at {at} in its frame");

        LogDamage Bad(LogDamageKind kind, string expected, string found) =>
            new(kind, recordOffset, expected, $"{found}, in the chunk at {frameOffset + at}");
    }

    /// <summary>Whether a chunk of this type may begin here and have this length.</summary>
    private static bool FitsFrame(LogChunkType type, int at, int length)
    {
        bool endsFrame =
            at + LogFormat.ChunkHeaderBytes + length == LogFormat.FrameBytes;
        return type switch
        {
            LogChunkType.Full => true,
            LogChunkType.First => endsFrame,
            LogChunkType.Middle => at == 0 && endsFrame,
            LogChunkType.Last => at == 0,
            _ => false,
        };
    }

    private static int LengthAt(ReadOnlySpan<byte> frame, int at) =>
        BinaryPrimitives.ReadUInt16LittleEndian(frame[(at + LogFormat.ChunkLengthAt)..]);

    private static ulong ComputedAt(
        ReadOnlySpan<byte> frame, int at, int length, ulong logSeed, long frameOffset)
    {
        int checkedBytes = LogFormat.ChunkHeaderBytes - LogFormat.ChunkLengthAt + length;
        return LogFormat.ChunkChecksum(
            frame.Slice(at + LogFormat.ChunkLengthAt, checkedBytes), logSeed, frameOffset + at);
    }
}
