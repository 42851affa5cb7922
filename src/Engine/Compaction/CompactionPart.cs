// Merges the inputs of a compaction over a range of keys, keeps what the retention rule keeps, and
// writes the outputs, cut where the splitter says. Nothing is shared with the other parts but what
// none of them changes.
//
// Inputs are read by large positioned reads, never through the mapping: a bad page is an
// exception here in every read mode, and readers' pages stay where they are.
// Threads: one.

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Compaction;

/// <param name="services">Of the store.</param>
/// <param name="tree">The keyspace.</param>
/// <param name="plan">What is merged into which level.</param>
/// <param name="inputs">Those of the plan that are to be read.</param>
/// <param name="from">Where the part begins; empty means at the first key.</param>
/// <param name="to">Where it ends, not included; RangeTombstones.End means nowhere.</param>
internal sealed class CompactionPart(
    StoreServices services, KeyspaceTree tree, CompactionPlan plan,
    IReadOnlyList<(int Level, Table Table)> inputs, byte[] from, byte[] to)
{
    private const int EntriesBetweenLooks = 4096;

    /// <summary>Told of bytes about to be written; it may wait.</summary>
    public Action<long>? Pay { get; init; }

    /// <summary>Throws when nobody wants the work any more.</summary>
    public required Action ThrowIfUnwanted { get; init; }

    /// <summary>Whether readers are to find the outputs as if they had been there before.</summary>
    public bool WarmsOutputs { get; init; }

    /// <summary>Tables that were written, in the order of their keys.</summary>
    public List<Table> Outputs { get; } = [];

    /// <summary>Inputs that lie in this part and in no other, whether they are read or not: those
    /// of the output level, as parts are cut between its tables.</summary>
    public List<(int Level, Table Table)> Replaced { get; } = [.. plan.Inputs.Where(
        input => input.Level == plan.OutputLevel
            && IsInside(input.Table.Info.SmallestKey, from, to))];

    /// <summary>Whether an edit has put the outputs in the place of what is replaced.</summary>
    public bool IsCommitted { get; set; }

    public void Merge(RetentionRule rule)
    {
        Debug.Assert(Outputs.Count == 0, "a part is merged once");
        using var merge = new MergingCursor();
        AddRuns(merge);
        var splitter = new OutputSplitter(plan, tree.Options.TableBytes);
        TableOutput? output = null;
        byte[] start = from; // where the output begins
        int untilLook = EntriesBetweenLooks;
        try
        {
            for (Begin(merge); merge.IsValid && IsBefore(merge.UserKey, to); merge.Next())
            {
                if (--untilLook == 0)
                {
                    untilLook = EntriesBetweenLooks;
                    ThrowIfUnwanted();
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
                    byte[] end = key.ToArray();
                    Finish(ref output, rule.Ranges.Clip(start, end));
                    start = end;
                }
                output ??= NewOutput();
                output.Add(key, tag, expires ? stored : merge.Value);
            }
            RangeTombstones rest = rule.Ranges.Clip(start, to);
            if (!rest.IsEmpty)
                output ??= NewOutput();
            if (output != null)
                Finish(ref output, rest);
        }
        finally
        {
            output?.Dispose();
        }
    }

    private void Begin(MergingCursor merge)
    {
        Debug.Assert(from.AsSpan().SequenceCompareTo(to) < 0, "a part is not empty");
        if (from.Length == 0)
            merge.SeekToFirst();
        else
            merge.Seek(from, ulong.MaxValue);
    }

    private static bool IsInside(ReadOnlySpan<byte> key, byte[] from, byte[] to) =>
        key.SequenceCompareTo(from) >= 0 && IsBefore(key, to);

    private static bool IsBefore(ReadOnlySpan<byte> key, byte[] to) =>
        ReferenceEquals(to, RangeTombstones.End) || key.SequenceCompareTo(to) < 0;

    private void AddRuns(MergingCursor merge)
    {
        foreach (IGrouping<int, (int Level, Table Table)> level
            in inputs.Where(input => Meets(input.Table.Info.Keys))
                .GroupBy(static input => input.Level))
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

    private bool Meets(KeyRange keys) =>
        !keys.EndsBefore(from) && IsBefore(keys.Smallest, to);

    private TableOutput NewOutput() =>
        new(services, tree.Id, tree.Name, tree.Options, plan.OutputLevel)
        {
            Pay = Pay,
            WrittenAtMs = plan.WrittenAtMs,
        };

    private void Finish(ref TableOutput? output, RangeTombstones ranges)
    {
        using TableOutput finished = output!;
        output = null;
        Table table = services.Tables.NewTable(finished.Finish(ranges));
        Outputs.Add(table);
        if (WarmsOutputs)
            Warm(table);
    }

    private static void Warm(Table table)
    {
        try
        {
            table.Reader.Warm();
        }
        catch (LsmException e) when (IoFailure.IsExhausted(e))
        {
            // The system has no file descriptor to give now. Nobody needs the table open yet.
        }
    }

    [DoesNotReturn]
    private void ThrowDisorder() => throw new CorruptionException(
        FileNames.Table(services.Directory, plan.Inputs[0].Table.Info.Number), 0,
        $"the entries of this table and {plan.Inputs.Count - 1} others are out of order");
}
