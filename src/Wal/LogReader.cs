// Chunks back into records, and the judgement of what is not a record. Accepts any bytes: nothing
// but an error of the stream throws, no length field sizes an allocation, every loop moves on.
//
// Reading stops at the first thing that is not sound. Whether that is the torn end of a crash or
// damage shows only behind it, so FindVerifying searches on, at every byte offset, for a record
// that verifies; the caller compares that record's synced point with the bad offset.
//
// Invariants: _position is where the next record is looked for; _searchFrom is where a search
// goes on. Everything before EndOffset was returned whole, save what FindVerifying jumped over.
// Memory: one frame, and one buffer for records of several chunks that grows only with payloads
// that verified. A record of one chunk is not copied.
// Threads: one at a time.

using System.Diagnostics;

namespace LsmMmap.Wal;

internal sealed class LogReader
{
    /// <summary>A record buffer beyond this is given back before the next record.</summary>
    private const int RecordBytesKept = 1 << 20;

    private readonly LogFrames _frames;
    private readonly long _logNumber;
    private readonly ulong _logSeed;
    private byte[] _record = [];
    private long _position = LogFormat.HeaderBytes;
    private long _searchFrom = LogFormat.HeaderBytes;
    private bool _stopped;
    private long _stopAt = long.MaxValue;
    private bool _bodyInFrame;
    private int _bodyStart;
    private int _bodyLength;

    /// <summary>
    /// Reads the records behind a header that <see cref="TryReadHeader"/> accepted, up to the
    /// length that the stream has now or to <paramref name="endOffset"/>, whichever is less.
    /// The stream stays the caller's; while the reader lives nobody else may move it.
    /// </summary>
    public LogReader(Stream stream, LogHeader header, long endOffset = long.MaxValue)
    {
        _frames = new LogFrames(stream, endOffset);
        _logNumber = header.LogNumber;
        _logSeed = LogFormat.LogSeed(header);
        EndOffset = LogFormat.HeaderBytes;
    }

    /// <summary>Kind of the record last read or found.</summary>
    public LogRecordKind Kind { get; private set; }

    /// <summary>What was known to be on disk when that record was written.</summary>
    public LogPosition Synced { get; private set; }

    /// <summary>File offset of the first chunk of that record.</summary>
    public long RecordOffset { get; private set; }

    /// <summary>File offset behind the record last read (not merely found).</summary>
    public long EndOffset { get; private set; }

    /// <summary>Body of the record last read. Valid until the next call.</summary>
    public ReadOnlySpan<byte> Body => _bodyInFrame
        ? _frames.Bytes.Slice(_bodyStart, _bodyLength)
        : _record.AsSpan(0, _bodyLength);

    /// <summary>
    /// Why <see cref="Read"/> returned false: null for a clean end. FindVerifying leaves it as it
    /// is; the next record that Read returns clears it.
    /// </summary>
    public LogDamage? Damage { get; private set; }

    /// <summary>
    /// Whether the log ended cleanly, but before the file: the rest is zeros, space that was
    /// reserved ahead of the writer.
    /// </summary>
    public bool EndedInZeros { get; private set; }

    /// <summary>Reads the file header, from position 0.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public static bool TryReadHeader(Stream stream, out LogHeader header, out LogDamage? damage)
    {
        Debug.Assert(stream is { CanRead: true, CanSeek: true }, "a log is read by position");
        Span<byte> bytes = stackalloc byte[LogFormat.HeaderBytes];
        stream.Position = 0;
        int length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        damage = LogFormat.DecodeHeader(bytes[..length], out header);
        return damage == null;
    }

    /// <summary>
    /// Moves to the next record. False at the end: <see cref="Damage"/> then says whether it is a
    /// clean one, and further calls stay false until <see cref="FindVerifying"/> finds more.
    /// </summary>
    /// <exception cref="IOException">The stream failed; the call may be repeated.</exception>
    public bool Read()
    {
        if (_stopped)
            return false;
        ForgetBody();
        if (_position >= _stopAt)
            return StopCleanly();
        if (!SkipPadding() || !TryChunk(_position, out LogChunk chunk))
            return false;
        if (!chunk.StartsRecord)
            return Stop(LogDamageKind.BadSequence, _position, "Full or First", $"{chunk.Type}");
        int headerBytes = TryTakeHeader(chunk, _position);
        if (headerBytes == 0)
            return Stop(LogDamageKind.BadRecordHeader, _position,
                "a known kind, and a synced point before the record", StartOf(PayloadOf(chunk)));
        if (chunk.Type == LogChunkType.First)
            return Gather(chunk, headerBytes);
        _bodyInFrame = true;
        _bodyStart = chunk.Start + headerBytes;
        _bodyLength = chunk.Length - headerBytes;
        return Take(_frames.Offset + chunk.End);
    }

