// The public handle on a pinned value: a ref struct over PinnedBytes, which knows the slot entry
// and its generation, so that a stale handle is told from a live one.
// Threads: the one that pinned it.

using System.Diagnostics.CodeAnalysis;
using LsmMmap.Engine.Reading;

namespace LsmMmap;

/// <summary>A value borrowed from the memtable or the mapped table. A ref struct: it cannot be
/// stored or cross an await.</summary>
/// <remarks>
/// A thread holds up to eight at once without a copy; further ones are copied and counted in
/// <see cref="StoreStatistics.PinnedCopyCount"/>. A forgotten Dispose keeps one table or memtable
/// alive until the thread ends. Disposing a default, a copy, or twice is harmless. It outlives a
/// flush, a compaction, and the store.
/// </remarks>
public ref struct PinnedValue : IDisposable
{
    private readonly PinnedBytes _bytes;

    internal PinnedValue(PinnedBytes bytes) => _bytes = bytes;

    /// <summary>Whether the key has a value. False for a default.</summary>
    public readonly bool Found => _bytes.Found;

    /// <summary>The value; empty when there is none. Must not be used after Dispose.</summary>
    /// <exception cref="ObjectDisposedException">The value was given back.</exception>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Span => _bytes.Bytes;

    /// <summary>Gives the bytes back.</summary>
    public void Dispose() => _bytes.Free();
}
