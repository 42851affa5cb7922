// `lsm verify`: reads every table, log and MANIFEST and checks every checksum and order. Exit code
// 1 when anything is damaged, also when the store is damaged too much to be opened.

using System.CommandLine;
using LsmMmap.Cli.Output;

namespace LsmMmap.Cli.Commands;

internal static class VerifyCommand
{
    public static Command Create(CliConsole console, SharedOptions shared)
    {
        var command = new Command(
            "verify", "Checks every byte of the store; exit code 1 when there is damage.")
        {
            shared.Database, shared.Json,
        };
        command.SetAction(parsed =>
        {
            using var report = new ReportWriter(console, parsed.GetValue(shared.Json));
            long start = console.Time.GetTimestamp();
            long blocks = 0, damageCount;
            try
            {
                using LsmStore store = shared.OpenReadOnly(parsed);
                using var progress = new ProgressLine(console, "verifying");
                VerifyReport found = store.Verify(console.Cancellation);
                blocks = found.BlocksChecked;
                damageCount = found.DamageCount;
                foreach (CorruptionException damage in found.Damages)
                    report.Row(DamageRow(damage));
            }
            catch (CorruptionException damage)
            {
                // Too damaged to open: that is the first finding, and the files are looked at one
                // by one for the rest.
                damageCount = 1;
                report.Row(DamageRow(damage));
                foreach (CorruptionException other in OthersThan(damage, console, shared, parsed))
                {
                    damageCount++;
                    report.Row(DamageRow(other));
                }
                console.Note("the store does not open; `lsm repair --dry-run` says what can be"
                    + " saved");
            }
            report.EndRows();
            report.Sheet(
                Field.Number("blocksChecked", blocks), Field.Number("damages", damageCount),
                Field.Seconds("seconds", console.Time.GetElapsedTime(start)));
            return damageCount == 0 ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }

    private static IEnumerable<CorruptionException> OthersThan(
        CorruptionException first, CliConsole console, SharedOptions shared, ParseResult parsed) =>
        LsmStore.Repair(
            shared.DirectoryOf(parsed), null, dryRun: true, console.Cancellation).Damages
            .Where(damage => Path.GetFileName(damage.FileName) != Path.GetFileName(first.FileName)
                || damage.Offset != first.Offset);

    private static Field[] DamageRow(CorruptionException damage) =>
    [
        Field.Text("file", damage.FileName), Field.Number("offset", damage.Offset),
        Field.Text("damage", damage.Message), Field.Optional("expected", damage.Expected),
        Field.Optional("found", damage.Found),
    ];
}
