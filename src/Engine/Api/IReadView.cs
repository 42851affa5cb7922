// The one contract of everything that can be read: a store, a keyspace, a snapshot, a keyspace
// as of a snapshot.

using System.Buffers;

namespace LsmMmap;

/// <summary>Everything that can be read from: a store (its default keyspace), a keyspace, a
/// snapshot. Implemented by this library alone, so that it can grow.</summary>
/// <remarks>Thread-safe. A miss is never an exception, and a key beyond 65,535 bytes is a miss.
/// Every member throws <see cref="ObjectDisposedException"/> after the view's end and
/// <see cref="CorruptionException"/> when the bytes it needs do not verify.</remarks>
public interface IReadView
{
    /// <summary>The value as a new array; null when the key is absent.</summary>
    byte[]? Get(ReadOnlySpan<byte> key);

    /// <summary>Appends the value to <paramref name="destination"/>; false when the key is
    /// absent.</summary>
    bool TryGet(ReadOnlySpan<byte> key, IBufferWriter<byte> destination);

    /// <summary>Copies the value; false only when the key is absent.</summary>
    /// <exception cref="ArgumentException">The value does not fit; the message names the length
    /// needed.</exception>
    bool TryGet(ReadOnlySpan<byte> key, Span<byte> destination, out int valueLength);

    /// <summary>Zero copy: the value is borrowed until <paramref name="value"/> is
    /// disposed.</summary>
    bool TryGetPinned(scoped ReadOnlySpan<byte> key, out PinnedValue value);

    /// <summary>Zero copy, for
    /// <c>using var v = view.GetPinned(key); if (v.Found) ...</c>.</summary>
    PinnedValue GetPinned(scoped ReadOnlySpan<byte> key);

    /// <summary>Looks up all keys of a batch as of one moment, overlapping what they wait for:
    /// several times the rate of single reads when the data is larger than the processor's
    /// caches. The results are borrowed; dispose them.</summary>
    /// <exception cref="CorruptionException">Bytes that were needed do not verify.</exception>
    /// <exception cref="InvalidOperationException">The batch still holds results.</exception>
    /// <exception cref="NotSupportedException">A view of another make has none.</exception>
    ReadResults MultiGet(ReadBatch keys) => throw new NotSupportedException();

    /// <summary>The value as a new array, null when the key is absent, without blocking the
    /// thread: completes at once when what it needs is in memory, else a thread of the library
    /// waits for the disk. Of an index that is not cached it supposes that it is in memory.
    /// </summary>
    /// <param name="key">Copied where it is needed longer than the call.</param>
    /// <param name="cancellationToken">Counts until the read begins.</param>
    /// <returns>Awaited once.</returns>
    /// <exception cref="OperationCanceledException">Cancelled in time.</exception>
    /// <exception cref="CorruptionException">Bytes that were needed do not verify.</exception>
    /// <exception cref="NotSupportedException">A view of another make has none.</exception>
    ValueTask<byte[]?> GetAsync(
        ReadOnlySpan<byte> key, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>As <see cref="GetAsync"/>, appending the value to
    /// <paramref name="destination"/>; false when the key is absent. Allocates nothing.</summary>
    /// <param name="key">Copied where it is needed longer than the call.</param>
    /// <param name="destination">Written by another thread perhaps, before completion.</param>
    /// <param name="cancellationToken">Counts until the read begins.</param>
    /// <returns>Awaited once.</returns>
    /// <exception cref="OperationCanceledException">Cancelled in time.</exception>
    /// <exception cref="CorruptionException">Bytes that were needed do not verify.</exception>
    /// <exception cref="NotSupportedException">A view of another make has none.</exception>
    ValueTask<bool> TryGetAsync(
        ReadOnlySpan<byte> key, IBufferWriter<byte> destination,
        CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Whether the key has a value.</summary>
    bool ContainsKey(ReadOnlySpan<byte> key);

    /// <summary>An ordered cursor over the view as it is now; it stands nowhere until it is
    /// moved. Dispose it.</summary>
    Cursor CreateCursor(CursorOptions? options = null);

    /// <summary>foreach over [from, to); an empty <paramref name="to"/> means no upper
    /// end.</summary>
    RangeEnumerable Range(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to);

    /// <summary>foreach over every key that starts with <paramref name="prefix"/>.</summary>
    RangeEnumerable Prefix(ReadOnlySpan<byte> prefix);

    internal void OnlyThisLibraryImplements();
}
