// Records into chunks, and each record to the stream in one Write. Hot: every commit passes here.
//
// Cost of a record: one copy of its bytes into the buffer, one pass of XxHash3 over them in
// place, one Stream.Write. No allocation once the buffer has grown to the usual record.
//
// Invariants: _offset is the end of the last whole record in the file. While a record is open
// the buffer holds what goes to the file from _bufferOffset on, and the open chunk begins at
// _chunkStart; its header is filled in when it is sealed. A chunk is sealed as unfinished only
// when a further byte comes, so the last chunk of a record is never empty. After any failed
// Write the end of the file is unknown, and the writer stays broken for good.
//
// Threads: one at a time; the owner orders them. The stream is borrowed, must not buffer (what
// Write took must be with the operating system), and is written from position 0 on by this
// writer alone. Syncing it is the owner's business.

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace LsmMmap.Wal;

internal sealed class LogWriter
{
    /// <summary>A record that has more than this in the buffer hands it over early.</summary>
    private const int SpillBytes = 1 << 20;

    private const int BufferBytesMin = 1 << 16;
    private const int BufferBytesMax = SpillBytes + 2 * LogFormat.FrameBytes;

    private readonly Stream _stream;
    private readonly LogHeader _header;
    private readonly ulong _logSeed;
    private byte[] _buffer = new byte[BufferBytesMin];
    private State _state = State.NeedsHeader;
    private long _offset;
    private long _bufferOffset;
    private long _bodyBytes;
    private int _count;
    private int _chunkStart;
    private int _frameEnd;
    private bool _continues;

    /// <summary>Writes nothing yet. The stream stays the caller's, also to dispose.</summary>
    public LogWriter(Stream stream, LogHeader header)
    {
        Debug.Assert(stream.CanWrite, "a log is written to a writable stream");
        Debug.Assert(header.LogNumber >= 0, "a log number is not negative");
        _stream = stream;
        _header = header;
        _logSeed = LogFormat.LogSeed(header);
    }

    private enum State
    {
        NeedsHeader,
        Ready,
        InRecord,
        Broken,
    }

    /// <summary>Bytes of the file up to the end of the last whole record (or the header).</summary>
    public long Offset => _offset;

    /// <summary>Whether a write failed, so that every call but Abandon throws.</summary>
    public bool IsBroken => _state == State.Broken;

    /// <summary>Writes the file header in one Write, before anything else.</summary>
    /// <exception cref="InvalidOperationException">The header is already written.</exception>
    public void WriteHeader()
    {
        if (_state != State.NeedsHeader)
            ThrowState("write the header");
        Span<byte> header = stackalloc byte[LogFormat.HeaderBytes];
        LogFormat.EncodeHeader(_header, header);
        _state = State.Broken;
        _stream.Write(header);
        _offset = LogFormat.HeaderBytes;
        _state = State.Ready;
    }

    /// <summary>Opens a record. Writes nothing.</summary>
    /// <param name="kind">What the record is.</param>
    /// <param name="synced">What is known to be on disk: not beyond this log's end.</param>
    /// <exception cref="InvalidOperationException">
    /// There is no header, a record is open, or a write failed.
    /// </exception>
    public void Begin(LogRecordKind kind, LogPosition synced)
    {
        if (_state != State.Ready)
            ThrowState("begin a record");
        Debug.Assert(synced <= new LogPosition(_header.LogNumber, _offset),
            "nothing is synced that was not written");
        int left = LogFormat.BytesLeftInFrame(_offset);
        int padding = left < LogFormat.RecordRoomBytes ? left : 0;
        _buffer.AsSpan(0, padding).Clear();
        _frameEnd = padding == 0 ? left : padding + LogFormat.FrameBytes;
        _bufferOffset = _offset;
        _bodyBytes = 0;
        _continues = false;
        _chunkStart = padding;
        _count = padding + LogFormat.ChunkHeaderBytes;
        _count += LogRecordHeader.Encode(
            _buffer.AsSpan(_count), kind, _header.LogNumber, synced);
        Debug.Assert(_count <= _frameEnd, "a record header lies in the first chunk");
        _state = State.InRecord;
    }

