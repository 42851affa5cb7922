// The order of a memtable: a B+-tree of user keys in an arena, one writer, any number of readers,
// no lock. Its entries are key cells; the versions of a key are the cell's own business, so an
// overwrite never comes here.
//
// Cost of a search among n keys: one node on each of about log10(n) levels, of which the upper
// ones stay in the processor's caches; in a node a comparison of all heads at once. Entries are
// touched only where heads are equal. No managed allocation.
//
// Publication. All writes to a node come before the release that makes it reachable, all reads of
// it after the acquire that found it.
//  1. A new entry becomes part of a node by one store of the node's order (see OrderNode).
//  2. A full node is not changed any more. Two new nodes take its entries and the new one: first
//     filled, then reachable from the neighbours, then the right one from the parent, then the
//     left one in place of the full node. Until then the full node says what was true before.
//  3. A parent without room is replaced by two in the same way, with the new children in place.
//  4. A reader that has a reference out of an inner node looks at the node's order again: if
//     that has not changed, the child is the one that the order meant. If it has, the child may be
//     the left half of what was meant, and the reader decides anew. It repeats only because the
//     writer has gone on, so it never waits for it.
//  5. Whoever stands in a replaced node finds there, and through its neighbours, all that was in
//     the tree when the node was replaced. So from a leaf that was current at some time a walk in
//     either direction meets every entry that was published before that time.
//  6. Nodes on the left and on the right edge of the tree have a bound on one side only. They skip
//     what all keys of the tree share, and a reader compares that part of its key once, at the
//     root. A key that shares less has both edges copied first, up to a new root; who is on the
//     old ones finds there what was before.
//
// Invariants: leaves from left to right hold all entries in the order of keys; the keys of a node
// are at or above its low and below the low of the node after it; nothing is freed before the
// arena; a node that is replaced is never written again.
// Source: the B+-tree; copying instead of moving on a split as in Bw-trees and LMDB, the order
// word of Masstree.

using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace LsmMmap.Engine.Memory;

internal sealed unsafe partial class OrderedIndex
{
    /// <summary>Levels of the highest tree: nodes are at least half full where they split, so
    /// the arena's references run out before the levels do.</summary>
    private const int LevelsMax = 16;

    private readonly Arena _arena;
    private readonly NodePool _pool;
    private readonly NodeSplit* _split;
    private readonly PathStep* _path;
    private nint _root;

    /// <summary>Where the writer stands, level 0 in _path[0]. The path is that of the key which
    /// was located last; it holds until a node is split.</summary>
    private bool _pathHolds;

    private uint _lastCell;

    /// <summary>Words of eight bytes that all keys share, and one of the keys.</summary>
    private int _shared;

    private uint _sample;

    /// <summary>An empty tree. The arena stays the caller's.</summary>
    public OrderedIndex(Arena arena)
    {
        _arena = arena;
        _path = (PathStep*)arena.Allocate(LevelsMax * sizeof(PathStep), out _);
        _split = (NodeSplit*)arena.Allocate(sizeof(NodeSplit), out _);
        _pool = new NodePool(arena);
        _pool.Reserve(1);
        _root = (nint)_pool.Take(level: 0, low: 0, out _);
    }

    /// <summary>Where the arena's bytes are found from references.</summary>
    public Arena Arena => _arena;

    private OrderNode* Root => (OrderNode*)Volatile.Read(ref _root);

    /// <summary>Makes sure that the next Insert needs no memory. Throws OutOfMemoryException
    /// before anything changed. The writer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MakeRoom()
    {
        // Copies of both edges, then a split on every level and a new root.
        _pool.Reserve(4 * ((OrderNode*)_root)->Level + 5);
    }

    /// <summary>Finds the leaf for a key and asks for its memory, for the Insert that follows or
    /// does not. The writer.</summary>
    public void Locate(ReadOnlySpan<byte> userKey)
    {
        if (_shared != 0)
            Share(userKey);
        if (_pathHolds && IsBehindLast(userKey))
            return;
        OrderNode* node = (OrderNode*)_root;
        // Plain loads: only the writer writes nodes.
        while (node->Level != 0)
        {
            int level = node->Level;
            NodeOrder order = new(node->Order);
            int position = ChildPosition(node, order, userKey);
            _path[level] = new PathStep { Node = node, Position = position };
            node = (OrderNode*)_arena.Resolve(node->References[order.SlotAt(position)]);
            OrderNode.Prefetch(node);
        }

        _path[0].Node = node;
        _pathHolds = true;
    }

