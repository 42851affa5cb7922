// Carries out one plan: divides it into parts (SubRanges), merges them on as many threads as are
// free (CompactionPart), and commits edits that swap inputs for outputs. A crash before an edit
// leaves orphans that the next open sweeps; after it, inputs that it unlinks. When one part fails,
// the others end too.
//
// Level 0 goes down part by part, each with an edit of its own that gives back the tables of
// the output level which lie in it, so that those are not on the disk twice; the last edit takes
// away the tables of level 0. Until then, or for good when the last edit is never made, what has
// come down stands on level 0 too. That harms nobody: above it stands the same entry or a newer
// one, and everything that was dropped on the way is still there. Whoever merges both meets the
// entry twice, or once more without its sequence, as an older version. Only from level 0: from
// any other, both could be without a sequence, and be taken for two. Other plans are one edit.
//
// What has come down is nobody else's to take before the last edit: an entry without its sequence
// looks older than a range tombstone on level 0 that it is newer than, and CoveredWork would drop
// its table. Later it would drop a copy.
//
// Threads: one calls, and starts one more for each thread that is free. Inputs are referenced from
// the constructor to Dispose.

using System.Diagnostics;
using System.Runtime.ExceptionServices;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Engine.Waiting;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Compaction;

internal sealed class CompactionRun(
    StoreState state, VersionCommitter committer, KeyspaceTree tree, CompactionPlan plan,
    ulong[] snapshots, long nowMs, WritePace? pace = null, int threadsMax = 1) : IDisposable
{
    private readonly List<(int Level, Table Table)> _held = Held(plan);
    private CompactionPart[] _parts = [];
    private int _partsBegun;
    private long _overCount;
    private ExceptionDispatchInfo? _failure;

    /// <summary>What was written, once it has run; empty after a move.</summary>
    public IEnumerable<TableInfo> Outputs =>
        _parts.SelectMany(static part => part.Outputs).Select(static table => table.Info);

    private bool CommitsParts => plan.TopLevel == 0
        && plan.Inputs.All(input => input.Level == 0 || input.Level == plan.OutputLevel);

    /// <summary>Bytes of the inputs that were left out unread, because they lie whole under range
    /// tombstones.</summary>
    public long CoveredBytes { get; private set; }

    /// <summary>Merges and commits. False when the keyspace was dropped meanwhile. Throws
    /// OperationCanceledException when the store closes or the token asks.</summary>
    public bool Run(CancellationToken cancellationToken)
    {
        if (plan.IsTrivialMove)
            return CommitMove();
        bool committed = false;
        try
        {
            Merge(cancellationToken);
            committed = CommitRest();
            if (committed)
                state.Services.Counters.Expired(_overCount);
            return committed;
        }
        finally
        {
            foreach (CompactionPart part in _parts)
            {
                foreach (Table table in part.Outputs)
                {
                    if (!committed && !part.IsCommitted)
                        table.MarkObsolete();
                    table.Release();
                }
            }
        }
    }

    public void Dispose()
    {
        foreach ((_, Table table) in Left())
            table.Release();
        _held.Clear();
    }

    private static List<(int Level, Table Table)> Held(CompactionPlan plan)
    {
        foreach ((_, Table table) in plan.Inputs)
            table.AddReference();
        return [.. plan.Inputs];
    }

    /// <summary>Inputs that no part has given back.</summary>
    private List<(int Level, Table Table)> Left()
    {
        var given = new HashSet<Table>(_parts.Where(static part => part.IsCommitted)
            .SelectMany(static part => part.Replaced).Select(static input => input.Table));
        return [.. _held.Where(input => !given.Contains(input.Table))];
    }

    private bool CommitMove()
    {
        Debug.Assert(_parts.Length == 0, "a move writes no table");
        var edit = new VersionEdit();
        edit.Remove(tree.Id, plan.Inputs);
        foreach ((_, Table table) in plan.Inputs)
            edit.Added.Add((tree.Id, plan.OutputLevel, table.Info));
        bool done = committer.Commit(tree, edit, () => tree.Install(tree.Version.With(
            plan.Inputs.Select(static input => input.Table).ToHashSet(),
            [.. plan.Inputs.Select(input => (plan.OutputLevel, input.Table))])));
        if (done)
            state.Services.Counters.Compacted(0, isTrivialMove: true);
        return done;
    }

    /// <summary>What the parts have not committed, with the inputs that are left.</summary>
    private bool CommitRest() => Commit(
        Left(),
        [.. _parts.Where(static part => !part.IsCommitted)
            .SelectMany(static part => part.Outputs)],
        static _ => { });

    private void CommitPart(CompactionPart part)
    {
        if (part.Outputs.Count == 0 && part.Replaced.Count == 0)
            return;
        if (part.Outputs.Count > 0)
            state.SyncDirectory();
        part.IsCommitted = Commit(part.Replaced, part.Outputs, plan.TakeInstalled);
        if (!part.IsCommitted)
            throw new OperationCanceledException("the keyspace was dropped");
        foreach ((_, Table table) in part.Replaced)
            table.Release();
    }

    private bool Commit(
        IReadOnlyList<(int Level, Table Table)> inputs, IReadOnlyList<Table> outputs,
        Action<Table> onInstalled)
    {
        var edit = new VersionEdit();
        edit.Remove(tree.Id, inputs);
        foreach (Table table in outputs)
            edit.Added.Add((tree.Id, plan.OutputLevel, table.Info));
        return committer.Commit(tree, edit, () =>
        {
            HashSet<Table> gone = [.. inputs.Select(static input => input.Table)];
            tree.Install(tree.Version.With(
                gone, [.. outputs.Select(table => (plan.OutputLevel, table))]));
            foreach (Table table in gone)
                table.MarkObsolete();
            foreach (Table table in outputs)
                onInstalled(table);
            tree.Covered.IsDue |= outputs.Any(static table => table.Info.RangeDeleteCount > 0);
        });
    }

    private void Merge(CancellationToken cancellationToken)
    {
        RangeTombstones ranges = RangeTombstones.Of(plan.Inputs.SelectMany(
            static input => input.Table.Ranges.Fragments.ToArray()));
        Divide(UncoveredInputs(ranges), cancellationToken);
        RunAll(ranges);
        _failure?.Throw();
        if (Outputs.Any())
            state.SyncDirectory();
        state.Services.Counters.Compacted(
            Outputs.Sum(static table => table.FileBytes), isTrivialMove: false);
    }

    /// <summary>What lies whole under the range tombstones is not read at all.</summary>
    private List<(int Level, Table Table)> UncoveredInputs(RangeTombstones ranges)
    {
        var read = new List<(int Level, Table Table)>();
        foreach ((int level, Table table) in plan.Inputs)
        {
            if (CoveredTables.IsCovered(table.Info, ranges, snapshots))
                CoveredBytes += table.Info.FileBytes;
            else
                read.Add((level, table));
        }
        return read;
    }

    private void Divide(
        List<(int Level, Table Table)> inputs, CancellationToken cancellationToken)
    {
        Action throwIfUnwanted = () => ThrowIfUnwanted(cancellationToken);
        Action<long>? pay = pace == null
            ? null : bytes => pace.Pay(bytes, throwIfUnwanted, cancellationToken);
        byte[][] cuts = CommitsParts
            ? SubRanges.Cuts(
                plan, int.MaxValue, SubRanges.TablesOfCommit, tree.Options.TableBytes)
            : SubRanges.Cuts(
                plan, threadsMax, SubRanges.TablesOfThread, tree.Options.TableBytes);
        bool isRead = AreInputsRead();
        byte[][] bounds = [[], .. cuts, RangeTombstones.End];
        _parts = [.. Enumerable.Range(0, bounds.Length - 1).Select(i => new CompactionPart(
            state.Services, tree, plan, inputs, bounds[i], bounds[i + 1])
        {
            Pay = pay,
            ThrowIfUnwanted = throwIfUnwanted,
            WarmsOutputs = isRead,
        })];
    }

    /// <summary>Whether readers have been at most of what the inputs hold, and so will be at most
    /// of what becomes of it.</summary>
    private bool AreInputsRead()
    {
        long bytes = 0;
        foreach ((_, Table table) in plan.Inputs)
        {
            if (table.IsOpen && table.Reader.IsMostlyRead)
                bytes += table.Info.FileBytes;
        }
        return bytes > plan.InputBytes / 2;
    }

    private void RunAll(RangeTombstones ranges)
    {
        Debug.Assert(_parts.Length > 0, "there is always one part");
        long worth = plan.InputBytes / (SubRanges.TablesOfThread * tree.Options.TableBytes);
        long count = Math.Min(Math.Min(threadsMax, _parts.Length), worth);
        var threads = new List<StoreThread>();
        try
        {
            while (threads.Count < count - 1)
            {
                threads.Add(StoreThread.Start("LsmMmap compaction part", () =>
                {
                    CpuShare.GiveWay();
                    RunParts(ranges);
                }));
            }
        }
        catch (OutOfMemoryException)
        {
            // The system has no thread to give: those that there are merge all parts.
        }
        RunParts(ranges);
        foreach (StoreThread thread in threads)
            thread.Join();
    }

    // It throws nothing: every thread is joined, whatever becomes of its parts.
    private void RunParts(RangeTombstones ranges)
    {
        while (Volatile.Read(ref _failure) == null)
        {
            int next = Interlocked.Increment(ref _partsBegun) - 1;
            if (next >= _parts.Length)
                return;
            Run(_parts[next], ranges);
        }
    }

    private void Run(CompactionPart part, RangeTombstones ranges)
    {
        try
        {
            var rule = new RetentionRule(snapshots, plan, ranges, nowMs);
            part.Merge(rule);
            Interlocked.Add(ref _overCount, rule.OverCount);
            if (_parts.Length > 1 && CommitsParts)
                CommitPart(part);
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    // The first failure is the cause; the others end because of it.
    private void Fail(Exception e) =>
        Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(e), null);

    private void ThrowIfUnwanted(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        state.ThrowIfNotWritable();
        if (state.IsClosing || tree.IsDropped || Volatile.Read(ref _failure) != null)
            throw new OperationCanceledException(
                "the store or the keyspace is going away, or another part has failed");
    }
}
