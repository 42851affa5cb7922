// A table beside the sorted list that it was made from, and the table's blocks, for those who
// change them and seal them again. Immutable.

using System.Buffers.Binary;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Fuzz.Tests;

internal sealed record TableEntry(byte[] Key, ulong Tag, byte[] Value)
{
    public static readonly Comparer<TableEntry> Order = Comparer<TableEntry>.Create(
        static (one, two) => InternalKey.Compare(one.Key, one.Tag, two.Key, two.Tag));
}

internal sealed class TableBase
{
    private const int FooterBytes = Sstable.Format.Footer.Bytes;

    private TableBase(byte[] bytes, List<TableEntry> entries, ulong tableId)
    {
        Bytes = bytes;
        Entries = entries;
        TableId = tableId;
        using var memory = new GuardedMemory(bytes.Length);
        using TableReader reader = TableReader.Open(
            new FuzzedTable(memory, bytes, atEnd: true), tableId, BlockReadMode.Copy, null, null);
        Blocks = [.. new TableInspector(reader).Blocks()];
        Footer = reader.Footer;
    }

    public byte[] Bytes { get; }

    public List<TableEntry> Entries { get; }

    public ulong TableId { get; }

    public Footer Footer { get; }

    public IReadOnlyList<InspectedBlock> Blocks { get; }

    public static TableBase Make(
        Random random, TableOptions options, int count, int valueBytesMax, int keyBytesMax)
    {
        var entries = new SortedSet<TableEntry>(TableEntry.Order);
        while (entries.Count < count)
        {
            byte[] key = new byte[random.Next(keyBytesMax + 1)];
            for (int i = 0; i < key.Length; i++)
                key[i] = (byte)(random.Next(4) * 60);
            for (int versions = random.Next(5) == 0 ? 4 : 1; versions > 0; versions--)
                entries.Add(Entry(random, key, valueBytesMax));
        }
        ulong tableId = (ulong)random.NextInt64();
        using var stream = new MemoryStream();
        using var builder = new TableBuilder(stream, tableId, options);
        foreach (TableEntry entry in entries)
            builder.Add(entry.Key, entry.Tag, entry.Value);
        builder.Finish();
        return new TableBase(stream.ToArray(), [.. entries], tableId);
    }

    /// <summary>The table of a store; what it holds is not asked.</summary>
    public static TableBase Of(byte[] bytes) =>
        new(bytes, [], BinaryPrimitives.ReadUInt64LittleEndian(
            bytes.AsSpan(bytes.Length - FooterBytes)));

    /// <summary>Tables of every layout: block sizes, codecs, values inside and apart, with and
    /// without filter, an index of several levels, keys of 0 to 64 KiB.</summary>
    public static List<TableBase> MakeAll(int seed)
    {
        var random = new Random(seed);
        var lz4 = new TableOptions { Codec = BlockCodec.Lz4 };
        return
        [
            Make(random, new TableOptions { BlockBytes = 1024 }, 60, 100, 20),
            Make(random, new TableOptions { BlockBytes = 4096 }, 150, 100, 20),
            Make(random, new TableOptions { BlockBytes = 1024 }, 30, 1500, 12),
            Make(random, new TableOptions { BlockBytes = 1024, BloomBitsPerKey = 0 }, 3, 9, 3),
            Make(random, new TableOptions { BlockBytes = 65_536 }, 300, 300, 30),
            Make(random, lz4, 200, 200, 20),
            Make(random, lz4 with { BlockBytes = 65_536 }, 40, 9000, 20),
            Make(random, new TableOptions { BlockBytes = 1024 }, 90, 40, 2500),
            Make(random, new TableOptions { BlockBytes = 1024 }, 6, 200_000, 8),
        ];
    }

    private static TableEntry Entry(Random random, byte[] key, int valueBytesMax)
    {
        ulong sequence = (ulong)random.Next(1, 1000);
        if (random.Next(8) == 0)
            return new TableEntry(key, EntryTag.Pack(sequence, ValueKind.Delete), []);
        bool expires = random.Next(6) == 0;
        byte[] value = new byte[random.Next(valueBytesMax + 1) + (expires ? Expiry.Bytes : 0)];
        if (random.Next(2) == 0)
            random.NextBytes(value);
        return new TableEntry(key, EntryTag.Pack(
            sequence, expires ? ValueKind.PutWithExpiry : ValueKind.Put), value);
    }
}
