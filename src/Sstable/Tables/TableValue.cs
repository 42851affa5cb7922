// What a point lookup found. The value points into the mapping, or into a block that the caller
// got a reference to and releases.

using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Sstable.Tables;

internal struct TableValue
{
    /// <summary>Sequence and kind of the entry.</summary>
    public ulong Tag;

    /// <summary>The value; empty for a tombstone.</summary>
    public NativeSlice Value;

    /// <summary>
    /// Null when the value points into the mapping; else the caller releases it when done with the
    /// value.
    /// </summary>
    public InflatedBlock? Owner;

    public readonly ValueKind Kind => EntryTag.Kind(Tag);
}