    /// <summary>Asks for the leaf of a key that is going to be located soon. The writer.</summary>
    public void Prefetch(ReadOnlySpan<byte> userKey)
    {
        Debug.Assert(_root != 0, "the first node is made with the index");
        if (_pathHolds && IsBehindLast(userKey))
            return;
        OrderNode* node = (OrderNode*)_root;
        while (node->Level != 0)
        {
            // Safety: nodes live as long as the arena, and the slot comes from the node's own
            // order. A key that shares less than all others may be led astray, to some leaf.
            // The leaf itself is not looked at: that would be the wait.
            NodeOrder order = new(node->Order);
            bool isLast = node->Level == 1;
            node = (OrderNode*)_arena.Resolve(
                node->References[order.SlotAt(ChildPosition(node, order, userKey))]);
            OrderNode.Prefetch(node);
            if (isLast)
                return;
        }
    }

    /// <summary>Adds the cell of a key that is new. Requires: MakeRoom, and Locate of this key
    /// with no other Insert between. The writer.</summary>
    public void Insert(ReadOnlySpan<byte> userKey, uint cell)
    {
        Debug.Assert(_pathHolds, "the key was located");
        OrderNode* leaf = _path[0].Node;
        if (_sample == 0)
            BeginWith(leaf, userKey, cell);
        NodeOrder order = new(leaf->Order);
        ulong head = OrderNode.HeadAt(userKey, order.Skip);
        int position = EntryPosition(leaf, order, head, userKey);
        AssertBetween(leaf, order, position, userKey);
        if (order.Count < OrderNode.EntriesMax)
            OrderNode.Insert(leaf, position, head, cell);
        else
            Split(position, head, cell);
        _lastCell = cell;
    }

    /// <summary>The leaf and the place in it of the first key at or after the one given; the
    /// place may be behind the leaf's last entry.</summary>
    public OrderNode* AtOrAfter(ReadOnlySpan<byte> userKey, out NodeOrder order, out int position)
    {
        OrderNode* node = Root;
        // Safety: here and in all walks, nodes are freed only with the arena, which the caller
        // keeps, and slots come from a node's own order.
        order = OrderNode.OrderOf(node);
        if (order.Skip != 0 && CompareShared(userKey, order.Skip) is var side && side != 0)
        {
            node = OuterLeaf(node, isLast: side > 0);
            order = OrderNode.OrderOf(node);
            position = side > 0 ? order.Count : 0;
            return node;
        }

        while (node->Level != 0)
        {
            int child = ChildPosition(node, order, userKey);
            uint reference = OrderNode.ReferenceAt(node, order.SlotAt(child));
            // Rule 4.
            if (OrderNode.OrderOf(node).Word == order.Word)
            {
                node = (OrderNode*)_arena.Resolve(reference);
                OrderNode.Prefetch(node);
            }

            order = OrderNode.OrderOf(node);
        }

        position = EntryPosition(node, order, OrderNode.HeadAt(userKey, order.Skip), userKey);
        return node;
    }

    /// <summary>The first leaf.</summary>
    public OrderNode* FirstLeaf() => OuterLeaf(Root, isLast: false);

    /// <summary>The last leaf.</summary>
    public OrderNode* LastLeaf() => OuterLeaf(Root, isLast: true);

    /// <summary>The cell of an entry. Any thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public KeyCell* CellAt(OrderNode* leaf, int slot) =>
        (KeyCell*)_arena.Resolve(OrderNode.ReferenceAt(leaf, slot));

    private OrderNode* OuterLeaf(OrderNode* node, bool isLast)
    {
        while (node->Level != 0)
        {
            NodeOrder order = OrderNode.OrderOf(node);
            int position = isLast ? order.Count - 1 : 0;
            uint reference = OrderNode.ReferenceAt(node, order.SlotAt(position));
            // Rule 4.
            if (OrderNode.OrderOf(node).Word == order.Word)
                node = (OrderNode*)_arena.Resolve(reference);
        }

        return node;
    }

    /// <summary>The last child whose low is at or below the key; the first where none is.
    /// </summary>
    private int ChildPosition(OrderNode* node, NodeOrder order, ReadOnlySpan<byte> userKey)
    {
        ulong head = OrderNode.HeadAt(userKey, order.Skip);
        int position = OrderNode.CountBelow(node, order, head, out int equal);
        if (equal != 0)
            position = TiedPosition(node, order, position, equal, userKey);
        return Math.Max(position - 1, 0);
    }

