// A point lookup in one table, in four steps that a caller may take for many keys in turn: each
// step asks memory for what the next one needs, so that the misses of different keys overlap. One
// key alone takes the steps one after the other and still overlaps the filter with the block.
//
//   Aim      filter's line asked for
//   Find     filter probed, block found in the index; its first lines asked for
//   Search   entry found in the block; its lines asked for
//   Take     key compared, value handed out
//
// Cost of a hit: one line of the filter, a binary search in the flat index (or one search in each
// level of the index in the file), the block's heads, the entry. No lock, no allocation; in
// compressed tables a reference to an inflated block, from the cache or made now.
// Threads: one; the caller keeps the table's bytes mapped.

using System.Diagnostics;
using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Sstable.Tables;

internal struct TableProbe
{
    private TableReader? _reader;
    private InflatedBlock? _owner;
    private NativeSlice _payload;
    private BlockHandle _handle;
    private int _index;

    /// <summary>Whether a step is still to be taken.</summary>
    public readonly bool IsOpen => _reader != null;

    /// <summary>First step: turns to a table, whose bytes stay mapped until the last step.
    /// </summary>
    /// <param name="reader">The table.</param>
    /// <param name="hash"><see cref="InternalKey.Hash"/> of the key.</param>
    public void Aim(TableReader reader, ulong hash)
    {
        Debug.Assert(!IsOpen, "a probe ends before it begins again");
        _reader = reader;
        if (reader.Source.IsDataMapped)
            reader.Source.PrefetchFilter(hash);
    }

    /// <summary>Second step. False: the table does not hold the key.</summary>
    /// <param name="userKey">Any bytes.</param>
    /// <param name="hash"><see cref="InternalKey.Hash"/> of the key.</param>
    /// <param name="seekTag"><see cref="EntryTag.SeekAt"/> of the reader's sequence.</param>
    /// <param name="isLikely">Whether the key is more likely to be here than not: then the block
    /// is looked for while the filter's line comes.</param>
    public bool Find(ReadOnlySpan<byte> userKey, ulong hash, ulong seekTag, bool isLikely)
    {
        Debug.Assert(IsOpen, "a probe aims before it finds");
        Debug.Assert(hash == InternalKey.Hash(userKey), "the hash belongs to the key");
        TableReader reader = _reader!;
        BlockSource source = reader.Source;
        // Only the flat index is searched ahead of the filter: it is in memory, while the index
        // in the file could cost a read that the filter would have spared.
        bool isAhead = isLikely && source.IsDataMapped && reader.HasFlatIndex;
        if (!isAhead && !source.MayContain(hash))
            return End();
        if (!reader.TryFindBlock(userKey, TagOf(seekTag), out _handle)
            || (isAhead && !source.MayContain(hash)))
            return End();
        if (source.IsDataMapped)
            source.PrefetchBlock(_handle);
        return true;
    }

    /// <summary>Between the second step and the third, for a caller with other keys to turn to:
    /// asks the disk for the block if it may have to come from there.</summary>
    public void Announce()
    {
        Debug.Assert(IsOpen, "a probe finds before it announces");
        if (!IsBlockAtHand())
            _reader!.Source.Bytes.Advise(_handle.Offset, _handle.Bytes);
    }

    /// <summary>Between the second step and the third: whether the third needs no disk.
    /// </summary>
    public bool IsBlockResident()
    {
        Debug.Assert(IsOpen, "a probe finds before it asks");
        return IsBlockAtHand()
            || _reader!.Source.Bytes.IsResident(_handle.Offset, _handle.Bytes);
    }

    /// <summary>Between the third step and the last: whether the last needs no disk.</summary>
    public readonly bool IsValueResident()
    {
        Debug.Assert(IsOpen, "a probe searches before it asks");
        var view = new BlockView(_payload.Span);
        return !view.TryDecode(_index, out BlockEntry entry) || !entry.IsApart
            || _reader!.Source.IsValueResident(view.ApartOffset(entry), entry.ValueBytes);
    }

    /// <summary>Third step. False: the table does not hold the key.</summary>
    public bool Search(ReadOnlySpan<byte> userKey, ulong seekTag)
    {
        Debug.Assert(IsOpen, "a probe finds before it searches");
        TableReader reader = _reader!;
        BlockSource source = reader.Source;
        if (source.IsDataMapped)
        {
            _payload = source.Mapped(_handle, BlockType.Data);
        }
        else
        {
            _owner ??= reader.AcquireOwned(_handle, mayInsert: true);
            _payload = _owner.Slice;
        }
        var view = new BlockView(_payload.Span);
        _index = view.Candidate(userKey, TagOf(seekTag));
        if (_index == view.Count)
        {
            End();
            if (_index == 0)
                ThrowBroken(source);
            return false;
        }
        view.PrefetchEntry(_index);
        return true;
    }

    /// <summary>Last step. True when the table holds the key, a tombstone included.</summary>
    public bool Take(ReadOnlySpan<byte> userKey, ulong seekTag, ref TableValue result)
    {
        Debug.Assert(IsOpen, "a probe searches before it takes");
        BlockSource source = _reader!.Source;
        var view = new BlockView(_payload.Span);
        if (!view.TryDecode(_index, out BlockEntry entry))
        {
            End();
            ThrowBroken(source);
        }
        // A tag above the target's is a version that the reader must not see yet.
        if (entry.Tag > seekTag || !view.KeyEquals(entry, userKey))
            return End();
        result.Tag = entry.Tag;
        if (entry.IsApart)
        {
            long offset = view.ApartOffset(entry);
            // A value apart brings an owner of its own.
            End();
            result.Value = source.Value(
                offset, entry.ValueBytes, fromFile: false, out result.Owner);
            return true;
        }
        result.Value = _payload.Slice(entry.ValueStart, entry.ValueBytes);
        result.Owner = _owner;
        _reader = null;
        _owner = null;
        return true;
    }

    /// <summary>Lets go of what the probe holds; always false. Allowed at any time.</summary>
    public bool End()
    {
        _owner?.Release();
        _owner = null;
        _reader = null;
        return false;
    }

    /// <summary>Whether the block was touched before, or is in the cache, from where it is taken.
    /// </summary>
    private bool IsBlockAtHand()
    {
        BlockSource source = _reader!.Source;
        return !source.MayWait(_handle) || (!source.IsDataMapped
            && (_owner = _reader.TryAcquireCached(_handle)) != null);
    }

    /// <summary>No entry carries the largest tag, but separators do: see KeySeparator.</summary>
    private static ulong TagOf(ulong seekTag) => Math.Min(seekTag, KeySeparator.TagMax - 1);

    private readonly void ThrowBroken(BlockSource source) =>
        source.ThrowDamage(_handle.Offset, "a block is broken that was whole before");
}
