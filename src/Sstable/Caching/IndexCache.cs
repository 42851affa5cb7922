// Bounds what the flattened indexes of all tables take together. A table is admitted after a few
// lookups, so that opening or scanning it costs nothing. When the bytes run out, a table must
// first have had one lookup for every few of its blocks, or tables that are all looked up alike
// would evict each other, and every lookup pay for an index; then a clock hand evicts tables that
// were not looked up since its last visit. A table without a flat index searches the one in its
// file.
//
// Threads: any. The lock guards the list and the sum; lookups read one field of their own slot.

using System.Diagnostics;

namespace LsmMmap.Sstable.Caching;

/// <summary>The place of one table in the cache; the table's reader owns it.</summary>
internal sealed class IndexSlot
{
    private FlatIndex? _current;
    private int _lookups;

    /// <summary>The flat index, or null while there is none.</summary>
    public FlatIndex? Current => Volatile.Read(ref _current);

    /// <summary>Set by lookups, taken by the clock hand.</summary>
    public bool IsUsedLately { get; set; }

    /// <summary>Set while the index is made, and for good when it cannot be.</summary>
    public bool IsRefused { get; set; }

    /// <summary>Set for good when the table closed. Under the cache's lock.</summary>
    public bool IsClosed { get; set; }

    /// <summary>Counts a lookup, roughly, and says whether enough have come for the table to be
    /// admitted if it can be.</summary>
    public bool CountLookup() => !IsRefused && ++_lookups % IndexCache.LookupsToAdmit == 0;

    /// <summary>Lookups without a flat index since it was last there, roughly.</summary>
    public int Lookups => _lookups;

    public void Publish(FlatIndex? index)
    {
        _lookups = 0;
        Volatile.Write(ref _current, index);
    }
}

internal sealed class IndexCache
{
    /// <summary>Lookups in a table before its index is flattened.</summary>
    public const int LookupsToAdmit = 4;

    /// <summary>Blocks of a table for which it must have had one lookup before others make room
    /// for it. To flatten takes 50 ns a block, so it adds 0.2 us a lookup at most.</summary>
    public const int BlocksPerLookup = 4;

    private readonly Lock _lock = new();
    private readonly List<IndexSlot> _slots = [];
    private readonly long _capacityBytes;
    private long _usedBytes;
    private long _fillCount;
    private int _hand;

    /// <param name="capacityBytes">Upper bound of the managed bytes; 0 keeps nothing.</param>
    public IndexCache(long capacityBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacityBytes);
        _capacityBytes = capacityBytes;
    }

    /// <summary>Managed bytes held, for statistics.</summary>
    public long UsedBytes => Volatile.Read(ref _usedBytes);

    public long CapacityBytes => _capacityBytes;

    /// <summary>Indexes taken in so far, for statistics.</summary>
    public long FillCount => Volatile.Read(ref _fillCount);

    /// <summary>Whether an index of this many blocks may be kept at all.</summary>
    public bool CouldHold(long blocks) => FlatIndex.EstimateBytes(blocks) <= _capacityBytes;

    /// <summary>Whether a table has had the lookups that its index is worth: any number while
    /// there is room, else in proportion to its blocks.</summary>
    public bool IsWorth(long blocks, int lookups) =>
        UsedBytes + FlatIndex.EstimateBytes(blocks) <= _capacityBytes
        || lookups >= blocks / BlocksPerLookup;

    /// <summary>Takes the index of a table in, evicting others if need be.</summary>
    public void Admit(IndexSlot slot, FlatIndex index)
    {
        lock (_lock)
        {
            AssertInvariants();
            if (slot.IsClosed || index.Bytes > _capacityBytes)
                return;
            if (slot.Current != null)
            {
                // Two lookups made it at once.
                slot.IsRefused = false;
                return;
            }
            while (_usedBytes + index.Bytes > _capacityBytes)
                EvictOne();
            slot.IsUsedLately = false;
            slot.IsRefused = false;
            slot.Publish(index);
            _slots.Add(slot);
            _usedBytes += index.Bytes;
            _fillCount++;
        }
    }

    /// <summary>Drops what a table that closes has here, for good.</summary>
    public void Forget(IndexSlot slot)
    {
        lock (_lock)
        {
            AssertInvariants();
            slot.IsClosed = true;
            int at = _slots.IndexOf(slot);
            if (at >= 0)
                RemoveAt(at);
        }
    }

    private void EvictOne()
    {
        Debug.Assert(_slots.Count > 0, "bytes in use belong to a table");
        while (true)
        {
            _hand = _hand >= _slots.Count ? 0 : _hand;
            IndexSlot slot = _slots[_hand];
            if (!slot.IsUsedLately)
            {
                RemoveAt(_hand);
                return;
            }
            slot.IsUsedLately = false;
            _hand++;
        }
    }

    private void RemoveAt(int at)
    {
        IndexSlot slot = _slots[at];
        _usedBytes -= slot.Current!.Bytes;
        slot.Publish(null);
        _slots[at] = _slots[^1];
        _slots.RemoveAt(_slots.Count - 1);
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "the lock guards the list");
        Debug.Assert(_usedBytes <= _capacityBytes, "the cache keeps its bound");
        Debug.Assert(_usedBytes == 0 == (_slots.Count == 0), "bytes belong to tables");
    }
}
