// The part of the ordered index that replaces nodes: full ones by two, and those on the tree's
// edges when a key comes that does not share what all keys shared before.
// Threads: the writer. Rules of publication: see OrderedIndex.cs.

using System.Diagnostics;

namespace LsmMmap.Engine.Memory;

internal sealed unsafe partial class OrderedIndex
{
    /// <summary>Rule 2 and 3: replaces the full leaf, and full parents, each by two nodes.
    /// </summary>
    private void Split(int position, ulong head, uint cell)
    {
        // Safety: here and below, nodes come from the writer's path or from the pool, and live as
        // long as the arena; positions stay below the entries of a node, or of the split.
        OrderNode* leaf = _path[0].Node;
        int levels = ((OrderNode*)_root)->Level + 1;
        // Where keys come in ascending order, the left nodes stay full.
        bool isAscending = position == OrderNode.EntriesMax
            && EndsWithLast(leaf, new NodeOrder(leaf->Order));
        _split->Begin(position, head, cell);
        for (int level = 0; ; level++)
        {
            OrderNode* full = _path[level].Node;
            MakeHalves(level, levels, full, isAscending);
            if (level == 0)
                LinkLeaves(full);
            if (level + 1 == levels)
            {
                NewRoot(levels);
                break;
            }

            ref PathStep parent = ref _path[level + 1];
            NodeOrder order = new(parent.Node->Order);
            ulong middle = OrderNode.HeadAt(KeyAt(_split->Right->Low), order.Skip);
            if (order.Count < OrderNode.EntriesMax)
            {
                int slot = order.SlotAt(parent.Position);
                OrderNode.Insert(
                    parent.Node, parent.Position + 1, middle, _split->RightReference);
                Volatile.Write(ref parent.Node->References[slot], _split->LeftReference);
                break;
            }

            _split->Climb(parent.Position, middle);
        }

        _pathHolds = false;
    }

    private void MakeHalves(int level, int levels, OrderNode* full, bool isAscending)
    {
        NodeOrder order = new(full->Order);
        _split->Gather(full, order);
        bool isAtEnd = isAscending && _split->Position == OrderNode.EntriesMax;
        int leftCount = isAtEnd ? OrderNode.EntriesMax : OrderNode.EntriesMax / 2;
        uint first = _split->References[leftCount];
        uint middle = level == 0 ? first : ((OrderNode*)_arena.Resolve(first))->Low;
        Debug.Assert(middle != 0, "only the first of all nodes has no bound");
        uint high = HighOf(level, levels);
        _split->Left = _pool.Take(level, full->Low, out _split->LeftReference);
        _split->Right = _pool.Take(level, middle, out _split->RightReference);
        Fill(_split->Left, 0, leftCount, order.Skip, SharedWords(full->Low, middle));
        Fill(_split->Right, leftCount, NodeSplit.Entries - leftCount, order.Skip,
            SharedWords(middle, high));
    }

    /// <summary>Fills a node that nobody knows yet with a part of the gathered entries.</summary>
    private void Fill(OrderNode* node, int from, int count, int oldSkip, int skip)
    {
        for (int i = 0; i < count; i++)
        {
            uint reference = _split->References[from + i];
            node->References[i] = reference;
            ulong head = _split->Heads[from + i];
            if (skip != oldSkip)
            {
                KeyCell* cell = LowerBound(node->Level, reference);
                head = cell == null ? 0 : OrderNode.HeadAt(KeyCell.UserKey(cell), skip);
            }

            node->Heads[i] = head;
        }

        node->Order = NodeOrder.Straight(count, skip).Word;
    }

    private void LinkLeaves(OrderNode* full)
    {
        OrderNode* left = _split->Left;
        OrderNode* right = _split->Right;
        left->Previous = full->Previous;
        left->Next = _split->RightReference;
        right->Previous = _split->LeftReference;
        right->Next = full->Next;
        // Publication: release, after both are whole.
        if (full->Previous != 0)
        {
            OrderNode* previous = (OrderNode*)_arena.Resolve(full->Previous);
            Volatile.Write(ref previous->Next, _split->LeftReference);
        }

        if (full->Next != 0)
        {
            OrderNode* next = (OrderNode*)_arena.Resolve(full->Next);
            Volatile.Write(ref next->Previous, _split->RightReference);
        }
    }

    private void NewRoot(int level)
    {
        Debug.Assert(level < LevelsMax, "references run out before levels");
        OrderNode* root = _pool.Take(level, low: 0, out _);
        root->References[0] = _split->LeftReference;
        root->Heads[0] = 0;
        root->References[1] = _split->RightReference;
        root->Heads[1] = OrderNode.HeadAt(KeyAt(_split->Right->Low), _shared);
        root->Order = NodeOrder.Straight(2, _shared).Word;
        Volatile.Write(ref _root, (nint)root);
    }

