// The versions of the table format and what each added. A reader refuses a version above Current.
//
//   1  the first

namespace LsmMmap.Sstable.Format;

internal static class FormatVersion
{
    public const int Current = 1;

    /// <summary>Written into the properties of every table.</summary>
    public const string Creator = "LsmMmap 0.1.0";
}
