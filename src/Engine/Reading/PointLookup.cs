// The newest visible version of one key: memtable, frozen memtables, level 0 newest first, then
// at most one table on each deeper level. The first source that knows the key decides, because
// every source is newer than the ones after it. What it found may lie under a range tombstone, of
// the same source or a younger one; that is asked last, and only where there are any.
//
// Cost: no allocation, no lock, no interface call. One hash of the key serves every filter on
// the way; a source that does not hold the key costs a filter probe (one cache line) at most.
// A caller that expects a hit has the last level look for the block while the filter's line
// comes, which hits gain from and misses pay for: see docs/adr/0018.

using System.Diagnostics;
using System.Runtime.CompilerServices;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Mapping;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Engine.Reading;

internal static class PointLookup
{
    /// <summary>True when the key has a value at the sequence. Then <paramref name="found"/>
    /// holds it, and <paramref name="ownerId"/> names whose bytes they are, unless
    /// found.Owner, a counted block, does. <paramref name="isLikely"/> says whether the key is
    /// rather there than not; a wrong guess costs time only. Requires: the view's state is
    /// pinned.</summary>
    public static bool TryGet(
        TreeView view, ReadOnlySpan<byte> key, ulong sequence, bool isLikely,
        ref TableValue found, out long ownerId)
    {
        Debug.Assert(sequence <= EntryTag.SequenceMax, "a sequence has 56 bits");
        return TryFind(view, key, sequence, isLikely, ref found, out ownerId)
            && (!view.HasRanges || IsVisible(view, key, sequence, ref found));
    }

    /// <summary>False, and the value let go, when a range tombstone hides it.</summary>
    public static bool IsVisible(
        TreeView view, ReadOnlySpan<byte> key, ulong sequence, ref TableValue found)
    {
        try
        {
            if (view.Covering(key, sequence) <= EntryTag.Sequence(found.Tag))
                return true;
        }
        catch
        {
            Release(ref found);
            throw;
        }
        Release(ref found);
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryFind(
        TreeView view, ReadOnlySpan<byte> key, ulong sequence, bool isLikely,
        ref TableValue found, out long ownerId)
    {
        ulong hash = InternalKey.Hash(key);
        ulong seekTag = EntryTag.SeekAt(sequence);
        if (TryGetFrom(view.Active, key, hash, seekTag, ref found))
        {
            ownerId = view.Active.Id;
            return IsValue(view, ref found);
        }
        foreach (LiveMemTable memTable in view.Frozen)
        {
            if (TryGetFrom(memTable, key, hash, seekTag, ref found))
            {
                ownerId = memTable.Id;
                return IsValue(view, ref found);
            }
        }
        TreeVersion version = view.Version;
        foreach (Table table in version.Tables(0))
        {
            if (table.Reader.TryGet(key, hash, seekTag, ref found))
            {
                ownerId = table.Id;
                return IsValue(view, ref found);
            }
        }
        ReadOnlySpan<int> levels = version.SortedLevels;
        for (int i = 0; i < levels.Length; i++)
        {
            ReadOnlySpan<Table> tables = version.Tables(levels[i]);
            int at = version.FindTable(levels[i], key);
            if (at < tables.Length && tables[at].Reader.TryGet(
                key, hash, seekTag, ref found, isLikely && i == levels.Length - 1))
            {
                ownerId = tables[at].Id;
                return IsValue(view, ref found);
            }
        }
        ownerId = 0;
        return false;
    }

    /// <summary>The part of a lookup that needs no table. True when a memtable knows the key;
    /// then <paramref name="isValue"/> says whether it has a value.</summary>
    public static bool TryGetFromMemory(
        TreeView view, ReadOnlySpan<byte> key, ulong hash, ulong sequence, ref TableValue found,
        out long ownerId, out bool isValue)
    {
        ulong seekTag = EntryTag.SeekAt(sequence);
        ownerId = view.Active.Id;
        bool isKnown = TryGetFrom(view.Active, key, hash, seekTag, ref found);
        for (int i = 0; i < view.Frozen.Length && !isKnown; i++)
        {
            ownerId = view.Frozen[i].Id;
            isKnown = TryGetFrom(view.Frozen[i], key, hash, seekTag, ref found);
        }
        isValue = isKnown && IsValue(view, ref found);
        return isKnown;
    }

    private static bool TryGetFrom(
        LiveMemTable memTable, ReadOnlySpan<byte> key, ulong hash, ulong seekTag,
        ref TableValue found)
    {
        if (memTable.Table.IsEmpty
            || !memTable.Table.TryGet(key, hash, seekTag, out ulong tag, out NativeSlice value))
            return false;
        found.Tag = tag;
        found.Value = value;
        found.Owner = null;
        return true;
    }

    /// <summary>Whether what was found is a value now. If not, it is let go.</summary>
    public static bool IsValue(TreeView view, ref TableValue found) =>
        EntryTag.Kind(found.Tag) == ValueKind.Put || IsLive(view, ref found);

    // Apart from the lookup, whose code it would make longer for every plain Put.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool IsLive(TreeView view, ref TableValue found) => IsLive(
        ref found, EntryTag.Kind(found.Tag) == ValueKind.PutWithExpiry ? view.NowMs : 0);

    /// <summary>The same for what is no plain Put, by a time: whether it expires later. Then the
    /// value is cut free of its own time.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool IsLive(ref TableValue found, long nowMs)
    {
        if (EntryTag.Kind(found.Tag) == ValueKind.PutWithExpiry
            && !Expiry.IsOver(found.Value.Span, nowMs))
        {
            found.Value = found.Value.Slice(Expiry.Bytes, found.Value.Length - Expiry.Bytes);
            return true;
        }
        Release(ref found);
        return false;
    }

    private static void Release(ref TableValue found)
    {
        found.Owner?.Release();
        found = default;
    }
}
