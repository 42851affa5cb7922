// From a user key to its cell: a hash table beside the order, so that a point lookup in the
// memtable, above all one that misses, costs about one cache line instead of a search, and an
// overwrite never touches the order. It costs 21 to 43 bytes of native memory a key.
//
//   table:  mask (8 bytes)   slot 0   slot 1 ...   slot mask
//   slot:   upper 32 bits of the key's hash | 32-bit arena reference of the cell; 0 = empty
//
// Open addressing, linear probing, at most three quarters full, doubled when fuller; a memtable
// after another one begins with as many slots as that one ended with, because doubling half a
// million of them takes milliseconds, and one commit waits for it. A slot is one
// word, so it is read and written whole; hash bits in it answer nearly every mismatch without
// touching a cell, and place the slot in the next table without touching the key.
//
// Publication. A slot is written with release after its cell is filled; a table is published with
// release after it is filled. A reader may look into an outgrown table and miss what was added
// since: it may, because it took its sequence before it loaded the table, and the sequence of an
// entry is published only after its key stands in the newest table.
//
// Invariants: a user key has at most one slot; a slot once used never changes; some slot is
// always empty, so probing ends. Outgrown tables stay in the arena, together no larger than the
// current one.
// Threads: one writer, any number of readers, no lock.

using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace LsmMmap.Engine.Memory;

internal sealed unsafe class KeyIndex
{
    private const int SlotsFirst = 64;
    private const int ClearedSlotsMin = 8192;

    private readonly Arena _arena;
    private nint _table;
    private long _count;

    /// <summary>An empty table with room for so many keys. The arena stays the caller's.
    /// </summary>
    public KeyIndex(Arena arena, long expectedKeys = 0)
    {
        Debug.Assert(expectedKeys <= 1L << 31, "so many keys fit no memtable");
        _arena = arena;
        ulong slots = BitOperations.RoundUpToPowerOf2((ulong)expectedKeys / 3 * 4 + SlotsFirst);
        _table = (nint)NewTable(slots);
    }

    /// <summary>Keys added. Any thread.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>The cell of a user key, or null. Any thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public KeyCell* Find(ReadOnlySpan<byte> userKey, ulong hash) =>
        Find((ulong*)Volatile.Read(ref _table), userKey, hash, out _);

    /// <summary>Asks for the slot that a lookup of this hash begins with. Any thread.</summary>
    public void Prefetch(ulong hash)
    {
        Debug.Assert(_table != 0, "the first table is made with the index");
        if (!Sse.IsSupported)
            return;
        // Safety: the position is masked to the slots; a prefetch reads nothing.
        ulong* table = (ulong*)Volatile.Read(ref _table);
        Sse.Prefetch0(table + 1 + ((hash >> 32) & *table));
    }

    /// <summary>
    /// The same for the writer, with the slot that stands or will stand for the key.
    /// Requires: MakeRoom.
    /// </summary>
    public KeyCell* FindForAdd(ReadOnlySpan<byte> userKey, ulong hash, out ulong* slot)
    {
        Debug.Assert((ulong)_count < *(ulong*)_table, "MakeRoom came before");
        return Find((ulong*)_table, userKey, hash, out slot);
    }

    /// <summary>Makes sure that one more key has a slot. Throws OutOfMemoryException before
    /// anything changed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MakeRoom()
    {
        // Safety: the first word of a table is its mask.
        ulong slots = *(ulong*)_table + 1;
        if ((ulong)_count >= slots / 4 * 3)
            Grow(slots * 2);
    }

    /// <summary>Makes the cell of a new key known, in the slot found for it.</summary>
    public void Publish(ulong* slot, ulong hash, uint reference)
    {
        Debug.Assert(reference != 0, "an empty slot is zero, a used one is not");
        Debug.Assert(*slot == 0, "a slot once used stays the same key's");
        // Safety: the slot was found in the current table, which lives as long as the arena.
        Volatile.Write(ref _count, _count + 1);
        Volatile.Write(ref *slot, (hash >> 32 << 32) | reference);
    }

    private KeyCell* Find(
        ulong* table, ReadOnlySpan<byte> userKey, ulong hash, out ulong* slot)
    {
        ulong mask = *table;
        ulong hashBits = hash >> 32;
        // Safety: the position is masked to the slots that the table was made with.
        for (ulong position = hashBits; ; position++)
        {
            slot = table + 1 + (position & mask);
            ulong content = Volatile.Read(ref *slot);
            if (content == 0)
                return null;
            if (content >> 32 != hashBits)
                continue;
            KeyCell* cell = (KeyCell*)_arena.Resolve((uint)content);
            if (KeyCell.UserKey(cell).SequenceEqual(userKey))
                return cell;
        }
    }

    private void Grow(ulong slots)
    {
        ulong* larger = NewTable(slots);
        ulong* smaller = (ulong*)_table;
        ulong mask = *larger;
        // Safety: both loops stay inside the tables by their masks.
        for (ulong old = 0; old <= *smaller; old++)
        {
            ulong content = smaller[1 + old];
            if (content == 0)
                continue;
            ulong position = content >> 32;
            while (larger[1 + (position & mask)] != 0)
                position++;
            larger[1 + (position & mask)] = content;
        }

        Volatile.Write(ref _table, (nint)larger);
    }

    private ulong* NewTable(ulong slots)
    {
        Debug.Assert(ulong.IsPow2(slots), "a mask selects a slot");
        Debug.Assert(slots <= 1UL << 32, "the hash bits in a slot reach every slot");
        long bytes = (long)(slots + 1) * sizeof(ulong);
        bool isLarge = slots >= ClearedSlotsMin;
        ulong* table = (ulong*)(isLarge
            ? _arena.AllocateCleared(bytes) : _arena.Allocate(bytes, out _));
        // Safety: the arena hands out exactly these bytes, and nobody knows them yet.
        if (!isLarge)
            new Span<byte>(table, (int)bytes).Clear();
        *table = slots - 1;
        return table;
    }
}