    /// <summary>
    /// After damage: finds the next record whose first chunk verifies, trying every byte offset
    /// from the bad chunk on, so that a destroyed length hides nothing behind it. On true
    /// <see cref="Kind"/>, <see cref="Synced"/> and <see cref="RecordOffset"/> are the found
    /// record's, and <see cref="Read"/> returns it, or damage when a later chunk of it is bad.
    /// Called again without Read, it searches on behind the found chunk. False: no further
    /// record; so it is after a clean end.
    /// </summary>
    /// <remarks>
    /// Reads the rest of the file at worst. Candidates are places whose type byte fits; bytes
    /// made to mislead can cost one frame some thousand checksums, never more.
    /// </remarks>
    /// <exception cref="IOException">The stream failed; the call may be repeated.</exception>
    public bool FindVerifying()
    {
        Debug.Assert(_stopped || Damage != null, "one searches after Read returned false");
        ForgetBody();
        while (_searchFrom < _frames.End)
        {
            int index = _frames.Load(_searchFrom);
            if (TrySearchFrame(index, out LogChunk chunk, out long found))
            {
                RecordOffset = _position = found;
                _searchFrom = _frames.Offset + chunk.End;
                _stopped = false;
                return true;
            }
            _searchFrom = _frames.Offset + LogFormat.FrameBytes;
        }
        _stopped = true;
        return false;
    }

    /// <summary>
    /// The file offset behind the last byte that is not zero: behind it nothing was written.
    /// Reads from the end; a body that was read is not valid any more.
    /// </summary>
    /// <exception cref="IOException">The stream failed; the call may be repeated.</exception>
    public long FindUsedEnd()
    {
        ForgetBody();
        return _frames.LastNonZeroEnd();
    }

    /// <summary>
    /// From now on the log ends before the first record that begins at this offset or behind it,
    /// cleanly. For a log that somebody writes to meanwhile, over zeros: with
    /// <see cref="FindUsedEnd"/> it ends where it did at one moment.
    /// </summary>
    public void StopAt(long usedEnd)
    {
        Debug.Assert(usedEnd >= EndOffset, "what was read is used");
        _stopAt = usedEnd;
    }

    /// <summary>Takes the next record start, over the zeros at the end of a frame.</summary>
    private bool SkipPadding()
    {
        int left = LogFormat.BytesLeftInFrame(_position);
        if (left < LogFormat.RecordRoomBytes)
        {
            int index = _frames.Load(_position);
            ReadOnlySpan<byte> frame = _frames.Bytes;
            if (index < frame.Length && frame[index..].ContainsAnyExcept((byte)0))
                return Stop(LogDamageKind.BadPadding, _position,
                    $"{left} zeros up to the end of the frame", StartOf(frame[index..]));
            _position += left;
        }
        return _position < _frames.End || StopCleanly();
    }

    /// <summary>Joins the chunks of a record whose first one stands at _position.</summary>
    private bool Gather(LogChunk chunk, int headerBytes)
    {
        Collect(PayloadOf(chunk)[headerBytes..]);
        while (true)
        {
            long next = _frames.Offset + chunk.End;
            Debug.Assert(LogFormat.BytesLeftInFrame(next) == LogFormat.FrameBytes,
                "an unfinished chunk ends with its frame");
            if (!TryChunk(next, out chunk))
                return false;
            if (chunk.StartsRecord)
                return Stop(LogDamageKind.BadSequence, next, "Middle or Last",
                    $"{chunk.Type} in the chunk at {next}");
            if (chunk.Length > LogFormat.BodyBytesMax - _bodyLength)
                return Stop(LogDamageKind.BadLength, next,
                    $"a record of at most {LogFormat.BodyBytesMax} bytes", "a longer one");
            Collect(PayloadOf(chunk));
            if (chunk.Type == LogChunkType.Last)
                return Take(_frames.Offset + chunk.End);
        }
    }

