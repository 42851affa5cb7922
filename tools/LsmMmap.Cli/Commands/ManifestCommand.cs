// `lsm manifest dump [DIR]`: the MANIFEST that a store's CURRENT names, edit by edit, each change a
// line. A MANIFEST file may be given instead of the directory, also one of a store that does not
// open any more.

using System.CommandLine;
using LsmMmap.Cli.Output;
using LsmMmap.Engine.Recovery;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Cli.Commands;

internal static class ManifestCommand
{
    public static Command Create(CliConsole console, SharedOptions shared)
    {
        var where = new Argument<string?>("DIR")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description = "Directory of the store, or a MANIFEST file; without it --db names it.",
        };
        var dump = new Command("dump", "Prints every edit; exit code 1 on damage.")
        {
            where, shared.Database, shared.Full, shared.Json,
        };
        dump.SetAction(parsed =>
        {
            string path = parsed.GetValue(where) ?? shared.DirectoryOf(parsed);
            using var writer = new DumpWriter(
                console, parsed.GetValue(shared.Json), parsed.GetValue(shared.Full));
            string file = path;
            try
            {
                if (Directory.Exists(path))
                    file = StoreInspector.CurrentManifest(path);
            }
            catch (CorruptionException damage)
            {
                writer.Damage(damage.Offset, damage);
                return writer.Code;
            }
            return LogDump.Write(console, writer, StoreInspector.ReadManifest(file), line =>
            {
                if (line.Edit is { } edit)
                    WriteEdit(writer, edit);
            });
        });
        return new Command("manifest", "Looks into the list of what a store consists of.")
        {
            dump,
        };
    }

    private static void WriteEdit(DumpWriter writer, VersionEdit edit)
    {
        if (edit.Numbers is { } numbers)
            writer.Line("numbers", Identity("oldestLog", numbers.OldestLog),
                Identity("nextFile", numbers.NextFileNumber),
                Field.Identity("lastSequence", numbers.LastSequence),
                Identity("nextKeyspaceId", numbers.NextKeyspaceId));
        foreach (KeyspaceRecord keyspace in edit.Keyspaces)
            writer.Line("keyspace", Identity("keyspaceId", keyspace.Id),
                Field.Text("name", keyspace.Name), Field.Flag("dropped", keyspace.Dropped),
                Field.Identity("flushedSequence", keyspace.FlushedSequence),
                Field.Text("options", keyspace.Options));
        foreach ((int keyspaceId, ulong sequence) in edit.Flushed)
            writer.Line("flushed", Identity("keyspaceId", keyspaceId),
                Field.Identity("flushedSequence", sequence));
        foreach ((int keyspaceId, int level, TableInfo table) in edit.Added)
            WriteTable(writer, keyspaceId, level, table);
        foreach ((int keyspaceId, int level, long number) in edit.Removed)
            writer.Line("remove", Identity("keyspaceId", keyspaceId), Identity("level", level),
                Identity("table", number));
        if (edit.Clean is { } clean)
            writer.Line("clean", Identity("log", clean.LogNumber),
                Field.Size("logBytes", clean.LogBytes),
                Field.Identity("lastSequence", clean.LastSequence));
    }

    private static void WriteTable(
        DumpWriter writer, int keyspaceId, int level, TableInfo table) => writer.Line("add",
        Identity("keyspaceId", keyspaceId), Identity("level", level),
        Identity("table", table.Number), Field.Size("bytes", table.FileBytes),
        Field.Number("entries", table.EntryCount), Field.Number("deletes", table.DeleteCount),
        Field.Number("rangeDeletes", table.RangeDeleteCount),
        Field.Number("expiring", table.Expiring.Count),
        ExpiryText.Field("lastExpiry", table.Expiring, table.Expiring.LastMs),
        Field.Identity("smallestSequence", table.SmallestSequence),
        Field.Identity("largestSequence", table.LargestSequence),
        Field.Bytes("smallestKey", table.SmallestKey),
        Field.Bytes("largestKey", RangeTombstones.Stated(table.LargestKey)),
        Field.Flag("largestExcluded", table.IsLargestExcluded),
        Field.Text("tableId", $"{table.TableId:x16}"),
        Field.Text("checksum", $"{table.FileChecksum:x16}"));

    private static Field Identity(string name, long value) => Field.Identity(name, (ulong)value);
}
