// A small cache of inflated blocks above the page cache; raw blocks never enter it. It is an array
// of places in sets of eight. A lookup reads the places of one set, wins a reference to a block
// whose key looks right, and compares the key again now that it cannot change. Nothing locks and
// nothing allocates; an unlucky race loses an insertion, never correctness.
//
// Each block in a place carries one reference of the cache. Whoever removes it from the place by
// compare-and-exchange releases that reference, exactly once.
//
// Bytes are counted by capacity. An insertion that goes over evicts by a clock hand that passes
// over the places and spares blocks that were used since its last visit.

using System.Diagnostics;
using System.Numerics;

namespace LsmMmap.Sstable.Caching;

internal sealed class InflatedBlockCache
{
    private const int Ways = 8;

    /// <summary>Blocks are expected to have this size when places are counted.</summary>
    private const int BytesPerPlace = 8192;

    /// <summary>A block that alone takes more than this part is not kept.</summary>
    private const int PartOfCapacityMax = 8;

    private readonly InflatedBlock?[] _places;
    private readonly int _setMask;
    private readonly long _capacityBytes;
    private long _usedBytes;
    private long _fillCount;
    private uint _hand;

    /// <param name="capacityBytes">Upper bound of the native bytes; 0 keeps nothing.</param>
    public InflatedBlockCache(long capacityBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacityBytes);
        _capacityBytes = capacityBytes;
        long sets = Math.Clamp(capacityBytes / BytesPerPlace / Ways, 1, 1 << 24);
        int setCount = (int)BitOperations.RoundUpToPowerOf2((uint)sets);
        Debug.Assert(BitOperations.IsPow2(setCount), "a mask picks the set");
        _setMask = setCount - 1;
        _places = capacityBytes == 0 ? [] : new InflatedBlock?[setCount * Ways];
    }

    /// <summary>Native bytes held, for statistics.</summary>
    public long UsedBytes => Volatile.Read(ref _usedBytes);

    public long CapacityBytes => _capacityBytes;

    /// <summary>Blocks that were made because they were not here, for statistics.</summary>
    public long FillCount => Volatile.Read(ref _fillCount);

    /// <summary>The block with one more reference, which the caller releases, or null.</summary>
    public InflatedBlock? TryAcquire(long table, long offset)
    {
        if (_places.Length == 0)
            return null;
        int first = FirstPlace(table, offset);
        for (int i = first; i < first + Ways; i++)
        {
            InflatedBlock? block = Volatile.Read(ref _places[i]);
            if (block == null || !block.HasKey(table, offset) || !block.TryAddReference())
                continue;
            if (block.HasKey(table, offset))
            {
                if (!block.IsUsedLately)
                    block.IsUsedLately = true;
                return block;
            }
            block.Release();
        }
        return null;
    }

    /// <summary>
    /// Offers a block that the caller has filled and holds; the caller's reference stays its own.
    /// </summary>
    public void Insert(InflatedBlock block, long table, long offset)
    {
        // Beside the inflation that comes before it, the count is nothing.
        Interlocked.Increment(ref _fillCount);
        if (block.Capacity > _capacityBytes / PartOfCapacityMax)
            return;
        block.SetKey(table, offset);
        bool isHeld = block.TryAddReference();
        Debug.Assert(isHeld, "the caller holds a reference");
        Interlocked.Add(ref _usedBytes, block.Capacity);
        if (!TryPlace(block, FirstPlace(table, offset)))
            Drop(block);
        // Every place is visited at most twice: once to take its mark, once to evict.
        for (int i = 0; i < 2 * _places.Length && UsedBytes > _capacityBytes; i++)
            EvictAtHand();
    }

    /// <summary>Drops every block of a table that closes.</summary>
    public void Forget(long table)
    {
        for (int i = 0; i < _places.Length; i++)
        {
            InflatedBlock? block = Volatile.Read(ref _places[i]);
            if (block != null && block.IsOfTable(table))
                TryEvict(i, block);
        }
    }

    private bool TryPlace(InflatedBlock block, int first)
    {
        for (int i = first; i < first + Ways; i++)
        {
            if (_places[i] == null
                && Interlocked.CompareExchange(ref _places[i], block, null) == null)
                return true;
        }
        // The set is full: the first block without a mark makes room, else a moving victim.
        int victim = first + (int)(Interlocked.Increment(ref _hand) % Ways);
        for (int i = first; i < first + Ways; i++)
        {
            InflatedBlock? other = Volatile.Read(ref _places[i]);
            if (other is { IsUsedLately: false })
            {
                victim = i;
                break;
            }
            if (other != null)
                other.IsUsedLately = false;
        }
        InflatedBlock? old = Volatile.Read(ref _places[victim]);
        if (Interlocked.CompareExchange(ref _places[victim], block, old) != old)
            return false;
        if (old != null)
            Drop(old);
        return true;
    }

    private void EvictAtHand()
    {
        int place = (int)(Interlocked.Increment(ref _hand) % (uint)_places.Length);
        InflatedBlock? block = Volatile.Read(ref _places[place]);
        if (block == null)
            return;
        if (block.IsUsedLately)
            block.IsUsedLately = false;
        else
            TryEvict(place, block);
    }

    private void TryEvict(int place, InflatedBlock block)
    {
        if (Interlocked.CompareExchange(ref _places[place], null, block) == block)
            Drop(block);
    }

    /// <summary>Gives the cache's reference back. Requires: the block is in no place.</summary>
    private void Drop(InflatedBlock block)
    {
        long left = Interlocked.Add(ref _usedBytes, -block.Capacity);
        Debug.Assert(left >= 0, "the cache gives back what it took");
        block.Release();
    }

    private int FirstPlace(long table, long offset)
    {
        ulong mixed = (ulong)table * 0x9E37_79B9_7F4A_7C15 ^ (ulong)offset;
        mixed *= 0xD6E8_FEB8_6659_FD93;
        return (int)((mixed >> 32) & (uint)_setMask) * Ways;
    }
}
