// The stream under one write-ahead log: a small buffer for commits that may wait in process
// memory, above a file that has none. While the buffer holds bytes, a stronger commit carries
// them out in one write call with its own.
// Threads: the write leader; the file's Sync also from others.

using System.Diagnostics;
using LsmMmap.Engine.Files;

namespace LsmMmap.Engine.Writing;

internal sealed class LogFile(DurableFile file) : Stream
{
    private const int BufferBytes = 64 << 10;

    private byte[] _waiting = [];
    private int _waitingCount;

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
            file.Write(buffer);
            return;
        }
        if (_waiting.Length == 0)
            _waiting = new byte[BufferBytes];
        if (buffer.Length > _waiting.Length - _waitingCount)
        {
            HandOver();
            if (buffer.Length > _waiting.Length)
            {
                file.Write(buffer);
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
        file.Write(_waiting.AsSpan(0, _waitingCount));
        _waitingCount = 0;
    }

    public override void Flush() => HandOver();

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            file.Dispose();
        base.Dispose(disposing);
    }
}
