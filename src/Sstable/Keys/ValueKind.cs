// What an entry means. The numbers are on disk, in logs and in tables, for ever: a kind may be
// added, never renumbered. Most kinds beyond Put are reserved; a reader that meets one it does not
// serve reports damage rather than guess.

namespace LsmMmap.Sstable.Keys;

internal enum ValueKind : byte
{
    /// <summary>A tombstone: the key is absent as of this sequence.</summary>
    Delete = 0,

    /// <summary>The value stands in the entry.</summary>
    Put = 1,

    /// <summary>Reserved: an operand of a merge operator.</summary>
    Merge = 2,

    /// <summary>A tombstone over a range of keys; the value is the range's end. Never an entry
    /// of a block of data.</summary>
    RangeDelete = 3,

    /// <summary>Reserved: a tombstone that annihilates with exactly one Put.</summary>
    SingleDelete = 4,

    /// <summary>Reserved: the value lives in a value log.</summary>
    BlobReference = 5,

    /// <summary>A Put that is absent from a moment on, which stands in front of the value
    /// (<see cref="Expiry"/>).</summary>
    PutWithExpiry = 6,
}
