// An ordered walk over all entries of one memtable, every version and tombstone, both ways.
//
// A move is one load that is usually prefetched, a seek is one search; nothing is allocated. The
// cursor sees entries that are added after its creation, in their place: what a reader may see is
// decided by tags, above. It can be reset to another memtable and so be pooled.
//
// Invariants: it stands on an entry or nowhere; an entry never goes away under it.
// Threads: one thread at a time; beside the memtable's writer and other cursors.
// Lifetime: the cursor keeps its memtable reachable, and the caller keeps it undisposed. UserKey
// and Value point into the arena: they survive moves and last as long as the memtable.

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Engine.Memory;

internal sealed unsafe class MemTableCursor
{
    private MemTable? _memTable;
    private OrderedIndex? _order;
    private EntryNode* _node;

    /// <summary>Whether the cursor stands on an entry.</summary>
    public bool IsValid
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _node != null;
    }

    /// <summary>The user key of the entry. Requires: IsValid, as all below.</summary>
    public ReadOnlySpan<byte> UserKey
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => EntryNode.UserKey(Current);
    }

    /// <summary>InternalKey.Head8 of the user key.</summary>
    public ulong Head
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Current->Head;
    }

    public ulong Tag
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Current->Tag;
    }

    public ReadOnlySpan<byte> Value
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => EntryNode.Value(Current).Span;
    }

    /// <summary>The value for those who keep it in a field.</summary>
    public NativeSlice ValueSlice
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => EntryNode.Value(Current);
    }

    // Safety, for every use of the node: it lives as long as the arena, which _memTable keeps.
    private EntryNode* Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            Debug.Assert(_node != null, "a cursor that stands nowhere has no entry");
            return _node;
        }
    }

    /// <summary>Binds the cursor to a memtable; it stands nowhere.</summary>
    public void Reset(MemTable memTable)
    {
        _memTable = memTable;
        _order = null;
        _node = null;
    }

    /// <summary>Lets go of the memtable, for a cursor that goes back to its pool.</summary>
    public void Clear()
    {
        _memTable = null;
        _order = null;
        _node = null;
    }

    /// <summary>Goes to the first entry. Each move returns IsValid.</summary>
    public bool SeekToFirst() => HasOrder() && StandOnForward(_order.First());

    /// <summary>Goes to the last entry.</summary>
    public bool SeekToLast() => HasOrder() && StandOnBackward(_order.Last());

    /// <summary>Goes to the first entry at or after (key, tag).</summary>
    public bool Seek(ReadOnlySpan<byte> userKey, ulong tag) =>
        HasOrder() && StandOnForward(_order.AtOrAfter(userKey, tag));

    /// <summary>Goes to the last entry at or before (key, tag).</summary>
    public bool SeekForPrevious(ReadOnlySpan<byte> userKey, ulong tag) =>
        HasOrder() && StandOnBackward(_order.AtOrBefore(userKey, tag));

    /// <summary>Goes to the next entry. Requires: IsValid.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Next() => StandOnForward(EntryNode.NextOf(Current));

    /// <summary>Goes to the entry before. Requires: IsValid.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Previous()
    {
        Debug.Assert(_order != null, "a cursor on an entry has its order");
        return StandOnBackward(_order.Before(Current));
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
        _node = null;
        return _order != null;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool StandOnForward(EntryNode* node)
    {
        _node = node;
        if (node == null)
            return false;
        if (Sse.IsSupported)
            PrefetchAhead(node);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool StandOnBackward(EntryNode* node)
    {
        _node = node;
        if (node == null)
            return false;
        if (Sse.IsSupported)
            Sse.Prefetch0((void*)node->Previous);
        return true;
    }

    /// <summary>
    /// Brings in the next entry while the caller works on this one, and by the upper links, which
    /// lead two and four entries on as a rule, those behind it. Entries lie in the order of their
    /// coming, so a scan without this waits for memory at each (500,000 random keys: 1.4 to 2
    /// times as long, compared with Previous in the same run, which only knows its neighbour).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PrefetchAhead(EntryNode* node)
    {
        // Safety: a prefetch reads nothing; it may name any address, even none.
        NodeLink* link = EntryNode.LinkAt(node, 0);
        PrefetchEntry((byte*)link->Next);
        if (node->Height > 1)
            PrefetchEntry((byte*)link[1].Next);
        if (node->Height > 2)
            PrefetchEntry((byte*)link[2].Next);
    }

    /// <summary>Two cache lines: links and key, and the beginning of the value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PrefetchEntry(byte* node)
    {
        Sse.Prefetch0(node);
        Sse.Prefetch0(node + 64);
    }
}
