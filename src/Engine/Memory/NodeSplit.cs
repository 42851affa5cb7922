// The writer's desk while it replaces full nodes of the ordered index: the entries of the node and
// the one that did not fit, in order, and the two nodes made of them. It lies in the arena, so
// that it costs no stack and no managed memory.
// Threads: the writer.

using System.Diagnostics;

namespace LsmMmap.Engine.Memory;

internal unsafe struct NodeSplit
{
    /// <summary>Those of a full node and one more.</summary>
    public const int Entries = OrderNode.EntriesMax + 1;

    public fixed ulong Heads[Entries];
    public fixed uint References[Entries];
    public OrderNode* Left;
    public OrderNode* Right;
    public uint LeftReference;
    public uint RightReference;
    public int Position;
    private ulong _head;
    private uint _reference;
    private int _replaced;

    /// <summary>With a new key that did not fit into its leaf.</summary>
    public void Begin(int position, ulong head, uint cell)
    {
        Position = position;
        _head = head;
        _reference = cell;
        _replaced = -1;
    }

    /// <summary>Goes on one level higher, where the left node takes the place of the full one and
    /// the right one, whose head this is, did not fit behind it.</summary>
    public void Climb(int replaced, ulong head)
    {
        _replaced = replaced;
        Position = replaced + 1;
        _head = head;
        _reference = RightReference;
    }

    /// <summary>Takes the entries of a full node, with what replaces one and what is new.
    /// </summary>
    public void Gather(OrderNode* full, NodeOrder order)
    {
        Debug.Assert(order.Count == OrderNode.EntriesMax, "a node with room is not split");
        int to = 0;
        // Safety: positions stay below EntriesMax, and with the new entry below Entries.
        for (int position = 0; position < OrderNode.EntriesMax; position++)
        {
            if (position == Position)
                Put(to++, _head, _reference);
            int slot = order.SlotAt(position);
            uint reference = position == _replaced ? LeftReference : full->References[slot];
            Put(to++, full->Heads[slot], reference);
        }

        if (to == OrderNode.EntriesMax)
            Put(to, _head, _reference);
    }

    private void Put(int at, ulong head, uint reference)
    {
        Heads[at] = head;
        References[at] = reference;
    }
}
