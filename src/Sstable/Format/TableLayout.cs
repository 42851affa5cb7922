// The sizes that every part of a table agrees on.
//
//   table file = { data blocks | value extents }  filter pages  index blocks
//                range tombstones  properties  footer
//
// Blocks of a table without compression are page-packed: a block of at most a page never straddles
// two pages, so that one cold read is one page fault.

using System.Diagnostics;

namespace LsmMmap.Sstable.Format;

internal static class TableLayout
{
    /// <summary>The unit that blocks are packed into.</summary>
    public const int PageBytes = 4096;

    /// <summary>The smallest sealed block, so that offset / 1 KiB names a block.</summary>
    public const int BlockBytesMin = 1024;

    /// <summary>The largest ordinary block; entry offsets then fit 16 bits.</summary>
    public const int BlockBytesMax = 65_536;

    /// <summary>Blocks that will be compressed hold at least this much before it.</summary>
    public const int CompressedBlockBytesMin = 16_384;

    /// <summary>Longer values lie apart from their entry, in tables without compression.</summary>
    public const int ValueApartBytes = 512;

    /// <summary>
    /// Waiting blocks are written once this much of values, or of blocks, is there.
    /// </summary>
    public const int ExtentFlushBytes = 65_536;

    /// <summary>Upper bound of the height of the index.</summary>
    public const int IndexDepthMax = 24;

    /// <summary>Requires: alignment is a power of two.</summary>
    public static long AlignUp(long offset, int alignment)
    {
        Debug.Assert(offset >= 0, "a file offset is not negative");
        Debug.Assert((alignment & (alignment - 1)) == 0, "an alignment is a power of two");
        return (offset + alignment - 1) & -alignment;
    }
}
