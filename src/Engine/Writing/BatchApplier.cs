// Puts the entries of a committed batch into the memtables. One writer: the write leader, or
// recovery.

using System.Diagnostics;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Waiting;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Writing;

internal static class BatchApplier
{
    /// <summary>Applies entries; the first gets the sequence, the next the one after. Returns
    /// the sequence after the last.</summary>
    public static ulong Apply(
        BatchBuffer batch, KeyspaceTree defaultTree, ulong firstSequence, long logNumber)
    {
        ulong sequence = firstSequence;
        bool hasRanges = false;
        var reader = new BatchReader(batch.Entries, batch.Count);
        // One entry further: what its Add waits for comes while this one is added.
        BatchReader next = reader;
        bool looksAhead = batch.Count > 1 && next.MoveNext();
        while (reader.MoveNext())
        {
            if (looksAhead && next.MoveNext())
                Find(batch, defaultTree, next.KeyspaceId).Active.Table.PrefetchForAdd(next.Key);
            KeyspaceTree tree = Find(batch, defaultTree, reader.KeyspaceId);
            SchedulePoint.Reach("apply");
            Add(tree.Active, reader.Key, sequence, reader.Kind, reader.Value, logNumber);
            hasRanges |= reader.Kind == ValueKind.RangeDelete;
            sequence++;
        }
        if (hasRanges)
            PublishRanges(batch, defaultTree);
        Debug.Assert(!reader.Failed, "a batch encodes what it was given");
        return sequence;
    }

    /// <summary>Adds one entry to a memtable and keeps its accounts. Range tombstones are
    /// published by the caller.</summary>
    public static void Add(
        LiveMemTable memTable, ReadOnlySpan<byte> key, ulong sequence, ValueKind kind,
        ReadOnlySpan<byte> value, long logNumber)
    {
        if (memTable.FirstLog == 0)
            memTable.FirstLog = logNumber;
        if (kind == ValueKind.RangeDelete)
            memTable.Table.AddRange(key, value, sequence);
        else
            memTable.Table.Add(key, EntryTag.Pack(sequence, kind), value);
        memTable.CountGrowth();
    }

    private static void PublishRanges(BatchBuffer batch, KeyspaceTree defaultTree)
    {
        defaultTree.Active.PublishRanges();
        foreach (KeyspaceTree tree in batch.Trees)
            tree.Active.PublishRanges();
    }

    private static KeyspaceTree Find(
        BatchBuffer batch, KeyspaceTree defaultTree, int keyspaceId)
    {
        if (keyspaceId == defaultTree.Id)
            return defaultTree;
        foreach (KeyspaceTree tree in batch.Trees)
        {
            if (tree.Id == keyspaceId)
                return tree;
        }
        throw new UnreachableException("a batch lists every keyspace it names");
    }
}
