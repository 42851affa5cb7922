// A tree made by hand, table by table, for tests of single decisions of the picker.

using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Tests.Compaction;

internal static class TreeByHand
{
    /// <summary>A table of puts (or tombstones) with these first and last keys and nine between
    /// at most.</summary>
    public static Table Add(
        this TreeModel model, int level, int first, int last, bool isPut = true)
    {
        int step = Math.Max(1, (last - first) / 9);
        List<Entry> entries = [];
        for (int key = first; key < last && entries.Count < 9; key += step)
            entries.Add(model.Write(key, isPut));
        entries.Add(model.Write(last, isPut));
        Table table = model.NewTable(entries);
        model.Install([], [(level, table)]);
        return table;
    }

    /// <summary>A table that says it has so many bytes.</summary>
    public static Table Bytes(
        this TreeModel model, int level, int first, int last, long bytes) =>
        model.Install(level, first, last, info => info with { FileBytes = bytes });

    /// <summary>A table that says it has so many bytes, entries and tombstones.</summary>
    public static Table Counted(
        this TreeModel model, int level, int first, int last, long bytes, long entries,
        long deletes = 0, long rangeDeletes = 0) =>
        model.Install(level, first, last, info => info with
        {
            FileBytes = bytes,
            EntryCount = entries,
            DeleteCount = deletes,
            RangeDeleteCount = rangeDeletes,
        });

    private static Table Install(
        this TreeModel model, int level, int first, int last,
        Func<TableInfo, TableInfo> says)
    {
        Entry[] ends = [model.Write(first, true), model.Write(last, true)];
        var table = new Table(null!, says(model.NewTable(ends).Info));
        model.Install([], [(level, table)]);
        return table;
    }
}
