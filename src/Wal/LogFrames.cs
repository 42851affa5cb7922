// One frame of a log in memory: the only place where a reader touches its stream. Frames are
// read whole by position, as far as the file goes, and stay until another is asked for.
//
// Invariants: the buffer holds file bytes [Offset, Offset + Bytes.Length) of one frame, or
// nothing. End never grows; it falls when the file proves to be shorter than it was.
// Threads: one at a time, and nobody else may move the stream's position meanwhile.

using System.Diagnostics;

namespace LsmMmap.Wal;

internal sealed class LogFrames
{
    private readonly Stream _stream;
    private readonly byte[] _buffer = new byte[LogFormat.FrameBytes];
    private int _length;

    public LogFrames(Stream stream, long endOffset)
    {
        Debug.Assert(stream is { CanRead: true, CanSeek: true }, "a log is read by position");
        _stream = stream;
        End = Math.Max(LogFormat.HeaderBytes, Math.Min(stream.Length, endOffset));
    }

    /// <summary>The file offset where reading ends.</summary>
    public long End { get; private set; }

    /// <summary>The file offset of the frame in memory; meaningless when there is none.</summary>
    public long Offset { get; private set; }

    /// <summary>The frame in memory, as far as the file goes.</summary>
    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _length);

    /// <summary>
    /// Makes the frame that holds a file offset the one in memory, and returns the offset's index
    /// in it. The index may lie at or beyond the end of <see cref="Bytes"/>.
    /// </summary>
    /// <exception cref="IOException">The stream failed; no frame is in memory then.</exception>
    public int Load(long offset)
    {
        int index = LogFormat.FrameBytes - LogFormat.BytesLeftInFrame(offset);
        long frameOffset = offset - index;
        if (_length == 0 || Offset != frameOffset)
            Fill(frameOffset);
        return index;
    }

    /// <summary>
    /// The first file offset at or after <paramref name="offset"/> whose byte is not zero, or
    /// <see cref="End"/>. May leave another frame in memory.
    /// </summary>
    public long FirstNonZero(long offset)
    {
        while (offset < End)
        {
            int index = Load(offset);
            if (index >= _length)
                break;
            int found = Bytes[index..].IndexOfAnyExcept((byte)0);
            if (found >= 0)
                return offset + found;
            offset = Offset + LogFormat.FrameBytes;
        }
        return End;
    }

    /// <summary>
    /// The file offset behind the last byte that is not zero, or the end of the header. May leave
    /// another frame in memory.
    /// </summary>
    public long LastNonZeroEnd()
    {
        for (long offset = End - 1; offset >= LogFormat.HeaderBytes; offset = Offset - 1)
        {
            Load(offset);
            int found = Bytes.LastIndexOfAnyExcept((byte)0);
            if (found >= 0)
                return Offset + found + 1;
        }
        return LogFormat.HeaderBytes;
    }

    private void Fill(long frameOffset)
    {
        // Until the read is complete nothing is in memory, so that a failed one leaves no mixture.
        _length = 0;
        Offset = frameOffset;
        int wanted = (int)Math.Clamp(End - frameOffset, 0, LogFormat.FrameBytes);
        _stream.Position = frameOffset;
        int length = _stream.ReadAtLeast(
            _buffer.AsSpan(0, wanted), wanted, throwOnEndOfStream: false);
        if (length < wanted)
            End = Math.Max(LogFormat.HeaderBytes, frameOffset + length);
        _length = length;
        Debug.Assert(_length == 0 || Offset + _length <= End, "a frame ends with the file");
    }
}
