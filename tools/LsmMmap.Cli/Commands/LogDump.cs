// What the dumps of a log and of a MANIFEST share: the walk over a file's records, the header line,
// damage, the torn end and the sum at the end.

using LsmMmap.Cli.Output;
using LsmMmap.Engine.Recovery;

namespace LsmMmap.Cli.Commands;

internal static class LogDump
{
    /// <summary>Writes every line; <paramref name="record"/> writes what is in a record.</summary>
    /// <returns>The exit code.</returns>
    public static int Write(
        CliConsole console, DumpWriter writer, IEnumerable<InspectedLine> lines,
        Action<RecordLine> record)
    {
        long records = 0;
        using var progress = console.OutIsTerminal
            ? null : new ProgressLine(console, "dumping", isSize: true);
        foreach (InspectedLine line in lines)
        {
            console.Cancellation.ThrowIfCancellationRequested();
            switch (line)
            {
                case HeaderLine { Header: var header }:
                    writer.Line("header", Field.Text("storeId", $"{header.StoreId:x16}"),
                        Field.Identity("number", (ulong)header.LogNumber),
                        Field.Text("nonce", $"{header.Nonce:x16}"),
                        Field.Text("bootId", header.BootId.ToString()));
                    break;
                case RecordLine one:
                    records++;
                    progress?.Report(one.EndOffset);
                    WriteRecord(writer, one);
                    record(one);
                    break;
                case DamageLine { IsTornEnd: true } torn:
                    writer.TornEnd(torn.Damage);
                    break;
                case DamageLine damage:
                    writer.Damage(damage.Offset, damage.Damage);
                    break;
            }
        }
        writer.Line(
            "end", Field.Number("records", records), Field.Number("damages", writer.Damages));
        return writer.Code;
    }

    private static void WriteRecord(DumpWriter writer, RecordLine line) => writer.Line("record",
        Field.Offset("offset", line.Offset), Field.Number("bytes", line.EndOffset - line.Offset),
        Field.Text("kind", Words.Of(line.Kind)),
        Field.Identity("syncedLog", (ulong)line.Synced.LogNumber),
        Field.Offset("syncedOffset", line.Synced.Offset));
}
