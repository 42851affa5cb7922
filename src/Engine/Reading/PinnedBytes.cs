// A value and the slot entry that keeps its bytes. The generation tells a live handle from one
// whose entry was freed, so a stale or copied handle frees nothing and reads nothing.
// Threads: the one that pinned it; a ref struct cannot leave it.

using System.Diagnostics.CodeAnalysis;
using LsmMmap.Engine.Lifetimes;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Engine.Reading;

internal readonly ref struct PinnedBytes
{
    private readonly ReaderSlots? _slots;
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _entry;
    private readonly uint _generation;

    public PinnedBytes(ReaderSlots slots, int entry, NativeSlice bytes)
        : this(slots, entry, bytes.Span)
    {
    }

    public PinnedBytes(ReaderSlots slots, int entry, ReadOnlySpan<byte> bytes)
    {
        _slots = slots;
        _entry = entry;
        _generation = slots.Generation(entry);
        _bytes = bytes;
    }

    /// <summary>Whether there is a value at all; default has none.</summary>
    public bool Found => _slots != null;

    /// <summary>The value; empty for a miss.</summary>
    public ReadOnlySpan<byte> Bytes
    {
        get
        {
            if (_slots != null && _slots.Generation(_entry) != _generation)
                ThrowStale();
            return _bytes;
        }
    }

    /// <summary>Lets go of the bytes; does nothing for a default or stale handle.</summary>
    public void Free()
    {
        if (_slots != null && _slots.Generation(_entry) == _generation)
            _slots.Free(_entry);
    }

    [DoesNotReturn]
    private static void ThrowStale() =>
        throw new ObjectDisposedException("PinnedValue", "the value was given back");
}