    /// <summary>
    /// Appends to the body of the open record; the bytes are copied. Writes to the stream only
    /// when the record is over 1 MiB.
    /// </summary>
    /// <exception cref="InvalidOperationException">No record is open.</exception>
    /// <exception cref="ArgumentException">
    /// The body would exceed <see cref="LogFormat.BodyBytesMax"/>; nothing was added.
    /// </exception>
    /// <remarks>After any exception the record is unfinished: Abandon it, never End it.</remarks>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (_state != State.InRecord)
            ThrowState("add to a record");
        if (bytes.Length > LogFormat.BodyBytesMax - _bodyBytes)
            ThrowTooLong(_bodyBytes + bytes.Length);
        _bodyBytes += bytes.Length;
        Reserve(Math.Min(bytes.Length, BufferBytesMax - _count));
        while (bytes.Length > _frameEnd - _count)
        {
            int room = _frameEnd - _count;
            CopyIn(bytes[..room]);
            bytes = bytes[room..];
            OpenNextChunk();
        }
        CopyIn(bytes);
    }

    /// <summary>
    /// Closes the record and hands all of it that is still buffered to the stream in one Write.
    /// </summary>
    /// <returns>The new <see cref="Offset"/>.</returns>
    /// <exception cref="InvalidOperationException">No record is open.</exception>
    public long End()
    {
        if (_state != State.InRecord)
            ThrowState("end a record");
        SealChunk(_continues ? LogChunkType.Last : LogChunkType.Full);
        WriteOut();
        _offset = _bufferOffset;
        _state = State.Ready;
        ShrinkAfterLargeRecord();
        return _offset;
    }

    /// <summary>Writes one record: Begin, Add and End.</summary>
    /// <returns>The new <see cref="Offset"/>.</returns>
    public long Append(LogRecordKind kind, LogPosition synced, ReadOnlySpan<byte> body)
    {
        Begin(kind, synced);
        Add(body);
        return End();
    }

    /// <summary>
    /// Drops the open record, if there is one, as though it had never begun. When parts of it
    /// (over 1 MiB) already went to the stream that is not possible, and the writer is broken
    /// from now on; see <see cref="IsBroken"/>.
    /// </summary>
    public void Abandon()
    {
        if (_state != State.InRecord)
            return;
        _state = _bufferOffset == _offset ? State.Ready : State.Broken;
        ShrinkAfterLargeRecord();
    }

    private void OpenNextChunk()
    {
        Debug.Assert(_count == _frameEnd, "an unfinished chunk fills its frame");
        Reserve(LogFormat.ChunkHeaderBytes);
        SealChunk(_continues ? LogChunkType.Middle : LogChunkType.First);
        _continues = true;
        if (_count >= SpillBytes)
        {
            WriteOut();
            _state = State.InRecord;
        }
        _chunkStart = _count;
        _frameEnd = _count + LogFormat.FrameBytes;
        _count += LogFormat.ChunkHeaderBytes;
    }

    private void SealChunk(LogChunkType type)
    {
        LogChunk.Seal(_buffer.AsSpan(_chunkStart, _count - _chunkStart), type, _logSeed,
            _bufferOffset + _chunkStart);
    }

    /// <summary>
    /// Hands the buffer to the stream. The writer is broken until the caller, who is reached
    /// only when the write succeeded, says what comes next.
    /// </summary>
    private void WriteOut()
    {
        _state = State.Broken;
        _stream.Write(_buffer.AsSpan(0, _count));
        _bufferOffset += _count;
        _count = 0;
    }

    private void CopyIn(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_count));
        _count += bytes.Length;
        Debug.Assert(_count <= _frameEnd, "a chunk never crosses a frame");
    }

    private void Reserve(int bytes)
    {
        int needed = _count + bytes;
        if (needed <= _buffer.Length)
            return;
        Debug.Assert(needed <= BufferBytesMax, "spilling bounds the buffer");
        int rounded = (int)BitOperations.RoundUpToPowerOf2((uint)needed);
        Array.Resize(ref _buffer, Math.Min(rounded, BufferBytesMax));
    }

    /// <summary>Gives back the memory of a record over 1 MiB; such records are rare.</summary>
    private void ShrinkAfterLargeRecord()
    {
        if (_bodyBytes > SpillBytes)
            _buffer = new byte[BufferBytesMin];
    }

    [DoesNotReturn]
    private void ThrowState(string wish) => throw new InvalidOperationException(_state switch
    {
        State.Broken => $"Cannot {wish}: a write to log {_header.LogNumber} did not complete.",
        State.NeedsHeader => $"Cannot {wish}: log {_header.LogNumber} has no header yet.",
        State.InRecord => $"Cannot {wish}: a record of log {_header.LogNumber} is open.",
        _ => $"Cannot {wish}: log {_header.LogNumber} is not in the state for it.",
    });

    [DoesNotReturn]
    private static void ThrowTooLong(long bodyBytes) => throw new ArgumentException(
        $"A log record holds at most {LogFormat.BodyBytesMax} bytes, not {bodyBytes}.");
}
