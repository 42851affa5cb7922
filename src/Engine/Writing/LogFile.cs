// The stream under one write-ahead log: a small buffer for commits that may wait in process
// memory, above a file that has none. While the buffer holds bytes, a stronger commit carries
// them out in one write call with its own.
// Threads: the write leader; the file's Sync also from others.

using System.Diagnostics;
using LsmMmap.Engine.Files;

namespace LsmMmap.Engine.Writing;

internal sealed class LogFile(DurableFile file, long spaceBytes) : Stream
{
    private const int BufferBytes = 64 << 10;
    private const long StretchBytesMin = 16 << 10;
    private const long StretchBytesMax = 512 << 10;

    // So many syncs a stretch, or it is not worth its write.
    private const int SyncsPerStretchMin = 8;

    private byte[] _waiting = [];
    private int _waitingCount;
    private long _written;
    private long _zerosEnd;
    private long _lastSyncAt;

    public DurableFile File => file;

    /// <summary>Whether the next write may stay in process memory.</summary>
    public bool MayWait { get; set; }

    /// <summary>Bytes that only this process knows of.</summary>
    public int WaitingBytes => _waitingCount;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_waitingCount == 0 && !MayWait)
        {
            WriteOut(buffer);
            return;
        }
        if (_waiting.Length == 0)
            _waiting = new byte[BufferBytes];
        if (buffer.Length > _waiting.Length - _waitingCount)
        {
            HandOver();
            if (buffer.Length > _waiting.Length)
            {
                WriteOut(buffer);
                return;
            }
        }
        buffer.CopyTo(_waiting.AsSpan(_waitingCount));
        _waitingCount += buffer.Length;
        Debug.Assert(_waitingCount <= _waiting.Length, "the buffer is never overrun");
        if (!MayWait)
            HandOver();
    }

    public override void Write(byte[] buffer, int offset, int count) =>
        Write(buffer.AsSpan(offset, count));

    /// <summary>Gives everything to the operating system.</summary>
    public void HandOver()
    {
        if (_waitingCount == 0)
            return;
        WriteOut(_waiting.AsSpan(0, _waitingCount));
        _waitingCount = 0;
    }

    /// <summary>Somebody is about to sync what is written: lays zeros behind it when they are
    /// used up and the syncs come close enough to pay for them.</summary>
    public void ExpectSync()
    {
        Debug.Assert(_waitingCount == 0, "what is to be synced is with the system");
        long sinceSync = _written - _lastSyncAt;
        _lastSyncAt = _written;
        if (_written < _zerosEnd)
            return;
        long stretch = Math.Clamp(_written, StretchBytesMin, StretchBytesMax);
        long end = Math.Min(_written + stretch, spaceBytes);
        if (end - _written < sinceSync * SyncsPerStretchMin || end == _written)
            return;
        file.WriteZerosTo(end);
        _zerosEnd = end;
    }

    public override void Flush() => HandOver();

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>The log is about to end: it has no more bytes than were written.</summary>
    public void CutZeros()
    {
        Debug.Assert(_waitingCount == 0, "what ends was handed over");
        if (_zerosEnd <= _written)
            return;
        file.CutZeros();
        _zerosEnd = 0;
    }

    private void WriteOut(ReadOnlySpan<byte> bytes)
    {
        file.Write(bytes);
        _written += bytes.Length;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            file.Dispose();
        base.Dispose(disposing);
    }
}
