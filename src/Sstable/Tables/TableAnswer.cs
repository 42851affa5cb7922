// What a lookup that may not wait has learnt from one table.

namespace LsmMmap.Sstable.Tables;

internal enum TableAnswer
{
    /// <summary>The table does not hold the key.</summary>
    NotHere,

    /// <summary>It does, or holds its tombstone.</summary>
    Found,

    /// <summary>Bytes that would tell are not in memory.</summary>
    NotResident,
}
