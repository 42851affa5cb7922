// The events that flushes, compactions and drops become.
// Threads: pure functions.

using System.Diagnostics;
using System.Globalization;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Compaction;

internal static class WorkEvents
{
    public static StoreEvent OfFlush(KeyspaceTree tree, TableInfo table, TimeSpan duration) => new()
    {
        Kind = StoreEventKind.Flush,
        Keyspace = tree.Name,
        Reason = string.Create(
            CultureInfo.InvariantCulture, $"a memtable of {table.EntryCount} entries was frozen"),
        Outputs = [Of(0, table)],
        BytesWritten = table.FileBytes,
        Duration = duration,
    };

    public static StoreEvent OfCompaction(
        KeyspaceTree tree, CompactionPlan plan, CompactionRun run, TimeSpan duration)
    {
        EventTable[] inputs = [.. plan.Inputs.Select(i => Of(i.Level, i.Table.Info))];
        TableInfo[] outputs = plan.IsTrivialMove
            ? [.. plan.Inputs.Select(static i => i.Table.Info)] : [.. run.Outputs];
        long entries = plan.Inputs.Sum(static i => i.Table.Info.EntryCount);
        long kept = outputs.Sum(static table => table.EntryCount);
        // Also where range tombstones alone are left: their table has one entry, as every input.
        Debug.Assert(kept <= entries, "a merge makes no entries");
        return new StoreEvent
        {
            Kind = StoreEventKind.Compaction,
            Keyspace = tree.Name,
            Reason = plan.Reason + ": " + plan.Why,
            Inputs = inputs,
            Outputs = [.. outputs.Select(table => Of(plan.OutputLevel, table))],
            BytesRead = plan.IsTrivialMove ? 0 : plan.InputBytes - run.CoveredBytes,
            BytesWritten = plan.IsTrivialMove ? 0 : outputs.Sum(static table => table.FileBytes),
            BytesMoved = plan.IsTrivialMove ? plan.InputBytes : 0,
            BytesDropped = run.CoveredBytes,
            EntriesDropped = entries - kept,
            Duration = duration,
        };
    }

    public static StoreEvent OfDrop(
        KeyspaceTree tree, string reason, IReadOnlyList<(int Level, Table Table)> tables,
        TimeSpan duration)
    {
        Debug.Assert(tables.Count > 0, "a drop takes something");
        return new StoreEvent
        {
            Kind = StoreEventKind.Drop,
            Keyspace = tree.Name,
            Reason = reason,
            Inputs = [.. tables.Select(t => Of(t.Level, t.Table.Info))],
            BytesDropped = tables.Sum(static t => t.Table.Info.FileBytes),
            EntriesDropped = tables.Sum(static t => t.Table.Info.EntryCount),
            Duration = duration,
        };
    }

    /// <summary>"kept: at most 64.0 MiB, for 7.00:00:00".</summary>
    public static string Words(Retention retention) => "kept: " + string.Join(", ", new[]
    {
        retention.Bytes > 0 ? "at most " + CompactionPicker.Mebibytes(retention.Bytes) : "",
        retention.Age > TimeSpan.Zero
            ? string.Create(CultureInfo.InvariantCulture, $"for {retention.Age:c}") : "",
    }.Where(static part => part.Length > 0));

    private static EventTable Of(int level, TableInfo table) =>
        new(level, table.Number, table.FileBytes);
}
