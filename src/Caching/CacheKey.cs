// The key of a cache as keys of the keyspace: one byte that says what kind of record it is, and the
// key in UTF-8. Short keys live on the stack of the caller, long ones in a rented array.
// Invariant: different keys have different bytes. A string that is not well-formed UTF-16 has no
// UTF-8 of its own, so it is refused rather than made equal to another one.
// Threads: a value of one method.

using System.Buffers;
using System.Diagnostics;
using System.Text;

namespace LsmMmap.Extensions.Caching;

internal ref struct CacheKey
{
    /// <summary>Room on the stack that serves keys of usual length.</summary>
    public const int ScratchBytes = 256;

    private const byte ValueRecord = (byte)'v';
    private const byte TouchRecord = (byte)'t';

    private static readonly UTF8Encoding s_utf8 = new(false, throwOnInvalidBytes: true);

    private readonly Span<byte> _bytes;
    private byte[]? _rented;

    /// <summary>Encodes a key; the result is disposed before the scratch goes.</summary>
    /// <exception cref="ArgumentException">The key is not well-formed UTF-16.</exception>
    public CacheKey(string key, Span<byte> scratch)
    {
        Debug.Assert(!scratch.IsEmpty, "there is room for the byte of the kind at least");
        Text = key;
        int bytesMax = 1 + s_utf8.GetMaxByteCount(key.Length);
        if (bytesMax > scratch.Length)
            scratch = _rented = ArrayPool<byte>.Shared.Rent(bytesMax);
        try
        {
            _bytes = scratch[..(1 + s_utf8.GetBytes(key, scratch[1..]))];
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The key as the caller gave it.</summary>
    public string Text { get; }

    /// <summary>The key of the value's record. Until the next call on this object.</summary>
    public readonly ReadOnlySpan<byte> ForValue() => Of(ValueRecord);

    /// <summary>The key of the record that says when a sliding entry was read. Until the next call
    /// on this object.</summary>
    public readonly ReadOnlySpan<byte> ForTouch() => Of(TouchRecord);

    /// <summary>Gives a rented array back. Twice is fine.</summary>
    public void Dispose()
    {
        if (_rented != null)
            ArrayPool<byte>.Shared.Return(_rented);
        _rented = null;
    }

    private readonly ReadOnlySpan<byte> Of(byte record)
    {
        Debug.Assert(!_bytes.IsEmpty, "a key has at least the byte of its kind");
        _bytes[0] = record;
        return _bytes;
    }
}
