// An ordered walk over all entries of one memtable, every version and tombstone, both ways.
//
// A move is a few loads that are usually prefetched, a seek is one search; nothing is allocated.
// The cursor sees entries that are added after its creation, in their place, unless the leaf it
// stands in was replaced meanwhile: what a reader may see is decided by tags, above. It can be
// reset to another memtable and so be pooled.
//
// It stands on a version of a key in a slot of a leaf. The position of the slot follows from the
// leaf's order, which is kept and found anew when it has changed.
//
// Invariants: it stands on an entry or nowhere; an entry never goes away under it.
// Threads: one thread at a time; beside the memtable's writer and other cursors.
// Lifetime: the cursor keeps its memtable reachable, and the caller keeps it undisposed. UserKey
// and Value point into the arena: they survive moves and last as long as the memtable.

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Engine.Memory;

internal sealed unsafe class MemTableCursor
{
    /// <summary>About as many keys as pass while memory answers.</summary>
    private const int KeysAhead = 4;

    private MemTable? _memTable;
    private OrderedIndex? _order;
    private OrderNode* _leaf;
    private NodeOrder _slots;
    private int _position;
    private KeyCell* _cell;
    private EntryVersion* _version;

    /// <summary>Whether the cursor stands on an entry.</summary>
    public bool IsValid
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _version != null;
    }

    /// <summary>The user key of the entry. Requires: IsValid, as all below.</summary>
    public ReadOnlySpan<byte> UserKey
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => KeyCell.UserKey(Cell);
    }

    /// <summary>InternalKey.Head8 of the user key.</summary>
    public ulong Head
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => InternalKey.Head8(KeyCell.UserKey(Cell));
    }

    public ulong Tag
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Current->Tag;
    }

    public ReadOnlySpan<byte> Value
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => EntryVersion.Value(Current).Span;
    }

    /// <summary>The value for those who keep it in a field.</summary>
    public NativeSlice ValueSlice
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => EntryVersion.Value(Current);
    }

    // Safety, for every use of leaf, cell and version: they live as long as the arena, which
    // _memTable keeps.
    private EntryVersion* Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            Debug.Assert(_version != null, "a cursor that stands nowhere has no entry");
            return _version;
        }
    }

    private KeyCell* Cell
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            Debug.Assert(_version != null, "a cursor that stands nowhere has no entry");
            return _cell;
        }
    }

    /// <summary>Binds the cursor to a memtable; it stands nowhere.</summary>
    public void Reset(MemTable memTable)
    {
        Clear();
        _memTable = memTable;
    }

    /// <summary>Lets go of the memtable, for a cursor that goes back to its pool.</summary>
    public void Clear()
    {
        _memTable = null;
        _order = null;
        _leaf = null;
        _cell = null;
        _version = null;
    }

    /// <summary>Goes to the first entry. Each move returns IsValid.</summary>
    public bool SeekToFirst()
    {
        if (!HasOrder())
            return false;
        Enter(_order.FirstLeaf());
        return StandForward(0);
    }

    /// <summary>Goes to the last entry.</summary>
    public bool SeekToLast()
    {
        if (!HasOrder())
            return false;
        Enter(_order.LastLeaf());
        return StandBackward(_slots.Count - 1);
    }

    /// <summary>Goes to the first entry at or after (key, tag).</summary>
    public bool Seek(ReadOnlySpan<byte> userKey, ulong tag)
    {
        if (!HasOrder())
            return false;
        int position = Find(userKey);
        if (!StandForward(position) || !KeyCell.UserKey(_cell).SequenceEqual(userKey))
            return IsValid;
        _version = KeyCell.AtOrBelow(_cell, tag, _order.Arena);
        return _version != null || NextKey();
    }

    /// <summary>Goes to the last entry at or before (key, tag).</summary>
    public bool SeekForPrevious(ReadOnlySpan<byte> userKey, ulong tag)
    {
        if (!HasOrder())
            return false;
        int position = Find(userKey);
        if (position < _slots.Count)
        {
            KeyCell* cell = _order.CellAt(_leaf, _slots.SlotAt(position));
            if (KeyCell.UserKey(cell).SequenceEqual(userKey))
            {
                _position = position;
                _cell = cell;
                _version = KeyCell.AtOrAbove(cell, tag, _order.Arena);
            }
        }

        return _version != null || StandBackward(position - 1);
    }

    /// <summary>Goes to the next entry. Requires: IsValid.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Next()
    {
        Debug.Assert(_order != null, "a cursor on an entry has its order");
        _version = KeyCell.OlderOf(Current, _order.Arena);
        return _version != null || NextKey();
    }

    /// <summary>Goes to the entry before. Requires: IsValid.</summary>
    public bool Previous()
    {
        Debug.Assert(_order != null, "a cursor on an entry has its order");
        // No tag is the largest number: its last byte is a kind.
        _version = KeyCell.AtOrAbove(_cell, Current->Tag + 1, _order.Arena);
        return _version != null || PreviousKey();
    }

    /// <summary>
    /// Finds the order, which a memtable has from its first entry on; it may have come since the
    /// last seek.
    /// </summary>
    [MemberNotNullWhen(true, nameof(_order))]
    private bool HasOrder()
    {
        Debug.Assert(_memTable != null, "a cursor is reset to a memtable before it moves");
        _order ??= _memTable.Order;
        _version = null;
        return _order != null;
    }

    /// <summary>Goes to the leaf of a key and returns the position of the first key at or after
    /// it there. The position belongs to _slots: a key that comes later may move it.</summary>
    private int Find(ReadOnlySpan<byte> userKey)
    {
        Debug.Assert(_order != null, "there is an order to search");
        _leaf = _order.AtOrAfter(userKey, out _slots, out int position);
        return position;
    }

    private void Enter(OrderNode* leaf)
    {
        _leaf = leaf;
        _slots = OrderNode.OrderOf(leaf);
    }

    private bool NextKey()
    {
        Renew();
        return StandForward(_position + 1);
    }

    private bool PreviousKey()
    {
        Renew();
        return StandBackward(_position - 1);
    }

    /// <summary>Finds the position of the cursor's slot in the leaf as it is now.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Renew()
    {
        NodeOrder slots = OrderNode.OrderOf(_leaf);
        if (slots.Word == _slots.Word)
            return;
        _position = slots.PositionOf(_slots.SlotAt(_position));
        _slots = slots;
    }

    /// <summary>On the newest version of the key at a position of the leaf, or of the first key
    /// behind the leaf.</summary>
    private bool StandForward(int position)
    {
        Arena arena = _order!.Arena;
        while (position >= _slots.Count)
        {
            uint next = Volatile.Read(ref _leaf->Next);
            if (next == 0)
            {
                _version = null;
                return false;
            }

            Enter((OrderNode*)arena.Resolve(next));
            position = 0;
        }

        _position = position;
        _cell = _order.CellAt(_leaf, _slots.SlotAt(position));
        _version = KeyCell.NewestOf(_cell, arena);
        if (Sse.IsSupported)
            PrefetchForward(position);
        return true;
    }

    /// <summary>On the oldest version of the key at a position of the leaf, or of the last key
    /// before the leaf.</summary>
    private bool StandBackward(int position)
    {
        Arena arena = _order!.Arena;
        while (position < 0)
        {
            uint previous = Volatile.Read(ref _leaf->Previous);
            if (previous == 0)
            {
                _version = null;
                return false;
            }

            Enter((OrderNode*)arena.Resolve(previous));
            position = _slots.Count - 1;
        }

        _position = position;
        _cell = _order.CellAt(_leaf, _slots.SlotAt(position));
        _version = KeyCell.OldestOf(_cell, arena);
        if (Sse.IsSupported)
            PrefetchBackward(position);
        return true;
    }

    /// <summary>
    /// Brings in a cell some entries ahead while the caller works on this one, and once in a leaf
    /// the leaf after it. Cells lie in the order of their coming, so a scan without this waits
    /// for memory at each.
    /// </summary>
    private void PrefetchForward(int position)
    {
        OrderNode* leaf = _leaf;
        NodeOrder slots = _slots;
        if (position == 0 && leaf->Next != 0)
            OrderNode.Prefetch((OrderNode*)_order!.Arena.Resolve(leaf->Next));
        int ahead = position + KeysAhead;
        if (ahead >= slots.Count)
        {
            ahead -= slots.Count;
            if (leaf->Next == 0)
                return;
            leaf = (OrderNode*)_order!.Arena.Resolve(Volatile.Read(ref leaf->Next));
            slots = OrderNode.OrderOf(leaf);
            if (ahead >= slots.Count)
                return;
        }

        PrefetchCell(_order!.CellAt(leaf, slots.SlotAt(ahead)));
    }

    private void PrefetchBackward(int position)
    {
        OrderNode* leaf = _leaf;
        NodeOrder slots = _slots;
        if (position == slots.Count - 1 && leaf->Previous != 0)
            OrderNode.Prefetch((OrderNode*)_order!.Arena.Resolve(leaf->Previous));
        int ahead = position - KeysAhead;
        if (ahead < 0)
        {
            if (leaf->Previous == 0)
                return;
            leaf = (OrderNode*)_order!.Arena.Resolve(Volatile.Read(ref leaf->Previous));
            slots = OrderNode.OrderOf(leaf);
            ahead += slots.Count;
            if (ahead < 0)
                return;
        }

        PrefetchCell(_order!.CellAt(leaf, slots.SlotAt(ahead)));
    }

    /// <summary>Two cache lines: the key and the beginning of the first version's value.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PrefetchCell(KeyCell* cell)
    {
        // Safety: a prefetch reads nothing; it may name any address.
        Sse.Prefetch0(cell);
        Sse.Prefetch0((byte*)cell + 64);
    }
}
