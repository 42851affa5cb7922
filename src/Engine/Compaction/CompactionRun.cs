// Carries out one plan: divides it into parts where several threads are free (SubRanges), merges
// them (CompactionPart), and commits one edit that swaps the inputs for the outputs. A crash
// before the edit leaves orphans that the next open sweeps; after it, inputs that it unlinks. When
// one part fails, the others end too and nothing is committed.
// Threads: one calls, and starts one more for each part but the first. The caller holds a reference
// on the version that the plan was made from.

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
    ulong[] snapshots, long nowMs, WritePace? pace = null, int partsMax = 1)
{
    private readonly List<Table> _outputs = [];
    private long _overCount;
    private ExceptionDispatchInfo? _failure;

    /// <summary>What was written, once it has run; empty after a move.</summary>
    public IEnumerable<TableInfo> Outputs => _outputs.Select(static table => table.Info);

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
            committed = CommitMerge();
            if (committed)
                state.Services.Counters.Expired(_overCount);
            return committed;
        }
        finally
        {
            foreach (Table table in _outputs)
            {
                if (!committed)
                    table.MarkObsolete();
                table.Release();
            }
        }
    }

    private bool CommitMove()
    {
        Debug.Assert(_outputs.Count == 0, "a move writes no table");
        var edit = new VersionEdit();
        foreach ((int level, Table table) in plan.Inputs)
        {
            edit.Removed.Add((tree.Id, level, table.Info.Number));
            edit.Added.Add((tree.Id, plan.OutputLevel, table.Info));
        }
        bool done = committer.Commit(tree, edit, () => tree.Install(tree.Version.With(
            Inputs(), [.. plan.Inputs.Select(input => (plan.OutputLevel, input.Table))])));
        if (done)
            state.Services.Counters.Compacted(0, isTrivialMove: true);
        return done;
    }

    private bool CommitMerge()
    {
        var edit = new VersionEdit();
        foreach ((int level, Table table) in plan.Inputs)
            edit.Removed.Add((tree.Id, level, table.Info.Number));
        foreach (Table table in _outputs)
            edit.Added.Add((tree.Id, plan.OutputLevel, table.Info));
        return committer.Commit(tree, edit, () =>
        {
            HashSet<Table> inputs = Inputs();
            tree.Install(tree.Version.With(
                inputs, [.. _outputs.Select(table => (plan.OutputLevel, table))]));
            foreach (Table table in inputs)
                table.MarkObsolete();
            tree.Covered.IsDue |=
                _outputs.Exists(static table => table.Info.RangeDeleteCount > 0);
        });
    }

    private HashSet<Table> Inputs() => [.. plan.Inputs.Select(static input => input.Table)];

    private void Merge(CancellationToken cancellationToken)
    {
        RangeTombstones ranges = RangeTombstones.Of(plan.Inputs.SelectMany(
            static input => input.Table.Ranges.Fragments.ToArray()));
        CompactionPart[] parts = Divide(UncoveredInputs(ranges), cancellationToken);
        RunAll(parts, ranges);
        foreach (CompactionPart part in parts)
            _outputs.AddRange(part.Outputs);
        _failure?.Throw();
        if (_outputs.Count > 0)
            state.SyncDirectory();
        state.Services.Counters.Compacted(
            _outputs.Sum(static table => table.Info.FileBytes), isTrivialMove: false);
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

    private CompactionPart[] Divide(
        List<(int Level, Table Table)> inputs, CancellationToken cancellationToken)
    {
        Action throwIfUnwanted = () => ThrowIfUnwanted(cancellationToken);
        Action<long>? pay = pace == null
            ? null : bytes => pace.Pay(bytes, throwIfUnwanted, cancellationToken);
        byte[][] cuts = SubRanges.Cuts(plan, partsMax, tree.Options.TableBytes);
        byte[][] bounds = [[], .. cuts, RangeTombstones.End];
        return [.. Enumerable.Range(0, bounds.Length - 1).Select(i => new CompactionPart(
            state.Services, tree, plan, inputs, bounds[i], bounds[i + 1])
        {
            Pay = pay,
            ThrowIfUnwanted = throwIfUnwanted,
        })];
    }

    private void RunAll(CompactionPart[] parts, RangeTombstones ranges)
    {
        Debug.Assert(parts.Length > 0, "there is always one part");
        var threads = new List<StoreThread>();
        int own = parts.Length;
        try
        {
            for (; own > 1; own--)
            {
                CompactionPart part = parts[own - 1];
                threads.Add(StoreThread.Start("LsmMmap compaction part", () =>
                {
                    CpuShare.GiveWay();
                    Run(part, ranges);
                }));
            }
        }
        catch (OutOfMemoryException)
        {
            // The system has no thread to give: what is left is merged here, part after part.
        }
        for (int i = 0; i < own; i++)
            Run(parts[i], ranges);
        foreach (StoreThread thread in threads)
            thread.Join();
    }

    // It throws nothing: every thread is joined, whatever becomes of its part.
    private void Run(CompactionPart part, RangeTombstones ranges)
    {
        try
        {
            var rule = new RetentionRule(snapshots, plan, ranges, nowMs);
            part.Merge(rule);
            Interlocked.Add(ref _overCount, rule.OverCount);
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
