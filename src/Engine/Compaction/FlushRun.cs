// Turns the oldest frozen memtable of a keyspace into a table of level 0 and commits the edit
// that says so. Until then the log holds the same entries, so a crash at any step loses nothing.
// Threads: a background thread, one flush of a keyspace at a time.

using System.Diagnostics;
using LsmMmap.Engine.Memory;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Compaction;

internal sealed class FlushRun(StoreState state, VersionCommitter committer)
{
    /// <summary>Writes the memtable's entries as a sealed table, without versions that neither
    /// a snapshot nor a later reader can see; not yet in any version. Its name is durable after
    /// the caller's next sync of the directory. Requires: the snapshots were copied under the
    /// store's lock after the memtable was frozen. Of its entries so many were over, which count
    /// when the table is kept.</summary>
    public static TableInfo WriteTable(
        StoreServices services, string keyspaceName, KeyspaceOptions options, MemTable memTable,
        ulong[] snapshots, out long overCount)
    {
        Debug.Assert(!memTable.IsEmpty, "an empty memtable makes no table");
        using var output = new TableOutput(
            services, memTable.KeyspaceId, keyspaceName, options, level: 0);
        var rule = new RetentionRule(snapshots, plan: null, memTable.Ranges, services.NowMs);
        var cursor = new MemTableCursor();
        cursor.Reset(memTable);
        for (bool more = cursor.SeekToFirst(); more; more = cursor.Next())
        {
            ulong tag = cursor.Tag;
            ReadOnlySpan<byte> stored = cursor.Value;
            if (EntryTag.Kind(tag) == ValueKind.PutWithExpiry)
                tag = rule.TagNow(tag, ref stored);
            if (rule.Keep(cursor.UserKey, tag, out tag))
                output.Add(cursor.UserKey, tag, stored);
        }
        TableInfo info = output.Finish(rule.Ranges);
        overCount = rule.OverCount;
        return info;
    }

    /// <summary>What was written, whether or not the keyspace was dropped meanwhile.</summary>
    public TableInfo Run(KeyspaceTree tree, LiveMemTable memTable, ulong[] snapshots)
    {
        StoreServices services = state.Services;
        TableInfo info = WriteTable(
            services, tree.Name, tree.Options, memTable.Table, snapshots,
            out long overCount);
        state.SyncDirectory();
        services.Counters.Flushed(info.FileBytes);
        var edit = new VersionEdit();
        edit.Added.Add((tree.Id, 0, info));
        edit.Flushed.Add((tree.Id, memTable.Table.LargestSequence));
        var table = services.Tables.NewTable(info);
        bool committed = false;
        try
        {
            committed = committer.Commit(tree, edit, () =>
            {
                tree.Install(tree.Version.With(new HashSet<Table>(), [(0, table)]));
                tree.Flushed(memTable);
                tree.Covered.IsDue |= info.RangeDeleteCount > 0;
            }, memTable);
            if (committed)
                services.Counters.Expired(overCount);
        }
        finally
        {
            // The version holds its own reference. A table that no edit names goes at once,
            // unless the store has failed: then nothing is unlinked.
            if (!committed)
                table.MarkObsolete();
            table.Release();
        }
        return info;
    }
}
