// Carries out one plan: merges the inputs, keeps what the retention rule keeps, cuts outputs where
// the splitter says, and commits one edit that swaps the inputs for the outputs. A crash before
// the edit leaves orphans that the next open sweeps; after it, inputs that it unlinks.
//
// Inputs are read by large positioned reads, never through the mapping: a bad page is an
// exception here in every read mode, and readers' pages stay where they are.
// Threads: one; the caller holds a reference on the version that the plan was made from.

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Compaction;

internal sealed class CompactionRun(
    StoreState state, VersionCommitter committer, KeyspaceTree tree, CompactionPlan plan,
    ulong[] snapshots, long nowMs, WritePace? pace = null)
{
    private const int EntriesBetweenLooks = 4096;

    private readonly List<Table> _outputs = [];
    private long _overCount;

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
            RangeTombstones ranges = RangeTombstones.Of(plan.Inputs.SelectMany(
                static input => input.Table.Ranges.Fragments.ToArray()));
            Merge(ranges, cancellationToken);
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

    private void Merge(RangeTombstones ranges, CancellationToken cancellationToken)
    {
        StoreServices services = state.Services;
        KeyspaceOptions options = tree.Options;
        using var merge = new MergingCursor();
        AddRuns(merge, ranges);
        var rule = new RetentionRule(snapshots, plan, ranges, nowMs);
        var splitter = new OutputSplitter(plan, options.TableBytes);
        Action<long>? pay = pace == null ? null : bytes => pace.Pay(
            bytes, () => ThrowIfUnwanted(cancellationToken), cancellationToken);
        TableOutput? output = null;
        byte[] from = []; // where the output begins
        long writtenBytes = 0;
        int untilLook = EntriesBetweenLooks;
        try
        {
            for (merge.SeekToFirst(); merge.IsValid; merge.Next())
            {
                if (--untilLook == 0)
                {
                    untilLook = EntriesBetweenLooks;
                    ThrowIfUnwanted(cancellationToken);
                }
                ReadOnlySpan<byte> key = merge.UserKey;
                ulong tag = merge.Tag;
                if (!rule.IsInOrder(key, tag))
                    ThrowDisorder();
                bool expires = EntryTag.Kind(tag) == ValueKind.PutWithExpiry;
                ReadOnlySpan<byte> stored = expires ? merge.Value : default;
                if (expires)
                    tag = rule.TagNow(tag, ref stored);
                if (!rule.Keep(key, tag, out tag))
                    continue;
                if (splitter.ShouldCutBefore(key, output?.EstimatedBytes ?? 0) && output != null)
                {
                    byte[] to = key.ToArray();
                    Finish(ref output, rule.Ranges.Clip(from, to), ref writtenBytes);
                    from = to;
                }
                output ??= NewOutput(options, pay);
                output.Add(key, tag, expires ? stored : merge.Value);
            }
            RangeTombstones rest = rule.Ranges.Clip(from, RangeTombstones.End);
            if (!rest.IsEmpty)
                output ??= NewOutput(options, pay);
            if (output != null)
                Finish(ref output, rest, ref writtenBytes);
            _overCount = rule.OverCount;
        }
        finally
        {
            output?.Dispose();
        }
        if (_outputs.Count > 0)
            state.SyncDirectory();
        services.Counters.Compacted(writtenBytes, isTrivialMove: false);
    }

    private TableOutput NewOutput(KeyspaceOptions options, Action<long>? pay) =>
        new(state.Services, tree.Id, tree.Name, options, plan.OutputLevel)
        {
            Pay = pay,
            WrittenAtMs = plan.WrittenAtMs,
        };

    /// <summary>What lies whole under the range tombstones is not read at all.</summary>
    private void AddRuns(MergingCursor merge, RangeTombstones ranges)
    {
        var read = new List<(int Level, Table Table)>();
        foreach ((int level, Table table) in plan.Inputs)
        {
            if (CoveredTables.IsCovered(table.Info, ranges, snapshots))
                CoveredBytes += table.Info.FileBytes;
            else
                read.Add((level, table));
        }
        foreach (IGrouping<int, (int Level, Table Table)> level
            in read.GroupBy(static input => input.Level))
        {
            Table[] tables = TreeVersion.Sorted(
                level.Key, level.Select(static input => input.Table));
            Debug.Assert(tables.Length > 0, "a group has members");
            if (level.Key > 0)
            {
                merge.AddRun().Reset(tables, sequential: true);
                continue;
            }
            for (int i = 0; i < tables.Length; i++)
                merge.AddRun().Reset(tables.AsMemory(i, 1), sequential: true);
        }
    }

    private void Finish(
        ref TableOutput? output, RangeTombstones ranges, ref long writtenBytes)
    {
        using TableOutput finished = output!;
        output = null;
        TableInfo info = finished.Finish(ranges);
        writtenBytes += info.FileBytes;
        _outputs.Add(state.Services.Tables.NewTable(info));
    }

    [DoesNotReturn]
    private void ThrowDisorder() => throw new CorruptionException(
        FileNames.Table(state.Services.Directory, plan.Inputs[0].Table.Info.Number), 0,
        $"the entries of this table and {plan.Inputs.Count - 1} others are out of order");

    private void ThrowIfUnwanted(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        state.ThrowIfNotWritable();
        if (state.IsClosing || tree.IsDropped)
            throw new OperationCanceledException("the store or the keyspace is going away");
    }
}
