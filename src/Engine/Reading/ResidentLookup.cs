// A point lookup that never waits for the disk: PointLookup's walk, which gives up where it would
// need bytes that are not in memory. GetAsync tries it first, on the caller's thread.
//
// What counts as "in memory": a mapped block that was touched before, in Direct mode; else what the
// system says of its range at this moment. The index counts as resident once the first lookups of
// a table have settled whether it is kept flat. The answer may be outdated by the time the bytes
// are used; then the read waits, as every synchronous one may.
//
// Cost: that of PointLookup, and in Guarded and Copy mode a system call for each range.
// Threads: any. Requires: the view's state is pinned.

using System.Diagnostics;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Engine.Reading;

internal enum ResidentAnswer
{
    /// <summary>Only the disk knows.</summary>
    Unknown,

    Absent,

    Found,
}

internal static class ResidentLookup
{
    /// <summary>As <see cref="PointLookup.TryGet"/>, or Unknown.</summary>
    public static ResidentAnswer Get(
        TreeView view, ReadOnlySpan<byte> key, ulong sequence, ref TableValue found,
        out long ownerId)
    {
        // Before anything is found, so that nothing has to be let go.
        if (view.HasRanges && !view.Version.AreRangesRead)
        {
            ownerId = 0;
            return ResidentAnswer.Unknown;
        }
        ResidentAnswer answer = Find(view, key, sequence, ref found, out ownerId);
        bool isHidden = answer == ResidentAnswer.Found && view.HasRanges
            && !PointLookup.IsVisible(view, key, sequence, ref found);
        return isHidden ? ResidentAnswer.Absent : answer;
    }

    private static ResidentAnswer Find(
        TreeView view, ReadOnlySpan<byte> key, ulong sequence, ref TableValue found,
        out long ownerId)
    {
        ulong hash = InternalKey.Hash(key);
        if (PointLookup.TryGetFromMemory(
            view, key, hash, sequence, ref found, out ownerId, out bool isValue))
            return isValue ? ResidentAnswer.Found : ResidentAnswer.Absent;
        ulong seekTag = EntryTag.SeekAt(sequence);
        TreeVersion version = view.Version;
        foreach (Table table in version.Tables(0))
        {
            TableAnswer answer = Ask(table, key, hash, seekTag, ref found, out ownerId);
            if (answer != TableAnswer.NotHere)
                return Decide(view, answer, ref found);
        }
        foreach (int level in version.SortedLevels)
        {
            ReadOnlySpan<Table> tables = version.Tables(level);
            int at = version.FindTable(level, key);
            if (at == tables.Length)
                continue;
            TableAnswer answer = Ask(tables[at], key, hash, seekTag, ref found, out ownerId);
            if (answer != TableAnswer.NotHere)
                return Decide(view, answer, ref found);
        }
        return ResidentAnswer.Absent;
    }

    private static TableAnswer Ask(
        Table table, ReadOnlySpan<byte> key, ulong hash, ulong seekTag, ref TableValue found,
        out long ownerId)
    {
        ownerId = table.Id;
        return table.IsOpen
            ? table.Reader.TryGetResident(key, hash, seekTag, ref found)
            : TableAnswer.NotResident;
    }

    private static ResidentAnswer Decide(
        TreeView view, TableAnswer answer, ref TableValue found)
    {
        Debug.Assert(answer != TableAnswer.NotHere, "the key's table has answered");
        if (answer == TableAnswer.NotResident)
            return ResidentAnswer.Unknown;
        return PointLookup.IsValue(view, ref found) ? ResidentAnswer.Found : ResidentAnswer.Absent;
    }
}
