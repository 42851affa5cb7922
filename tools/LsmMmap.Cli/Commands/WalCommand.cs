// `lsm wal dump FILE`: one write-ahead log by itself: record after record, each with the point up
// to which the logs were known to be on disk, and the entries of each commit.

using System.CommandLine;
using LsmMmap.Cli.Output;
using LsmMmap.Engine.Recovery;

namespace LsmMmap.Cli.Commands;

internal static class WalCommand
{
    public static Command Create(CliConsole console, SharedOptions shared)
    {
        var file = new Argument<string>("FILE") { Description = "A log, NNNNNN.log." };
        var keysOnly = Flag.Create("--keys-only", "Leave out the values.");
        var dump = new Command("dump", "Prints everything in a log; exit code 1 on damage.")
        {
            file, keysOnly, shared.Full, shared.Json,
        };
        dump.SetAction(parsed =>
        {
            using var writer = new DumpWriter(
                console, parsed.GetValue(shared.Json), parsed.GetValue(shared.Full));
            bool withValues = !parsed.GetValue(keysOnly);
            return LogDump.Write(console, writer,
                StoreInspector.ReadLog(parsed.GetRequiredValue(file)),
                line => WriteBody(writer, line, withValues));
        });
        return new Command("wal", "Looks into a write-ahead log.") { dump };
    }

    private static void WriteBody(DumpWriter writer, RecordLine line, bool withValues)
    {
        if (line.Link is { } link)
            writer.Line("link",
                Field.Identity("previousLog", (ulong)link.Predecessor.LogNumber),
                Field.Size("previousBytes", link.Predecessor.Offset),
                Field.Identity("lastSequence", link.LastSequence));
        if (line.NextLog is { } next)
            writer.Line("next", Field.Identity("nextLog", (ulong)next));
        if (line.Commits is not { } commits)
            return;
        writer.Line("commits", Field.Identity("firstSequence", commits.FirstSequence),
            Field.Number("commits", commits.CommitCount),
            Field.Number("entries", commits.Entries.Count));
        foreach (LoggedEntry entry in commits.Entries)
        {
            byte[] value = entry.Value;
            string? expiry = ExpiryText.Cut(entry.Kind, ref value);
            writer.Line("entry", Field.Identity("sequence", entry.Sequence),
                Field.Text("kind", Words.Of(entry.Kind)),
                Field.Identity("keyspaceId", (ulong)entry.KeyspaceId),
                Field.Bytes("key", entry.Key), Field.Number("valueBytes", value.Length),
                Field.Bytes("value", withValues ? value : []),
                Field.Optional("expiry", expiry));
        }
    }
}
