// What MultiGet found: a ref struct, so that the compiler keeps its spans from outliving it.
// Threads: the one that called MultiGet.

using System.Diagnostics.CodeAnalysis;
using LsmMmap.Engine.Reading;

namespace LsmMmap;

/// <summary>The values of a <see cref="ReadBatch"/>, borrowed from memtables and mapped
/// tables.</summary>
/// <remarks>All keys were read as of one moment. Dispose it before the batch is used again;
/// until then it keeps old tables and memory. It outlives a flush, a compaction and the store.
/// </remarks>
public ref struct ReadResults : IDisposable
{
    private readonly MultiLookup? _lookup;
    private readonly int _generation;

    internal ReadResults(MultiLookup lookup)
    {
        _lookup = lookup;
        _generation = lookup.Generation;
    }

    /// <summary>How many keys were looked up; 0 after Dispose.</summary>
    public readonly int Count => IsHeld ? _lookup!.Count : 0;

    private readonly bool IsHeld =>
        _lookup is { HoldsResults: true } && _lookup.Generation == _generation;

    /// <summary>The value of a key by its index; empty when it has none. Must not be used after
    /// Dispose.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No key has this index.</exception>
    /// <exception cref="ObjectDisposedException">The results were given back.</exception>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> this[int index] => Held().Value(index);

    /// <summary>Whether the key with this index has a value.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No key has this index.</exception>
    /// <exception cref="ObjectDisposedException">The results were given back.</exception>
    public readonly bool Found(int index) => Held().Found(index);

    /// <summary>Gives the values back. Twice is fine.</summary>
    public readonly void Dispose()
    {
        if (IsHeld)
            _lookup!.Release();
    }

    private readonly MultiLookup Held()
    {
        ObjectDisposedException.ThrowIf(!IsHeld, typeof(ReadResults));
        return _lookup!;
    }
}
