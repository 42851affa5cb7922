// One entry of a memtable as it lies in the arena, and one link of the skip list.
//
//   offset  0  head of the user key, 8 bytes      (InternalKey.Head8)
//           8  tag, 8 bytes                       (sequence and kind)
//          16  previous node on level 0, 8 bytes  (published, see OrderedIndex)
//          24  value length, 4 bytes
//          28  key length, 2 bytes
//          30  height, 1 byte; one byte unused
//          32  links, 16 bytes each, level 0 first
//           .  user key, then value
//
// A link carries the head of the node it leads to. A search decides from it whether to go there,
// and so touches only nodes that it passes through, never those it turns away from.
//
// Invariants: everything but Previous and the links is final before the node is published.
// Threads: the final fields may be read by any thread that found the node through a link; Previous
// and the links only through the members that say acquire, or by the writer.

using System.Diagnostics;
using System.Runtime.CompilerServices;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Engine.Memory;

/// <summary>The way to the next node of a level. No next node: head all ones, next zero.</summary>
internal struct NodeLink
{
    public ulong Head;
    public nint Next;
}

/// <summary>The fixed part of an entry; links, user key and value follow it in memory.</summary>
internal unsafe struct EntryNode
{
    /// <summary>Levels of the tallest node: enough for a million entries at one in two.</summary>
    public const int HeightMax = 20;

    public ulong Head;
    public ulong Tag;
    public nint Previous;
    public int ValueBytes;
    public ushort KeyBytes;
    public byte Height;

    /// <summary>Bytes of a whole node.</summary>
    public static long SizeOf(int height, int keyBytes, int valueBytes) =>
        sizeof(EntryNode) + (long)height * sizeof(NodeLink) + keyBytes + valueBytes;

    // Safety: for every member below, the node came from a link or from the writer's allocation,
    // which sized it by SizeOf with the lengths that stand in it; the caller keeps the arena.

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NodeLink* LinkAt(EntryNode* node, int level)
    {
        Debug.Assert((uint)level < node->Height, "a node has links below its height only");
        return (NodeLink*)(node + 1) + level;
    }

    /// <summary>The next node in order, or null. Acquire.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EntryNode* NextOf(EntryNode* node) =>
        (EntryNode*)Volatile.Read(ref LinkAt(node, 0)->Next);

    /// <summary>The previous node in order; the origin before the first one. Acquire.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EntryNode* PreviousOf(EntryNode* node) =>
        (EntryNode*)Volatile.Read(ref node->Previous);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* KeyStart(EntryNode* node) =>
        (byte*)((NodeLink*)(node + 1) + node->Height);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ReadOnlySpan<byte> UserKey(EntryNode* node) =>
        new(KeyStart(node), node->KeyBytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeSlice Value(EntryNode* node) =>
        new(KeyStart(node) + node->KeyBytes, node->ValueBytes);

    /// <summary>Whether the node holds a version of the user key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasKey(EntryNode* node, ulong head, ReadOnlySpan<byte> userKey) =>
        node->Head == head && UserKey(node).SequenceEqual(userKey);

    /// <summary>
    /// Whether the node stands strictly before (key, tag). Heads decide unless they are equal.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsBefore(
        EntryNode* node, ulong head, ReadOnlySpan<byte> userKey, ulong tag)
    {
        Debug.Assert(head == InternalKey.Head8(userKey), "the head belongs to the key");
        ulong nodeHead = node->Head;
        if (nodeHead != head)
            return nodeHead < head;
        return InternalKey.Compare(UserKey(node), node->Tag, userKey, tag) < 0;
    }
}
