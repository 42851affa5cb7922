// What the leader does with a group: check, make room, log once, apply, publish. In the log and in
// the memtables the commits of a group stand in queue order, and a reader sees the group when its
// last sequence is published.
//
// Nothing here is retried. A failed append leaves a tail of unknown content, so the store is
// read-only from then on; a failure before the append touches only the commits of the group.
// Threads: the holder of the lead.

using System.Diagnostics;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.State;
using LsmMmap.Sstable.Keys;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Writing;

internal sealed class GroupCommit(StoreState state, LogSegments log, KeyspaceTree defaultTree)
{
    public WriteStall Stall { get; } = new(state, log);

    public void Run(List<CommitNode> group)
    {
        Debug.Assert(group.Count > 0, "a group has a member");
        try
        {
            Refuse(group);
            long bytes = 0;
            foreach (CommitNode node in group)
                bytes += node.Error == null ? node.Batch.Entries.Length : 0;
            state.ThrowIfNotWritable();
            if (bytes > 0)
                Stall.MakeRoom(bytes);
        }
        catch (Exception e)
        {
            // Nothing was written yet. Want of space for the next log is the commits' error
            // alone; anything else that a file refused is final.
            Exception error = e is LsmException and not StoreFailedException
                && (!IoFailure.IsExhausted(e) || log.IsBroken) ? state.Fail(e) : e;
            SetErrors(group, error);
            return;
        }
        try
        {
            Write(group);
        }
        catch (Exception e)
        {
            SetErrors(group, state.Fail(e));
        }
    }

    /// <summary>Commits that name a dropped keyspace fail alone. The lead makes the look exact:
    /// dropping needs it too.</summary>
    private static void Refuse(List<CommitNode> group)
    {
        foreach (CommitNode node in group)
        {
            foreach (KeyspaceTree tree in node.Batch.Trees)
            {
                if (tree.IsDropped)
                    node.Error = new ObjectDisposedException("keyspace " + tree.Name);
            }
        }
    }

    private void Write(List<CommitNode> group)
    {
        int commits = 0;
        int entries = 0;
        var durability = Durability.Buffered;
        foreach (CommitNode node in group)
        {
            if (node.Error != null)
                continue;
            durability = node.Durability > durability ? node.Durability : durability;
            commits += node.Batch.Count > 0 ? 1 : 0;
            entries = checked(entries + node.Batch.Count);
        }
        ulong sequence = state.Published.Sequence + 1;
        if (entries > 0)
        {
            if (sequence + (ulong)entries > EntryTag.SequenceMax)
                throw new LsmException("the store has used up its 2^56 sequence numbers");
            Append(group, sequence, commits, entries, durability);
        }
        else if (durability > Durability.Buffered)
        {
            log.HandOver();
        }
        LogPosition end = log.HandedOver;
        long logNumber = log.CurrentNumber;
        foreach (CommitNode node in group)
        {
            if (node.Error != null)
                continue;
            sequence = BatchApplier.Apply(node.Batch, defaultTree, sequence, logNumber);
            node.Sequence = sequence - 1;
            node.SyncTarget = end;
        }
        state.Published.Publish(sequence - 1);
    }

    private void Append(
        List<CommitNode> group, ulong firstSequence, int commits, int entries,
        Durability durability)
    {
        Debug.Assert(entries > 0, "a record holds an entry");
        Debug.Assert(commits <= entries, "a commit in a record has an entry");
        Span<byte> header = stackalloc byte[30];
        int length = PutVarint(header, firstSequence);
        length += PutVarint(header[length..], (ulong)commits);
        length += PutVarint(header[length..], (ulong)entries);
        log.Begin(LogRecordKind.Data);
        log.Add(header[..length]);
        long userBytes = 0;
        int deletes = 0;
        int rangeDeletes = 0;
        foreach (CommitNode node in group)
        {
            if (node.Error != null)
                continue;
            log.Add(node.Batch.Entries);
            userBytes += node.Batch.UserBytes;
            deletes += node.Batch.Deletes;
            rangeDeletes += node.Batch.RangeDeletes;
        }
        long logBytes = log.End(durability, firstSequence + (ulong)entries - 1);
        state.Services.Counters.Wrote(userBytes, logBytes);
        state.Services.Counters.Committed(commits, entries, deletes, rangeDeletes);
    }

    private static void SetErrors(List<CommitNode> group, Exception error)
    {
        foreach (CommitNode node in group)
            node.Error ??= error;
    }

    private static int PutVarint(Span<byte> target, ulong value)
    {
        int at = 0;
        for (; value >= 0x80; value >>= 7)
            target[at++] = (byte)(value | 0x80);
        target[at++] = (byte)value;
        return at;
    }
}
