// A file being written, with what a plain stream lacks: a sync whose errors are seen, failures
// that name the file, and zeros laid behind the position, so that later writes and syncs find
// space that the file system has nothing to note for. Writes go straight to the operating
// system; whoever wants a buffer puts it above.
//
// Invariant: every byte of the file behind Position is zero.
// Threads: one writer at a time; Sync may run beside a writer.

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Win32.SafeHandles;

namespace LsmMmap.Engine.Files;

internal class DurableFile : Stream
{
    private static readonly byte[] s_zeros = new byte[64 << 10];

    private readonly FileStream _stream;

    // The stream moves the file's own offset, a system call, whenever it is asked for its handle.
    private readonly SafeFileHandle _handle;
    private readonly long _reservedBytes;
    private long _position;
    private long _zerosEnd;
    private bool _hasFailed;

    public DurableFile(string path, FileStream stream, long reservedBytes = 0)
    {
        FileName = path;
        _stream = stream;
        _handle = stream?.SafeFileHandle!;
        _reservedBytes = reservedBytes;
    }

    public string FileName { get; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _stream.Length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            RandomAccess.Write(_handle, buffer, _position);
            _position += buffer.Length;
        }
        catch (Exception e) when (IoFailure.IsIo(e))
        {
            ThrowFailed("write", e);
        }
    }

    public override void Write(byte[] buffer, int offset, int count) =>
        Write(buffer.AsSpan(offset, count));

    /// <summary>Writes zeros behind the position, up to an offset; the position stays. A sync
    /// after later writes there then has bytes to bring to the disk and nothing else.</summary>
    public virtual void WriteZerosTo(long end)
    {
        Debug.Assert(end > 0, "zeros end somewhere in the file");
        try
        {
            for (long at = Math.Max(_position, _zerosEnd); at < end; at = _zerosEnd)
            {
                int bytes = (int)Math.Min(s_zeros.Length, end - at);
                RandomAccess.Write(_handle, s_zeros.AsSpan(0, bytes), at);
                _zerosEnd = at + bytes;
            }
        }
        catch (Exception e) when (IoFailure.IsIo(e))
        {
            ThrowFailed("write", e);
        }
    }

    /// <summary>Takes the zeros behind the position away. The next sync makes the length durable:
    /// fdatasync leaves out no change of a file's size.</summary>
    public virtual void CutZeros()
    {
        if (_zerosEnd <= _position)
            return;
        try
        {
            _stream.SetLength(_position);
            _zerosEnd = 0;
        }
        catch (Exception e) when (IoFailure.IsIo(e))
        {
            ThrowFailed("cut", e);
        }
    }

    /// <summary>Returns when every byte written before the call is on disk. A failure is final:
    /// the page cache may have dropped the bytes, so no second sync can be believed.</summary>
    public virtual void Sync()
    {
        try
        {
            DiskSync.SyncFile(_handle, FileName);
        }
        catch (Exception e) when (IoFailure.IsIo(e))
        {
            ThrowFailed("sync", e);
        }
    }

    /// <summary>Nothing to do: there is no buffer here, and durability is Sync's matter.</summary>
    public override void Flush() { }

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            GiveBack();
            _stream.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>Frees what was set aside or laid in zeros beyond the position. No sync makes that
    /// durable; a crash may bring back zeros, and nothing else. A file that has failed is left
    /// alone.</summary>
    private void GiveBack()
    {
        if (_hasFailed || !_stream.CanWrite)
            return;
        try
        {
            if (_position < Math.Max(_reservedBytes, _zerosEnd))
                _stream.SetLength(_position);
        }
        catch (Exception e) when (IoFailure.IsIo(e))
        {
            // The space stays set aside until the file is deleted; no byte of it depends on that.
        }
    }

    [DoesNotReturn]
    private void ThrowFailed(string what, Exception e)
    {
        _hasFailed = true;
        throw IoFailure.Of(what, FileName, e);
    }
}