    /// <summary>The first entry at or above the key.</summary>
    private int EntryPosition(
        OrderNode* leaf, NodeOrder order, ulong head, ReadOnlySpan<byte> userKey)
    {
        int position = OrderNode.CountBelow(leaf, order, head, out int equal);
        return equal == 0
            ? position : TiedPosition(leaf, order, position, equal, userKey);
    }

    /// <summary>Of entries whose heads decide nothing, the first above the key in an inner node,
    /// the first at or above it in a leaf.</summary>
    private int TiedPosition(
        OrderNode* node, NodeOrder order, int position, int count, ReadOnlySpan<byte> userKey)
    {
        int end = position + count;
        while (position < end)
        {
            int middle = (position + end) >>> 1;
            KeyCell* cell = LowerBound(
                node->Level, OrderNode.ReferenceAt(node, order.SlotAt(middle)));
            int compared = cell == null
                ? -1 : KeyCell.UserKey(cell).SequenceCompareTo(userKey);
            if (compared < 0 || (compared == 0 && node->Level != 0))
                position = middle + 1;
            else
                end = middle;
        }

        return position;
    }

    /// <summary>The smallest key that an entry of a node stands for: its own cell in a leaf, the
    /// low of the child in an inner node; null where there is no bound.</summary>
    private KeyCell* LowerBound(int level, uint reference)
    {
        uint cell = level == 0 ? reference : ((OrderNode*)_arena.Resolve(reference))->Low;
        return cell == 0 ? null : (KeyCell*)_arena.Resolve(cell);
    }

    /// <summary>Which side of all keys of the tree this key is on, judged by as many words as
    /// they share: 0 when it shares them too.</summary>
    private int CompareShared(ReadOnlySpan<byte> userKey, int words)
    {
        int bytes = words * sizeof(ulong);
        ReadOnlySpan<byte> prefix = userKey[..Math.Min(userKey.Length, bytes)];
        return prefix.SequenceCompareTo(KeyAt(_sample)[..bytes]);
    }

    /// <summary>Before a key is inserted: sees to it that all keys share what _shared says.
    /// </summary>
    private void Share(ReadOnlySpan<byte> userKey)
    {
        int words = userKey.CommonPrefixLength(KeyAt(_sample)) / sizeof(ulong);
        if (words < _shared)
            Narrow(words);
    }

    /// <summary>With the first key: so far it shares all of itself.</summary>
    private void BeginWith(OrderNode* root, ReadOnlySpan<byte> userKey, uint cell)
    {
        Debug.Assert(new NodeOrder(root->Order).Count == 0, "it is the first key");
        _sample = cell;
        _shared = Math.Min(userKey.Length / sizeof(ulong), NodeOrder.SkipMax);
        // Publication: release, so that who finds a skip finds the sample.
        Volatile.Write(ref root->Order, NodeOrder.Empty(_shared).Word);
    }

    /// <summary>Whether the key comes after the one inserted last, and that is the last of all:
    /// then it goes where that one went. This makes ascending keys cheap.</summary>
    private bool IsBehindLast(ReadOnlySpan<byte> userKey)
    {
        OrderNode* leaf = _path[0].Node;
        NodeOrder order = new(leaf->Order);
        if (leaf->Next != 0 || !EndsWithLast(leaf, order))
            return false;
        KeyCell* last = (KeyCell*)_arena.Resolve(_lastCell);
        return KeyCell.UserKey(last).SequenceCompareTo(userKey) < 0;
    }

    private bool EndsWithLast(OrderNode* leaf, NodeOrder order)
    {
        int count = order.Count;
        return count != 0 && leaf->References[order.SlotAt(count - 1)] == _lastCell;
    }

    private ReadOnlySpan<byte> KeyAt(uint cell) =>
        KeyCell.UserKey((KeyCell*)_arena.Resolve(cell));

    [Conditional("DEBUG")]
    private void AssertBetween(
        OrderNode* leaf, NodeOrder order, int position, ReadOnlySpan<byte> userKey)
    {
        Debug.Assert(
            position == 0
                || KeyAt(leaf->References[order.SlotAt(position - 1)])
                    .SequenceCompareTo(userKey) < 0,
            "a key stands after its predecessor");
        Debug.Assert(
            position == order.Count
                || KeyAt(leaf->References[order.SlotAt(position)])
                    .SequenceCompareTo(userKey) > 0,
            "a key stands before its successor, and is new");
    }
}

/// <summary>One level of the writer's way to a leaf: the node and, above level 0, the position of
/// the child in it.</summary>
internal unsafe struct PathStep
{
    public OrderNode* Node;
    public int Position;
}
