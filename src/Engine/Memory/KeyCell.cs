// One user key of a memtable with its versions, as they lie in the arena.
//
//   key cell      offset  0  newest version, 4 bytes      (arena reference; published)
//                         4  key length, 2 bytes; two bytes unused
//                         8  user key, then padding to eight bytes
//                         .  the key's first version
//   version       offset  0  tag, 8 bytes                 (sequence and kind)
//                         8  older version, 4 bytes       (arena reference; 0 = none; published)
//                        12  jump, 4 bytes                (arena reference; 0 = none)
//                        16  value length, 4 bytes
//                        20  depth, 4 bytes               (0 = the key's first version)
//                        24  value
//
// A key is stored once. Its first version lies behind it, so that a key that is never overwritten
// costs one run of memory to write and to read; later versions are runs of their own. The versions
// are a list, newest first. The jump of a version leads to one that is older by a distance made
// for it, so that the newest version at or below a tag is found in O(log n) steps however often
// the key was overwritten.
//
// Invariants: key, tag, value and jump are final before the version is published; tags only fall
// along Older and along Jump; a cell has a version from the moment it can be found.
// Threads: one writer; any thread that found the cell through a published reference.
// Source of the jumps: Myers, "An applicative random-access stack", 1983.

using System.Diagnostics;
using System.Runtime.CompilerServices;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Engine.Memory;

/// <summary>The fixed part of a version; the value follows it in memory.</summary>
internal unsafe struct EntryVersion
{
    public ulong Tag;
    public uint Older;
    public uint Jump;
    public int ValueBytes;
    public int Depth;

    // Safety: for both members, the version came from a published reference or from the writer's
    // allocation, which had room for the value; the caller keeps the arena.

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeSlice Value(EntryVersion* version) =>
        new((byte*)(version + 1), version->ValueBytes);

    public static void Fill(EntryVersion* version, ulong tag, ReadOnlySpan<byte> value)
    {
        *version = new EntryVersion { Tag = tag, ValueBytes = value.Length };
        value.CopyTo(new Span<byte>(version + 1, value.Length));
    }
}

/// <summary>The fixed part of a key; the key and its first version follow it in memory.</summary>
internal unsafe struct KeyCell
{
    public uint Newest;
    public ushort KeyBytes;

    // Safety: for every member below, the cell came from a published reference or from the
    // writer's allocation, and every version from a reference that stands in the cell or in a
    // version of it; the caller keeps the arena.

    /// <summary>Bytes of a cell with its first version.</summary>
    public static long SizeOf(int keyBytes, int valueBytes) =>
        FirstOffset(keyBytes) + sizeof(EntryVersion) + (long)valueBytes;

    /// <summary>Fills a new cell and its first version. Nobody else knows of it yet.</summary>
    public static void Fill(
        KeyCell* cell, uint reference, ReadOnlySpan<byte> userKey, ulong tag,
        ReadOnlySpan<byte> value)
    {
        int offset = FirstOffset(userKey.Length);
        cell->Newest = reference + (uint)(offset / Arena.Alignment);
        cell->KeyBytes = (ushort)userKey.Length;
        userKey.CopyTo(new Span<byte>((byte*)cell + sizeof(KeyCell), userKey.Length));
        EntryVersion.Fill((EntryVersion*)((byte*)cell + offset), tag, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ReadOnlySpan<byte> UserKey(KeyCell* cell) =>
        new((byte*)cell + sizeof(KeyCell), cell->KeyBytes);

    /// <summary>The newest version. Acquire.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EntryVersion* NewestOf(KeyCell* cell, Arena arena) =>
        (EntryVersion*)arena.Resolve(Volatile.Read(ref cell->Newest));

    /// <summary>The version before in time, or null. Acquire.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EntryVersion* OlderOf(EntryVersion* version, Arena arena)
    {
        uint older = Volatile.Read(ref version->Older);
        return older == 0 ? null : (EntryVersion*)arena.Resolve(older);
    }

    /// <summary>The oldest version.</summary>
    public static EntryVersion* OldestOf(KeyCell* cell, Arena arena)
    {
        EntryVersion* oldest = (EntryVersion*)((byte*)cell + FirstOffset(cell->KeyBytes));
        while (OlderOf(oldest, arena) is var older && older != null)
            oldest = older;
        return oldest;
    }

    /// <summary>The newest version with at most this tag, or null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EntryVersion* AtOrBelow(KeyCell* cell, ulong tag, Arena arena)
    {
        EntryVersion* newest = NewestOf(cell, arena);
        if (newest->Tag <= tag)
            return newest;
        EntryVersion* version = OlderOf(AtOrAbove(newest, tag + 1, arena), arena);
        // One that was put in between since, above the tag.
        while (version != null && version->Tag > tag)
            version = OlderOf(version, arena);
        return version;
    }

    /// <summary>The oldest version with at least this tag, or null.</summary>
    public static EntryVersion* AtOrAbove(KeyCell* cell, ulong tag, Arena arena)
    {
        EntryVersion* newest = NewestOf(cell, arena);
        return newest->Tag < tag ? null : AtOrAbove(newest, tag, arena);
    }

    /// <summary>
    /// Puts a version into the list of its key: on top, unless a newer one was added before it,
    /// which happens in no commit order but is allowed.
    /// </summary>
    public static void Push(
        KeyCell* cell, EntryVersion* version, uint reference, Arena arena)
    {
        EntryVersion* newer = AtOrAbove(cell, version->Tag, arena);
        Debug.Assert(newer == null || newer->Tag != version->Tag, "(key, tag) is unique");
        ref uint link = ref newer == null ? ref cell->Newest : ref newer->Older;
        version->Older = link;
        if (version->Older != 0)
            SetJump(version, (EntryVersion*)arena.Resolve(version->Older), arena);
        // Publication: release, after the version is whole.
        Volatile.Write(ref link, reference);
    }

    private static EntryVersion* AtOrAbove(EntryVersion* version, ulong tag, Arena arena)
    {
        Debug.Assert(version->Tag >= tag, "the search begins at or above what it looks for");
        while (true)
        {
            if (version->Jump != 0)
            {
                EntryVersion* jump = (EntryVersion*)arena.Resolve(version->Jump);
                if (jump->Tag >= tag)
                {
                    version = jump;
                    continue;
                }
            }

            EntryVersion* older = OlderOf(version, arena);
            if (older == null || older->Tag < tag)
                return version;
            version = older;
        }
    }

    /// <summary>Where the two last jumps were equally long, one jump over both; else one step.
    /// </summary>
    private static void SetJump(EntryVersion* version, EntryVersion* older, Arena arena)
    {
        version->Depth = older->Depth + 1;
        version->Jump = version->Older;
        if (older->Jump == 0)
            return;
        EntryVersion* jump = (EntryVersion*)arena.Resolve(older->Jump);
        if (jump->Jump == 0)
            return;
        EntryVersion* far = (EntryVersion*)arena.Resolve(jump->Jump);
        if (older->Depth - jump->Depth == jump->Depth - far->Depth)
            version->Jump = jump->Jump;
    }

    private static int FirstOffset(int keyBytes) =>
        (sizeof(KeyCell) + keyBytes + (Arena.Alignment - 1)) & -Arena.Alignment;
}
