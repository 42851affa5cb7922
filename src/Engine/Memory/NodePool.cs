// Nodes of the ordered index, cut from slabs of the arena so that each begins at a cache line. A
// slab holds about as many nodes as there are already, so that a small memtable stays small.
// Threads: the writer.

using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace LsmMmap.Engine.Memory;

internal sealed unsafe class NodePool(Arena arena)
{
    private const int SlabNodesMax = 256;
    private const int CacheLineBytes = 64;

    private byte* _free;
    private uint _freeReference;
    private int _freeCount;
    private int _takenCount;

    /// <summary>Makes sure that so many nodes can be taken. Throws OutOfMemoryException before
    /// anything changed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Reserve(int count)
    {
        if (_freeCount < count)
            AddSlab(count);
    }

    /// <summary>A node without entries, which nobody knows. Requires: it was reserved.</summary>
    public OrderNode* Take(int level, uint low, out uint reference)
    {
        Debug.Assert(_freeCount > 0, "room was made for it");
        // Safety: the slab has _freeCount nodes from here on.
        OrderNode* node = (OrderNode*)_free;
        reference = _freeReference;
        _free += OrderNode.Bytes;
        _freeReference += OrderNode.Bytes / Arena.Alignment;
        _freeCount--;
        _takenCount++;
        node->Order = NodeOrder.Empty(skip: 0).Word;
        node->Next = 0;
        node->Previous = 0;
        node->Low = low;
        node->Level = level;
        return node;
    }

    private void AddSlab(int needed)
    {
        int count = Math.Max(needed, Math.Min(_takenCount, SlabNodesMax));
        byte* slab = arena.Allocate(
            count * OrderNode.Bytes + CacheLineBytes, out uint reference);
        // Safety: the slack holds what aligning to a cache line takes.
        long skipped = -(long)slab & (CacheLineBytes - 1);
        _free = slab + skipped;
        _freeReference = reference + (uint)(skipped / Arena.Alignment);
        _freeCount = count;
    }
}
