// `lsm explain`: what the picker sees in each keyspace, what it would do next and why. Opened
// read-only, so beside a writer it tells of the moment of opening.

using System.CommandLine;
using LsmMmap.Cli.Output;
using LsmMmap.Engine.Compaction;

namespace LsmMmap.Cli.Commands;

internal static class ExplainCommand
{
    public static Command Create(CliConsole console, SharedOptions shared)
    {
        Argument<string?> where = SharedOptions.CreateDirectory();
        var command = new Command(
            "explain", "Says what would be compacted or dropped next, and why.")
        {
            where, shared.Database, shared.Json,
        };
        command.SetAction(parsed =>
        {
            using LsmStore store = LsmStore.OpenReadOnly(
                parsed.GetValue(where) ?? shared.DirectoryOf(parsed));
            using var report = new ReportWriter(console, parsed.GetValue(shared.Json));
            IReadOnlyList<TreeExplanation> trees = store.Explain();
            foreach (TreeExplanation tree in trees)
                report.Sheet(
                [
                    Field.Text("keyspace", tree.Keyspace),
                    Field.Text("style", tree.Style),
                    Field.Text("retention", TreeExplanation.KeptOf(tree.Options)),
                    Field.Text("next", tree.Next),
                    Field.Number("nextTables", tree.NextTables.Count),
                    Field.Number("tables", tree.Tables.Count),
                    Field.Number("sortedRuns", tree.RunCount),
                    Field.Ratio("spaceAmplification", tree.SpaceAmplification),
                ]);
            foreach (TreeExplanation tree in trees)
                foreach (ExplainedLevel level in tree.Levels)
                    report.Row(
                        Field.Text("keyspace", tree.Keyspace),
                        Field.Identity("level", (ulong)level.Level),
                        Field.Number("tables", level.TableCount),
                        Field.Size("bytes", level.Bytes),
                        Field.Size("targetBytes", level.TargetBytes),
                        Field.Ratio("score", level.Score),
                        Field.Number("entries", level.EntryCount),
                        Field.Number("tombstones", level.TombstoneCount));
            return ExitCode.Ok;
        });
        return command;
    }
}
