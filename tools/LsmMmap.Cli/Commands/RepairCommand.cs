// `lsm repair`: makes a store that can be opened again from the files of one that cannot, and says
// file by file what was used, what was not, and why. With --dry-run it only says. Exit code 1 when
// something is lost or doubtful, or when a dry run finds that a repair is due.

using System.CommandLine;
using LsmMmap.Cli.Output;

namespace LsmMmap.Cli.Commands;

internal static class RepairCommand
{
    public static Command Create(CliConsole console, SharedOptions shared)
    {
        Option<bool> dryRun = Flag.Create("--dry-run", "Only say what would be done.");
        var command = new Command("repair", "Rebuilds a damaged store from what verifies. What"
            + " cannot be used goes to DIR/lost. Copy the store first.")
        {
            shared.Database, dryRun, shared.Json,
        };
        command.SetAction(parsed =>
        {
            RepairReport done;
            long start = console.Time.GetTimestamp();
            using (new ProgressLine(console, "repairing"))
                done = LsmStore.Repair(
                    shared.DirectoryOf(parsed), null, parsed.GetValue(dryRun),
                    console.Cancellation);
            using var report = new ReportWriter(console, parsed.GetValue(shared.Json));
            foreach (RepairedFile file in done.Files)
                report.Row(Row(file));
            report.EndRows();
            report.Sheet(
                Field.Flag("wasHealthy", done.WasHealthy),
                Field.Flag("dryRun", done.IsDryRun),
                Field.Text("keyspaces", string.Join(", ", done.Keyspaces)),
                Field.Number("damages", done.Damages.Count),
                Field.Number("entriesSaved", done.EntriesSaved),
                Field.Number("entriesLost", done.EntriesLost),
                Field.Number("commitsReplayed", done.CommitsReplayed),
                Field.Size("logBytesDropped", done.LogBytesDropped),
                Field.Number("doubtfulKeys", done.DoubtfulKeys),
                Field.Number("lastSequence", done.LastSequence),
                Field.Seconds("seconds", console.Time.GetElapsedTime(start)));
            return Judge(console, done);
        });
        return command;
    }

    private static int Judge(CliConsole console, RepairReport done)
    {
        if (done.WasHealthy)
        {
            console.Note("the store is healthy; nothing was changed");
            return ExitCode.Ok;
        }
        foreach (CorruptionException damage in done.Damages)
            console.Note(damage.Message);
        bool isLossy = done.EntriesLost > 0 || done.LogBytesDropped > 0 || done.DoubtfulKeys > 0
            || done.Files.Any(static file => file.Fate == RepairFate.Lost);
        bool isMerged = done.Files.Any(static file => file.Fate == RepairFate.Merged);
        if (isLossy)
            console.Note("keys of what is lost may be missing, or show an older value");
        if (isMerged)
            console.Note("without the MANIFEST, keys deleted or replaced may be back if files of"
                + " finished compactions were still there");
        return isLossy || done.IsDryRun ? ExitCode.Failed : ExitCode.Ok;
    }

    private static Field[] Row(RepairedFile file) =>
    [
        Field.Text("file", file.Name),
        Field.Text("fate", file.Fate.ToString().ToLowerInvariant()),
        Field.Number("entries", file.Entries),
        Field.Identity("smallestSequence", (ulong)file.SmallestSequence),
        Field.Identity("largestSequence", (ulong)file.LargestSequence),
        Field.Optional("keyspace", file.Keyspace), Field.Text("reason", file.Reason),
    ];
}
