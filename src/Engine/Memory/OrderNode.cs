// A node of the ordered index of a memtable: up to 14 entries, 192 bytes, three cache lines.
//
//   offset   0  order, 8 bytes        (published: which slots hold entries, in which order)
//            8  heads, 14 x 8 bytes   (eight bytes of each entry's key, from byte 8 x skip on)
//          120  references, 14 x 4    (leaf: key cell; inner node: child; published)
//          176  next leaf, 4 bytes    (arena reference; 0 = none; published)
//          180  previous leaf, 4      (likewise)
//          184  low, 4 bytes          (key cell of the lower bound; 0 = no bound)
//          188  level, 4 bytes        (0 = leaf)
//
//   order:  bits 0-3 the number of entries   bits 4-7 skip   then 4 bits an entry: its slot
//
// A new entry goes to a free slot and becomes part of the node by one store of the order. So
// whoever has loaded the order has a snapshot of the node that nothing changes any more, and
// never waits. A slot once used keeps its head; the reference of an inner node's slot is
// replaced when the child was.
//
// Skip: all keys that can come to a node lie between its lower and its upper bound and so share
// the bytes that the bounds share. The heads begin behind them, in steps of eight bytes, so that
// heads tell keys apart however long the prefix is that they have in common.
//
// Threads: one writer, any number of readers.
// Source: the order word is the permutation of Masstree (Mao, Kohler, Morris 2012).

using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Memory;

/// <summary>Where entries stand in a node. A value: a snapshot.</summary>
internal readonly struct NodeOrder(ulong word)
{
    public const int SkipMax = 15;

    private const int FirstSlotBit = 8;
    private const int SlotBits = 4;
    private const ulong SlotMask = 15;

    public ulong Word { get; } = word;

    public int Count => (int)(Word & SlotMask);

    /// <summary>Words of eight bytes that all keys of the node share.</summary>
    public int Skip => (int)((Word >> 4) & SlotMask);

    /// <summary>No entry yet.</summary>
    public static NodeOrder Empty(int skip) => new((ulong)skip << 4);

    /// <summary>Entries 0.. in the slots of the same number.</summary>
    public static NodeOrder Straight(int count, int skip)
    {
        Debug.Assert(count is >= 0 and <= OrderNode.EntriesMax, "a node has its slots");
        Debug.Assert(skip is >= 0 and <= SkipMax, "the skip fits its bits");
        ulong slots = 0xDCBA_9876_5432_10UL & ((1UL << (count * SlotBits)) - 1);
        return new NodeOrder((slots << FirstSlotBit) | ((uint)skip << 4) | (uint)count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int SlotAt(int position)
    {
        Debug.Assert((uint)position < (uint)Count, "the entry is there");
        return (int)((Word >> (FirstSlotBit + position * SlotBits)) & SlotMask);
    }

    /// <summary>One entry more, in the next free slot.</summary>
    public NodeOrder Insert(int position)
    {
        int count = Count;
        Debug.Assert((uint)position <= (uint)count && count < OrderNode.EntriesMax, "it fits");
        int bit = FirstSlotBit + position * SlotBits;
        ulong below = (1UL << bit) - 1;
        ulong word = (Word & below) | ((Word & ~below) << SlotBits) | ((ulong)count << bit);
        return new NodeOrder(word + 1);
    }

    /// <summary>The position of a slot that is used.</summary>
    public int PositionOf(int slot)
    {
        int position = 0;
        while (SlotAt(position) != slot)
            position++;
        return position;
    }
}

internal unsafe struct OrderNode
{
    public const int EntriesMax = 14;
    public const int Bytes = 192;

    public ulong Order;
    public fixed ulong Heads[EntriesMax];
    public fixed uint References[EntriesMax];
    public uint Next;
    public uint Previous;
    public uint Low;
    public int Level;

    // Safety: for every member below, the node came from a published reference or from the
    // writer's allocation; the caller keeps the arena; a slot is below EntriesMax.

    /// <summary>The order as of now. Acquire: what it names may be read after it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NodeOrder OrderOf(OrderNode* node) => new(Volatile.Read(ref node->Order));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ReferenceAt(OrderNode* node, int slot) =>
        Volatile.Read(ref node->References[slot]);

    /// <summary>Adds an entry to a node that has room. Publishes it.</summary>
    public static void Insert(OrderNode* node, int position, ulong head, uint reference)
    {
        NodeOrder order = new(node->Order);
        int slot = order.Count;
        node->Heads[slot] = head;
        node->References[slot] = reference;
        // Publication: release, after head and reference.
        Volatile.Write(ref node->Order, order.Insert(position).Word);
    }

    /// <summary>
    /// How many entries have a smaller head, and how many the same: those are next to each other
    /// in the order, and only their keys tell more.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int CountBelow(OrderNode* node, NodeOrder order, ulong head, out int equal)
    {
        Vector256<ulong> sought = Vector256.Create(head);
        ulong* heads = node->Heads;
        Vector256<ulong> first = Vector256.Load(heads);
        Vector256<ulong> second = Vector256.Load(heads + 4);
        Vector256<ulong> third = Vector256.Load(heads + 8);
        Vector128<ulong> fourth = Vector128.Load(heads + 12);
        uint used = (1u << order.Count) - 1;
        uint same = Vector256.Equals(first, sought).ExtractMostSignificantBits()
            | (Vector256.Equals(second, sought).ExtractMostSignificantBits() << 4)
            | (Vector256.Equals(third, sought).ExtractMostSignificantBits() << 8)
            | (Vector128.Equals(fourth, sought.GetLower()).ExtractMostSignificantBits() << 12);
        uint below = Vector256.LessThan(first, sought).ExtractMostSignificantBits()
            | (Vector256.LessThan(second, sought).ExtractMostSignificantBits() << 4)
            | (Vector256.LessThan(third, sought).ExtractMostSignificantBits() << 8)
            | (Vector128.LessThan(fourth, sought.GetLower()).ExtractMostSignificantBits() << 12);
        equal = BitOperations.PopCount(same & used);
        return BitOperations.PopCount(below & used);
    }

    /// <summary>The eight bytes of a key by which a node with this skip orders it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong HeadAt(ReadOnlySpan<byte> userKey, int skip)
    {
        Debug.Assert(userKey.Length >= skip * sizeof(ulong), "the bounds share the skipped bytes");
        return InternalKey.Head8(userKey[(skip * sizeof(ulong))..]);
    }

    /// <summary>Asks for all of a node.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(OrderNode* node)
    {
        if (!Sse.IsSupported)
            return;
        Sse.Prefetch0(node);
        Sse.Prefetch0((byte*)node + 64);
        Sse.Prefetch0((byte*)node + 128);
    }
}
