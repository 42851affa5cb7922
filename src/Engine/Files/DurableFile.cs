// A file being written, with the two things that a plain stream lacks: a sync whose errors are
// seen, and failures that name the file. Writes go straight to the operating system; whoever
// wants a buffer puts it above.
// Threads: one writer at a time; Sync may run beside a writer.

using System.Diagnostics.CodeAnalysis;

namespace LsmMmap.Engine.Files;

internal class DurableFile : Stream
{
    private readonly FileStream _stream;
    private readonly long _reservedBytes;
    private bool _hasFailed;

    public DurableFile(string path, FileStream stream, long reservedBytes = 0)
    {
        FileName = path;
        _stream = stream;
        _reservedBytes = reservedBytes;
    }

    public string FileName { get; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _stream.Length;

    public override long Position
    {
        get => _stream.Position;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            _stream.Write(buffer);
        }
        catch (Exception e) when (IoFailure.IsIo(e))
        {
            ThrowFailed("write", e);
        }
    }

    public override void Write(byte[] buffer, int offset, int count) =>
        Write(buffer.AsSpan(offset, count));

    /// <summary>Returns when every byte written before the call is on disk. A failure is final:
    /// the page cache may have dropped the bytes, so no second sync can be believed.</summary>
    public virtual void Sync()
    {
        try
        {
            DiskSync.SyncFile(_stream.SafeFileHandle, FileName);
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

    /// <summary>Frees what was set aside beyond the end, by cutting the file to the length that
    /// it has. A file that has failed is left alone.</summary>
    private void GiveBack()
    {
        if (_hasFailed || _reservedBytes == 0 || !_stream.CanWrite)
            return;
        try
        {
            if (_stream.Position < _reservedBytes)
                _stream.SetLength(_stream.Position);
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
