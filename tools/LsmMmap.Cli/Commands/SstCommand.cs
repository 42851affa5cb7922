// `lsm sst dump FILE`: one table by itself: its footer and properties, then block after block with
// where it lies and how it is stored, each data block with its entries. A damaged block is a line
// that says so, and the dump goes on behind it. Values that lie apart are read too, which checks
// them; --keys-only leaves them alone.
//
// A range tombstone is shown as an entry of kind rangeDelete: its first key, and as the value the
// first key behind it, which is empty when it has no end.
//
// The walk visits index blocks before what they point to, filter pages and properties last.

using System.CommandLine;
using LsmMmap.Cli.Output;
using LsmMmap.Engine.Recovery;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Cli.Commands;

internal static class SstCommand
{
    public static Command Create(CliConsole console, SharedOptions shared)
    {
        var file = new Argument<string>("FILE") { Description = "A table, NNNNNN.sst." };
        var keysOnly = Flag.Create("--keys-only", "Leave out the values.");
        var blocksOnly = Flag.Create("--blocks-only", "Leave out the entries.");
        var dump = new Command("dump", "Prints everything in a table; exit code 1 on damage.")
        {
            file, keysOnly, blocksOnly, shared.Full, shared.Json,
        };
        dump.SetAction(parsed =>
        {
            using var writer = new DumpWriter(
                console, parsed.GetValue(shared.Json), parsed.GetValue(shared.Full));
            InspectedTable table;
            try
            {
                table = StoreInspector.OpenTable(parsed.GetRequiredValue(file));
            }
            catch (CorruptionException damage)
            {
                // Without its footer a table is only bytes.
                writer.Damage(damage.Offset, damage);
                return writer.Code;
            }
            using (table)
            {
                var walk = new TableDump(console, writer, table)
                {
                    WithEntries = !parsed.GetValue(blocksOnly),
                    WithValues = !parsed.GetValue(keysOnly),
                };
                walk.Run();
            }
            return writer.Code;
        });
        return new Command("sst", "Looks into a table file.") { dump };
    }

    private sealed class TableDump(CliConsole console, DumpWriter writer, InspectedTable table)
    {
        private long _blocks;
        private long _entries;

        public bool WithEntries { get; init; }

        public bool WithValues { get; init; }

        public void Run()
        {
            WriteFooter(table.Reader.Footer);
            WriteProperties();
            using var progress = console.OutIsTerminal ? null : new ProgressLine(
                console, "dumping", table.FileBytes, isSize: true);
            foreach (InspectedBlock block in table.Inspector.Blocks())
            {
                console.Cancellation.ThrowIfCancellationRequested();
                progress?.Report(block.Handle.Offset);
                WriteBlock(block);
            }
            writer.Line("end", Field.Number("blocks", _blocks), Field.Number("entries", _entries),
                Field.Number("damages", writer.Damages));
        }

        private void WriteFooter(Footer footer) => writer.Line("footer",
            Field.Text("tableId", $"{footer.TableId:x16}"),
            Field.Number("formatVersion", footer.Version), Field.Size("bytes", footer.FileBytes),
            Field.Number("dataBlocks", footer.DataBlocks), Field.Number("entries", footer.Entries),
            Field.Number("indexDepth", footer.IndexDepth),
            Field.Offset("indexRootOffset", footer.IndexRoot.Offset),
            Field.Offset("propertiesOffset", footer.Properties.Offset),
            Field.Offset("filterOffset", footer.FilterOffset),
            Field.Offset("rangesOffset", footer.Ranges?.Offset ?? 0),
            Field.Number("filterPages", footer.FilterPages),
            Field.Number("filterProbes", footer.FilterProbes),
            Field.Flag("valuesApart", footer.HasValuesApart),
            Field.Flag("compressed", footer.IsCompressed));

        private void WriteProperties()
        {
            TableProperties said;
            try
            {
                said = table.Reader.Properties;
            }
            catch (CorruptionException)
            {
                // Told where the walk comes to that block.
                return;
            }
            writer.Line("about",
                Field.Text("creator", said.Creator), Field.Number("level", said.Level),
                Field.Text("codec", Words.Of(said.Codec)),
                Field.Size("blockBytes", said.BlockBytes), Field.Number("deletes", said.Deletes),
                Field.Number("rangeDeletes", said.RangeDeletes),
                Field.Number("expiring", said.Expiring.Count),
                ExpiryText.Field("firstExpiry", said.Expiring, said.Expiring.FirstMs),
                ExpiryText.Field("lastExpiry", said.Expiring, said.Expiring.LastMs),
                Field.Size("rawKeyBytes", said.RawKeyBytes),
                Field.Size("rawValueBytes", said.RawValueBytes),
                Field.Identity("smallestSequence", said.SmallestSequence),
                Field.Identity("largestSequence", said.LargestSequence),
                Field.Bytes("smallestKey", said.SmallestKey),
                Field.Bytes("largestKey", RangeTombstones.Stated(said.LargestKey)),
                Field.Flag("largestExcluded", said.IsLargestExcluded));
        }

        private void WriteBlock(InspectedBlock block)
        {
            _blocks++;
            writer.Line("block",
                Field.Offset("offset", block.Handle.Offset),
                Field.Number("bytes", block.Handle.Bytes),
                Field.Text("kind", Words.Of(block.Type)), Field.Number("height", block.Height),
                Field.Text("codec", Words.Of(block.Codec)),
                Field.Number("storedBytes", block.StoredBytes),
                Field.Number("payloadBytes", block.PayloadBytes),
                Field.Number("entries", block.Entries.Count),
                Field.Number("prefixBytes", block.PrefixBytes),
                Field.Flag("plain", block.IsPlain),
                Field.Bytes("separator", block.SeparatorKey));
            if (block.Damage is { } damage)
                writer.Damage(block.Handle.Offset, damage);
            if (block.Type is not (BlockType.Data or BlockType.RangeTombstones))
                return;
            _entries += block.Type == BlockType.Data ? block.Entries.Count : 0;
            foreach (InspectedEntry entry in block.Entries)
                WriteEntry(block, entry);
        }

        private void WriteEntry(InspectedBlock block, InspectedEntry entry)
        {
            byte[] value = [];
            ValueKind kind = EntryTag.Kind(entry.Tag);
            CorruptionException? damage = null;
            try
            {
                if (WithValues || kind == ValueKind.PutWithExpiry)
                    value = table.Inspector.ReadValue(entry);
            }
            catch (CorruptionException e)
            {
                damage = e;
            }
            string? expiry = ExpiryText.Cut(kind, ref value);
            if (WithEntries)
                writer.Line("entry",
                    Field.Identity("sequence", EntryTag.Sequence(entry.Tag)),
                    Field.Text("kind", Words.Of(kind)),
                    Field.Bytes("key", entry.UserKey),
                    Field.Number("valueBytes", ExpiryText.ValueBytes(kind, entry.ValueBytes)),
                    Field.Offset("valueOffset", entry.ApartOffset),
                    Field.Bytes("value", WithValues ? value : []),
                    Field.Optional("expiry", expiry));
            if (damage is not null)
                writer.Damage(block.Handle.Offset, damage);
        }
    }
}