    /// <summary>The key cell that all keys of the path's node lie below; 0 where there is none.
    /// </summary>
    private uint HighOf(int level, int levels)
    {
        for (int above = level + 1; above < levels; above++)
        {
            OrderNode* node = _path[above].Node;
            NodeOrder order = new(node->Order);
            int next = _path[above].Position + 1;
            if (next < order.Count)
            {
                uint child = node->References[order.SlotAt(next)];
                return ((OrderNode*)_arena.Resolve(child))->Low;
            }
        }

        return 0;
    }

    /// <summary>What the keys between two bounds share: what the bounds do, or, where one is
    /// missing, what all keys of the tree share.</summary>
    private int SharedWords(uint low, uint high)
    {
        if (low == 0 || high == 0)
            return _shared;
        int bytes = KeyAt(low).CommonPrefixLength(KeyAt(high));
        return Math.Min(bytes / sizeof(ulong), NodeOrder.SkipMax);
    }

    /// <summary>
    /// Rule 6: the tree gets a key with which all keys share less than before. Both edges of the
    /// tree, the only nodes that have no bound on one side, are copied with the smaller skip.
    /// That happens at most SkipMax times.
    /// </summary>
    private void Narrow(int shared)
    {
        Debug.Assert(shared < _shared, "keys that come later share less");
        _shared = shared;
        OrderNode* left = (OrderNode*)_root;
        OrderNode* right = left;
        OrderNode* top = CopyEdges(left, right, out _, out _);
        Volatile.Write(ref _root, (nint)top);
        _pathHolds = false;
    }

    /// <summary>Copies the two outer nodes of a level and all below them; they may be one. The
    /// copy of the left one is returned. Levels are few, so it calls itself.</summary>
    private OrderNode* CopyEdges(
        OrderNode* left, OrderNode* right, out uint leftReference, out uint rightReference)
    {
        uint firstChild = 0;
        uint lastChild = 0;
        if (left->Level != 0)
        {
            NodeOrder lastOrder = new(right->Order);
            uint first = left->References[new NodeOrder(left->Order).SlotAt(0)];
            uint last = right->References[lastOrder.SlotAt(lastOrder.Count - 1)];
            CopyEdges(
                (OrderNode*)_arena.Resolve(first), (OrderNode*)_arena.Resolve(last),
                out firstChild, out lastChild);
        }

        OrderNode* leftCopy = Copy(
            left, firstChild, left == right ? lastChild : 0, out leftReference);
        OrderNode* rightCopy = leftCopy;
        rightReference = leftReference;
        if (left != right)
            rightCopy = Copy(right, 0, lastChild, out rightReference);
        if (left->Level == 0 && left != right)
            LinkEdges(left, right, leftCopy, leftReference, rightCopy, rightReference);
        return leftCopy;
    }

    /// <summary>A copy with the skip of the edges; a child that is given takes the place of the
    /// first or the last.</summary>
    private OrderNode* Copy(
        OrderNode* node, uint firstChild, uint lastChild, out uint reference)
    {
        NodeOrder order = new(node->Order);
        int count = order.Count;
        for (int position = 0; position < count; position++)
            _split->References[position] = node->References[order.SlotAt(position)];
        if (firstChild != 0)
            _split->References[0] = firstChild;
        if (lastChild != 0)
            _split->References[count - 1] = lastChild;
        OrderNode* copy = _pool.Take(node->Level, node->Low, out reference);
        Fill(copy, 0, count, oldSkip: -1, _shared);
        return copy;
    }

    private void LinkEdges(
        OrderNode* left, OrderNode* right, OrderNode* leftCopy, uint leftReference,
        OrderNode* rightCopy, uint rightReference)
    {
        bool areNeighbours = (OrderNode*)_arena.Resolve(left->Next) == right;
        leftCopy->Next = areNeighbours ? rightReference : left->Next;
        rightCopy->Previous = areNeighbours ? leftReference : right->Previous;
        if (areNeighbours)
            return;
        // Publication: release, after both are whole.
        OrderNode* second = (OrderNode*)_arena.Resolve(left->Next);
        Volatile.Write(ref second->Previous, leftReference);
        OrderNode* lastButOne = (OrderNode*)_arena.Resolve(right->Previous);
        Volatile.Write(ref lastButOne->Next, rightReference);
    }
}
