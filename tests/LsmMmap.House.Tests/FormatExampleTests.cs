// Makes the small files that docs/format.md shows in hex, by the codecs of the store, and compares.
// Nothing here is random: ids, nonces and keys are those the page names. What a store itself writes
// into a log is taken from the logs of a real one.

using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;
using LsmMmap.Wal;

namespace LsmMmap.House.Tests;

public sealed class FormatExampleTests
{
    private const ulong TableId = 0x0102_0304_0506_0708;

    private static readonly DateTimeOffset s_beginOf2030 = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void FormatPage_LogExample_IsWhatTheWriterMakes()
    {
        using MemoryStream file = new();
        LogHeader header = new(
            StoreId: 0x1122_3344_5566_7788,
            LogNumber: 7,
            Nonce: 0x0102_0304_0506_0708,
            BootId: new Guid("00112233-4455-6677-8899-aabbccddeeff"));
        LogWriter writer = new(file, header);
        writer.WriteHeader();
        writer.Append(LogRecordKind.Data, new LogPosition(6, 300), "first"u8);
        writer.Append(LogRecordKind.Point, new LogPosition(7, 64), []);
        HexExample.AssertShows("log", file.ToArray());
    }

    [Fact]
    public void FormatPage_CommitExample_IsWhatAStoreLogs()
    {
        InStore(folder =>
        {
            using LsmStore store = LsmStore.Open(folder);
            Keyspace events = store.GetKeyspace("events");
            using WriteBatch batch = new();
            batch.Put("apple"u8, "red"u8).Put(events, "e1"u8, "x"u8).Delete("pear"u8);
            store.Write(batch);
            byte[] body = Assert.Single(Bodies(folder, LogRecordKind.Data));
            HexExample.AssertShows("commit", body);
        });
    }

    [Fact]
    public void FormatPage_RangesExample_IsWhatAStoreLogs()
    {
        InStore(folder =>
        {
            using LsmStore store = LsmStore.Open(folder);
            using WriteBatch batch = new();
            batch.DeleteRange("a"u8, "c"u8).DeleteRange("x"u8, []);
            store.Write(batch);
            byte[] body = Assert.Single(Bodies(folder, LogRecordKind.Data));
            HexExample.AssertShows("ranges", body);
        });
    }

    [Fact]
    public void FormatPage_ExpiryExample_IsWhatAStoreLogs()
    {
        InStore(folder =>
        {
            using LsmStore store = LsmStore.Open(folder);
            store.PutWithExpiry("apple"u8, "red"u8, s_beginOf2030);
            byte[] body = Assert.Single(Bodies(folder, LogRecordKind.Data));
            HexExample.AssertShows("expiry", body);
        });
    }

    [Fact]
    public void FormatPage_FragmentsExample_IsWhatTheCodecMakes()
    {
        RangeTombstones ranges = RangeTombstones.None.With("a"u8.ToArray(), RangeTombstones.End, 4);
        ranges.Note("d"u8, 5);
        ranges = ranges.With("a"u8.ToArray(), "c"u8.ToArray(), 9);
        HexExample.AssertShows("fragments", RangeBlock.Encode(ranges));
    }

    [Fact]
    public void FormatPage_LinkExample_IsWhatAReopenedStoreLogs()
    {
        InStore(folder =>
        {
            using (LsmStore first = LsmStore.Open(folder))
                first.Put("apple"u8, "red"u8);
            using LsmStore second = LsmStore.Open(folder);
            second.FlushLog(toDisk: false);
            byte[] body = Assert.Single(Bodies(folder, LogRecordKind.Link));
            HexExample.AssertShows("link", body);
        });
    }

    [Fact]
    public void FormatPage_EditExample_IsWhatTheCodecMakes()
    {
        VersionEdit edit = new() { Numbers = new StoreNumbers(12, 300, 77, 2) };
        edit.Keyspaces.Add(new KeyspaceRecord(1, "events", "block=4096", false, 5));
        edit.Flushed.Add((0, 77));
        edit.Added.Add((0, 0, Table()));
        edit.Removed.Add((0, 6, 9));
        edit.Clean = new CleanClose(12, 200, 77);
        HexExample.AssertShows("edit", EditCodec.Encode(edit, chain: 0));
    }

    [Fact]
    public void FormatPage_ExpiringExample_IsWhatTheCodecMakes()
    {
        long firstMs = s_beginOf2030.ToUnixTimeMilliseconds();
        VersionEdit edit = new();
        edit.Added.Add((0, 0, Table() with
        {
            Expiring = new ExpiringEntries(2, firstMs, firstMs + 5_000),
        }));
        byte[] bytes = EditCodec.Encode(edit, chain: 0);
        HexExample.AssertShows("expiring", bytes);
        Assert.True(EditCodec.TryDecode(bytes, out _, out VersionEdit read, out _));
        Assert.Equal(edit.Added[0].Table.Expiring, read.Added[0].Table.Expiring);
    }

    [Fact]
    public void FormatPage_CurrentExample_IsWhatIsWritten() =>
        HexExample.AssertShows("current", ManifestReader.EncodeCurrent(7));

    [Fact]
    public void FormatPage_TableExample_IsWhatTheBuilderMakes()
    {
        using MemoryStream file = new();
        using TableBuilder builder = new(file, TableId, new TableOptions { BlockBytes = 1024 });
        builder.Add("apple"u8, EntryTag.Pack(7, ValueKind.Put), "red"u8);
        builder.Add("apple"u8, EntryTag.Pack(3, ValueKind.Put), "green"u8);
        builder.Add("apricot"u8, EntryTag.Pack(9, ValueKind.Delete), []);
        builder.Finish();
        HexExample.AssertShows("table", file.ToArray());
    }

    private static TableInfo Table() => new()
    {
        Number = 13,
        TableId = TableId,
        FileBytes = 16_512,
        FileChecksum = 0x1122_3344_5566_7788,
        SmallestKey = [.. "apple"u8],
        LargestKey = [.. "pear"u8],
        SmallestSequence = 70,
        LargestSequence = 77,
        EntryCount = 3,
        DeleteCount = 1,
    };

    private static void InStore(Action<string> test)
    {
        string folder = Directory.CreateTempSubdirectory("lsm-format-").FullName;
        try
        {
            test(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static List<byte[]> Bodies(string folder, LogRecordKind kind)
    {
        string path = Assert.Single(Directory.GetFiles(folder, "*.log"));
        using FileStream file = new(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        Assert.True(LogReader.TryReadHeader(file, out LogHeader header, out _), path);
        LogReader reader = new(file, header);
        List<byte[]> bodies = [];
        while (reader.Read())
        {
            if (reader.Kind == kind)
                bodies.Add(reader.Body.ToArray());
        }
        Assert.True(reader.Damage == null, $"{path} is whole");
        return bodies;
    }
}
