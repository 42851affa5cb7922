// Streams that misbehave in one way each: they count and refuse writes, hand over reads in small
// pieces, fail a read, or claim a length that they do not have.

namespace LsmMmap.Wal.Tests;

/// <summary>Swallows what is written, counts the calls, and fails the one it is told to.</summary>
internal sealed class SinkStream : Stream
{
    public int Writes { get; private set; }

    public long Written { get; private set; }

    /// <summary>Number of the write that fails, counted from 1; 0 is none.</summary>
    public int FailingWrite { get; init; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => Written;

    public override long Position
    {
        get => Written;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Writes++;
        if (Writes == FailingWrite)
            throw new IOException("the disk is gone");
        Written += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) =>
        Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}

/// <summary>A readable stream whose reads are short, fail once, or end before its length.</summary>
internal sealed class AwkwardStream(byte[] bytes) : Stream
{
    private int _reads;

    /// <summary>No read returns more bytes than this.</summary>
    public int BytesPerRead { get; init; } = int.MaxValue;

    /// <summary>Number of the read that fails, counted from 1; 0 is none.</summary>
    public int FailingRead { get; init; }

    /// <summary>How much longer the stream says it is than it is.</summary>
    public long LengthTooMuch { get; init; }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => bytes.Length + LengthTooMuch;

    public override long Position { get; set; }

    public override int Read(Span<byte> buffer)
    {
        _reads++;
        if (_reads == FailingRead)
            throw new IOException("the sector is gone");
        long left = Math.Max(0, bytes.Length - Position);
        int count = (int)Math.Min(Math.Min(left, buffer.Length), BytesPerRead);
        bytes.AsSpan((int)Math.Min(Position, bytes.Length), count).CopyTo(buffer);
        Position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) =>
        Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException();
}
