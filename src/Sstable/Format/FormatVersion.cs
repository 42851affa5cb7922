// The versions of the table format and what each added. A reader refuses a version above Current.
//
//   1  the first
//   2  range tombstones; a table without them is written as version 1

namespace LsmMmap.Sstable.Format;

internal static class FormatVersion
{
    public const int Current = 2;

    /// <summary>Of a table that holds no range tombstones.</summary>
    public const int WithoutRanges = 1;

    /// <summary>Written into the properties of every table.</summary>
    public const string Creator = "LsmMmap 0.1.0";
}
