// The versions of the table format and what each added. A reader refuses a version above Current.
//
//   1  the first
//   2  range tombstones
//   3  entries that expire, with or without range tombstones
//
// A table is written as the first version that has what it holds.

namespace LsmMmap.Sstable.Format;

internal static class FormatVersion
{
    public const int Current = WithExpiry;

    /// <summary>Of a table that holds neither.</summary>
    public const int Plain = 1;

    /// <summary>Of a table with range tombstones, none of whose entries expires.</summary>
    public const int WithRanges = 2;

    /// <summary>Of a table with entries that expire.</summary>
    public const int WithExpiry = 3;

    /// <summary>Written into the properties of every table.</summary>
    public const string Creator = "LsmMmap 0.1.0";
}
