// Collects what a builder writes into pieces of 256 KiB, so that the stream sees few, large writes,
// and hashes the file as it goes by. It neither owns nor syncs the stream. One thread.

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.IO.Hashing;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Sstable.Tables;

internal sealed class TableOutput : IDisposable
{
    public const int PieceBytes = 256 * 1024;

    [SuppressMessage("Usage", "CA2213", Justification = "The stream belongs to the caller.")]
    private readonly Stream _stream;

    private readonly NativeBuffer _piece = new();
    private readonly XxHash3 _fileHash = new();

    public TableOutput(Stream stream)
    {
        _stream = stream;
        _piece.Reserve(PieceBytes);
    }

    /// <summary>File offset of the next byte.</summary>
    public long Position { get; private set; }

    /// <summary>Checksum of everything written. Requires: flushed.</summary>
    public ulong FileChecksum
    {
        get
        {
            Debug.Assert(_piece.Length == 0, "the checksum covers what left the buffer");
            return _fileHash.GetCurrentHashAsUInt64();
        }
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        Position += bytes.Length;
        while (!bytes.IsEmpty)
        {
            if (_piece.Length == 0 && bytes.Length >= PieceBytes)
            {
                Send(bytes[..PieceBytes]);
                bytes = bytes[PieceBytes..];
                continue;
            }
            int count = Math.Min(bytes.Length, PieceBytes - _piece.Length);
            bytes[..count].CopyTo(_piece.Append(count));
            bytes = bytes[count..];
            if (_piece.Length == PieceBytes)
                Flush();
        }
    }

    /// <summary>Writes zeros up to a multiple of the alignment.</summary>
    public void Align(int alignment)
    {
        Span<byte> zeros = stackalloc byte[256];
        zeros.Clear();
        long missing = TableLayout.AlignUp(Position, alignment) - Position;
        for (; missing > 0; missing -= zeros.Length)
            Write(zeros[..(int)Math.Min(missing, zeros.Length)]);
    }

    /// <summary>Hands everything to the stream.</summary>
    public void Flush()
    {
        if (_piece.Length > 0)
            Send(_piece.Span);
        _piece.Clear();
    }

    public void Dispose() => _piece.Dispose();

    private void Send(ReadOnlySpan<byte> bytes)
    {
        _fileHash.Append(bytes);
        _stream.Write(bytes);
    }
}