    /// <summary>Appends a payload that verified to the record buffer.</summary>
    private void Collect(ReadOnlySpan<byte> payload)
    {
        int needed = _bodyLength + payload.Length;
        if (needed > _record.Length)
            Array.Resize(ref _record,
                (int)Math.Clamp(2L * needed, LogFormat.FrameBytes, LogFormat.BodyBytesMax));
        payload.CopyTo(_record.AsSpan(_bodyLength));
        _bodyLength = needed;
    }

    /// <summary>Reads kind and synced point; returns their length, or 0.</summary>
    private int TryTakeHeader(LogChunk chunk, long recordOffset)
    {
        int headerBytes = LogRecordHeader.TryDecode(
            PayloadOf(chunk), _logNumber, recordOffset, out LogRecordKind kind, out var synced);
        if (headerBytes > 0)
            (Kind, Synced) = (kind, synced);
        return headerBytes;
    }

    private bool Take(long end)
    {
        Debug.Assert(end <= _frames.End, "a record ends inside the file");
        RecordOffset = _position;
        EndOffset = _position = _searchFrom = end;
        Damage = null;
        return true;
    }

    private bool TryChunk(long offset, out LogChunk chunk)
    {
        int index = _frames.Load(offset);
        return LogChunk.TryRead(_frames.Bytes, index, _logSeed, _frames.Offset, out chunk)
            || StopAtBadChunk(offset, index);
    }

    /// <summary>Looks for the start of a record in the frame in memory.</summary>
    private bool TrySearchFrame(int index, out LogChunk chunk, out long found)
    {
        while (true)
        {
            index = LogChunk.FindStart(_frames.Bytes, index, _logSeed, _frames.Offset, out chunk);
            found = _frames.Offset + index;
            if (index < 0 || TryTakeHeader(chunk, found) > 0)
                return index >= 0;
            index = chunk.End;
        }
    }

    /// <summary>Judges what is no chunk: the clean end, a torn one, or damage.</summary>
    private bool StopAtBadChunk(long offset, int index)
    {
        ReadOnlySpan<byte> frame = _frames.Bytes;
        bool cut = frame.Length - index < LogFormat.ChunkHeaderBytes;
        if (cut || !frame.Slice(index, LogFormat.ChunkHeaderBytes).ContainsAnyExcept((byte)0))
        {
            long nonZero = _frames.FirstNonZero(offset);
            if (nonZero == _frames.End && offset == _position)
                return StopCleanly();
            return cut || nonZero == _frames.End
                ? StopTorn(offset)
                : Stop(LogDamageKind.BadType, offset, "a chunk", $"zeros up to {nonZero}");
        }
        LogDamage damage = LogChunk.Diagnose(
            frame, index, _logSeed, _frames.Offset, _position, out int claimedEnd);
        // Where the file was longer than the log from the start, a torn write ends in zeros
        // instead of the end of the file.
        bool endsInZero = claimedEnd <= frame.Length && frame[claimedEnd - 1] == 0;
        long end = _frames.Offset + claimedEnd;
        bool torn = endsInZero && end < _frames.End && _frames.FirstNonZero(end) == _frames.End;
        return torn ? StopTorn(offset) : Stop(damage, offset);
    }

    private bool StopTorn(long badChunk) => Stop(LogDamageKind.TornTail, badChunk,
        "the rest of a record", $"nothing from the chunk at {badChunk} to {_frames.End}");

    private bool Stop(LogDamageKind kind, long badChunk, string expected, string found) =>
        Stop(new LogDamage(kind, _position, expected, found), badChunk);

    /// <summary>Ends reading; a search goes on at the bad chunk. Always false.</summary>
    private bool Stop(LogDamage damage, long badChunk)
    {
        Debug.Assert(badChunk >= damage.Offset, "a record is bad from its start or later");
        Damage = damage;
        _searchFrom = badChunk;
        _stopped = true;
        ForgetBody();
        return false;
    }

    private bool StopCleanly()
    {
        Damage = null;
        EndedInZeros = _frames.End > EndOffset;
        _searchFrom = _frames.End;
        _stopped = true;
        return false;
    }

    private void ForgetBody()
    {
        _bodyInFrame = false;
        _bodyLength = 0;
        if (_record.Length > RecordBytesKept)
            _record = [];
    }

    private ReadOnlySpan<byte> PayloadOf(LogChunk chunk) =>
        _frames.Bytes.Slice(chunk.Start, chunk.Length);

    private static string StartOf(ReadOnlySpan<byte> bytes) =>
        Convert.ToHexStringLower(bytes[..Math.Min(bytes.Length, 16)]);
}
