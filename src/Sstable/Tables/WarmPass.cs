// Touches a table at once, as its readers would block by block. Where they will be all over it, as
// over what it was made from, they then seldom wait for a page fault or a checksum.
//
// One block in sixteen is left to them, to tell in its turn whether they came: or what was read
// once would be warmed for ever.
//
// Damage is thrown to whoever asks, before any reader has met the table.
// Threads: any; one pass each.

using System.Diagnostics;
using LsmMmap.Sstable.Format;

namespace LsmMmap.Sstable.Tables;

internal static class WarmPass
{
    /// <summary>Touches data, filter, and the index on the way. Requires: touches are remembered.
    /// </summary>
    public static void Run(BlockSource source)
    {
        Debug.Assert(source.KeepsTouched, "what is forgotten is touched for nothing");
        Footer footer = source.Footer;
        // One call for all pages; one for each block would cost more than its checksum.
        source.Bytes.Populate(0, footer.FileBytes);
        var index = new IndexCursor();
        try
        {
            index.Reset(source, flat: null, fromFile: false);
            for (bool isThere = index.SeekToFirst(); isThere; isThere = index.MoveNext())
                Check(source, index.Handle, BlockType.Data);
        }
        finally
        {
            index.Release();
        }
        for (int i = 0; i < footer.FilterPages; i++)
        {
            long page = footer.FilterOffset + (long)i * TableLayout.PageBytes;
            Check(source, new BlockHandle(page, TableLayout.PageBytes), BlockType.Filter);
        }
    }

    private static void Check(BlockSource source, BlockHandle handle, BlockType type)
    {
        if (!source.IsSample(handle))
            source.CheckMapped(handle, type);
    }
}
