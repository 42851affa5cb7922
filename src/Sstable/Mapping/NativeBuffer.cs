// A growing run of native memory with one owner: what builders collect and cursors copy into. It
// keeps its memory when cleared, so steady use allocates nothing, neither managed nor native.
//
// Invariant: spans and slices taken from it end with the next Append, Reserve or Dispose. One
// thread. The finalizer frees what a forgotten owner left.

using System.Diagnostics;
using System.Runtime.InteropServices;

namespace LsmMmap.Sstable.Mapping;

internal sealed unsafe class NativeBuffer : IDisposable
{
    private const int BytesFirst = 4096;

    private byte* _bytes;
    private int _capacity;
    private bool _isDisposed;

    ~NativeBuffer() => Free();

    /// <summary>Bytes in use.</summary>
    public int Length { get; private set; }

    /// <summary>Bytes that are there.</summary>
    public int Capacity => _capacity;

    // Safety: Length never exceeds what was allocated.
    public Span<byte> Span => new(_bytes, Length);

    /// <summary>Adds bytes at the end, of any content, and lends them.</summary>
    public Span<byte> Append(int bytes)
    {
        Debug.Assert(bytes >= 0, "a length is not negative");
        Reserve((long)Length + bytes);
        // Safety: Reserve made room for Length + bytes.
        var added = new Span<byte>(_bytes + Length, bytes);
        Length += bytes;
        return added;
    }

    /// <summary>Sets the length; new bytes have any content.</summary>
    public Span<byte> Resize(int bytes)
    {
        Debug.Assert(bytes >= 0, "a length is not negative");
        Reserve(bytes);
        Length = bytes;
        return Span;
    }

    /// <summary>Makes room without changing the length.</summary>
    public void Reserve(long bytes)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (bytes <= _capacity)
            return;
        if (bytes > int.MaxValue)
            throw new InvalidOperationException($"a buffer cannot hold {bytes} bytes");
        long grown = Math.Max(Math.Max(bytes, BytesFirst), Math.Min(int.MaxValue, _capacity * 2L));
        // Safety: the old run is replaced as a whole; nobody else holds the pointer.
        _bytes = (byte*)NativeMemory.Realloc(_bytes, (nuint)grown);
        _capacity = (int)grown;
    }

    public void Clear() => Length = 0;

    /// <summary>Lends a part. Requires: inside the length.</summary>
    public NativeSlice Slice(int start, int length) =>
        new NativeSlice(_bytes, Length).Slice(start, length);

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        _isDisposed = true;
        // Safety: freed once, since the pointer is forgotten; free of null does nothing.
        NativeMemory.Free(_bytes);
        _bytes = null;
        _capacity = 0;
        Length = 0;
    }
}
