// `lsm stats`: what a store consists of, and what recovery would say. Opened read-only, so the
// counters of writing belong to the process that writes and are not shown here. Levels without a
// table are left out.

using System.CommandLine;
using LsmMmap.Cli.Output;

namespace LsmMmap.Cli.Commands;

internal static class StatsCommand
{
    public static Command Create(CliConsole console, SharedOptions shared)
    {
        var command = new Command("stats", "Shows what the store consists of.")
        {
            shared.Database, shared.Json,
        };
        command.SetAction(parsed =>
        {
            string directory = shared.DirectoryOf(parsed);
            using LsmStore store = shared.OpenReadOnly(parsed);
            StoreStatistics statistics = store.GetStatistics();
            StoreFiles files = StoreFiles.Of(directory);
            using var report = new ReportWriter(console, parsed.GetValue(shared.Json));
            report.Sheet(
            [
                Field.Text("directory", Path.GetFullPath(directory)),
                Field.Number("keyspaces", store.KeyspaceNames.Count),
                Field.Number("lastSequence", statistics.LastSequence),
                .. Tables(statistics),
                Field.Number("logs", files.LogCount),
                Field.Size("logBytes", files.LogBytes),
                Field.Number("files", files.Count),
                Field.Size("directoryBytes", files.Bytes),
                Field.Text("readMode", statistics.ReadMode.ToString()),
                Field.Flag("cleanlyClosed", statistics.Recovery.CleanlyClosed),
                Field.Number("commitsReplayed", statistics.Recovery.CommitsReplayed),
                Field.Size("logBytesDropped", statistics.Recovery.LogBytesDropped),
            ]);
            return ExitCode.Ok;
        });
        return command;
    }

    private static IEnumerable<Field> Tables(StoreStatistics statistics)
    {
        yield return Field.Number("tables", statistics.TableCount);
        yield return Field.Size("tableBytes", statistics.TableBytes);
        for (int level = 0; level < statistics.TablesPerLevel.Count; level++)
        {
            if (statistics.TablesPerLevel[level] == 0)
                continue;
            yield return Field.Number($"level{level}Tables", statistics.TablesPerLevel[level]);
            yield return Field.Size($"level{level}Bytes", statistics.BytesPerLevel[level]);
        }
    }
}
