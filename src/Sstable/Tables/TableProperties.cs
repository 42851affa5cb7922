// What a table says about itself, for tools and statistics: a block of names in order, each with a
// text or a varint. A reader ignores names it does not know, so names may be added at any time.

using System.Diagnostics;
using System.Text;
using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Sstable.Tables;

internal sealed record TableProperties
{
    private static readonly UTF8Encoding s_strict = new(false, true);

    public string Creator { get; init; } = FormatVersion.Creator;
    public long Entries { get; init; }
    public long Deletes { get; init; }
    public long DataBlocks { get; init; }
    public long RawKeyBytes { get; init; }
    public long RawValueBytes { get; init; }
    public ulong SmallestSequence { get; init; }
    public ulong LargestSequence { get; init; }
    public byte[] SmallestKey { get; init; } = [];
    public byte[] LargestKey { get; init; } = [];
    public bool IsLargestExcluded { get; init; }
    public long RangeDeletes { get; init; }
    public ExpiringEntries Expiring { get; init; }
    public int Level { get; init; }
    public int BlockBytes { get; init; }
    public BlockCodec Codec { get; init; }

    /// <summary>The keyspace that the table was made for; null in a table that does not say.
    /// </summary>
    public int? KeyspaceId { get; init; }

    public string? KeyspaceName { get; init; }

    /// <summary>The store that the table was made by; null in a table that does not say.
    /// </summary>
    public ulong? StoreId { get; init; }

    /// <summary>The same with bounds that the range tombstones lie in too. The sequences are
    /// the caller's.</summary>
    public TableProperties Over(RangeTombstones ranges)
    {
        if (ranges.IsEmpty)
            return this;
        byte[] first = ranges.Fragments[0].From;
        byte[] end = ranges.Fragments[^1].To;
        bool endsLast = LargestKey.AsSpan().SequenceCompareTo(end) < 0;
        return this with
        {
            SmallestKey = SmallestKey.AsSpan().SequenceCompareTo(first) < 0 ? SmallestKey : first,
            LargestKey = endsLast ? end : LargestKey,
            IsLargestExcluded = endsLast,
            RangeDeletes = ranges.Count,
        };
    }

    /// <summary>Fills an empty builder.</summary>
    public void Write(BlockBuilder block)
    {
        Debug.Assert(block.Count == 0, "properties have a block of their own");
        AddNumber(block, "block.bytes", (ulong)BlockBytes);
        AddNumber(block, "codec", (ulong)Codec);
        Add(block, "creator", Encoding.UTF8.GetBytes(Creator));
        AddNumber(block, "data.blocks", (ulong)DataBlocks);
        AddNumber(block, "deletes", (ulong)Deletes);
        AddNumber(block, "entries", (ulong)Entries);
        if (!Expiring.IsEmpty)
        {
            AddNumber(block, "expiring", (ulong)Expiring.Count);
            AddNumber(block, "expiring.first", (ulong)Expiring.FirstMs);
            AddNumber(block, "expiring.last", (ulong)Expiring.LastMs);
        }
        Add(block, "key.largest", RangeTombstones.Stated(LargestKey));
        if (IsLargestExcluded)
            AddNumber(block, "key.largest.excluded", 1);
        Add(block, "key.smallest", SmallestKey);
        if (KeyspaceId is { } keyspaceId)
            AddNumber(block, "keyspace.id", (ulong)keyspaceId);
        if (KeyspaceName is { } keyspaceName)
            Add(block, "keyspace.name", Encoding.UTF8.GetBytes(keyspaceName));
        AddNumber(block, "level", (ulong)Level);
        if (RangeDeletes > 0)
            AddNumber(block, "range.deletes", (ulong)RangeDeletes);
        AddNumber(block, "raw.key.bytes", (ulong)RawKeyBytes);
        AddNumber(block, "raw.value.bytes", (ulong)RawValueBytes);
        AddNumber(block, "sequence.largest", LargestSequence);
        AddNumber(block, "sequence.smallest", SmallestSequence);
        if (StoreId is { } storeId)
            AddNumber(block, "store.id", storeId);
    }

    /// <summary>Reads a validated block; null when a known property is malformed.</summary>
    public static TableProperties? Read(ReadOnlySpan<byte> native)
    {
        var view = new BlockView(native);
        var properties = new TableProperties { Creator = "" };
        byte[] name = new byte[BlockCursor.KeyBufferBytes];
        for (int i = 0; i < view.Count; i++)
        {
            if (!view.TryDecode(i, out BlockEntry entry) || entry.IsApart)
                return null;
            int nameBytes = view.CopyKey(entry, name);
            string text = Encoding.UTF8.GetString(name, 0, nameBytes);
            TableProperties? more = With(properties, text, view.Value(entry));
            if (more == null)
                return null;
            properties = more;
        }
        return properties;
    }

    private static TableProperties? With(
        TableProperties properties, string name, ReadOnlySpan<byte> value)
    {
        switch (name)
        {
            case "creator":
                return TryText(value, out string text) ? properties with { Creator = text } : null;
            case "keyspace.name":
                return TryText(value, out string keyspace)
                    ? properties with { KeyspaceName = keyspace } : null;
            case "key.largest":
                return properties with { LargestKey = value.ToArray() };
            case "key.smallest":
                return properties with { SmallestKey = value.ToArray() };
        }
        int position = 0;
        bool isNumber = Varint.TryRead(value, ref position, out ulong number)
            && position == value.Length;
        TableProperties? more = isNumber ? WithNumber(properties, name, number) : null;
        return more ?? (IsNumberName(name) ? null : properties);
    }

    private static TableProperties? WithNumber(
        TableProperties properties, string name, ulong number)
    {
        return name switch
        {
            "block.bytes" => properties with { BlockBytes = (int)number },
            "codec" => properties with { Codec = (BlockCodec)number },
            "data.blocks" => properties with { DataBlocks = (long)number },
            "deletes" => properties with { Deletes = (long)number },
            "entries" => properties with { Entries = (long)number },
            "expiring" => properties with
            {
                Expiring = properties.Expiring with { Count = (long)number },
            },
            "expiring.first" => properties with
            {
                Expiring = properties.Expiring with { FirstMs = (long)number },
            },
            "expiring.last" => properties with
            {
                Expiring = properties.Expiring with { LastMs = (long)number },
            },
            "key.largest.excluded" => properties with
            {
                IsLargestExcluded = true,
                LargestKey = RangeTombstones.EndOf(properties.LargestKey),
            },
            "keyspace.id" => number <= int.MaxValue
                ? properties with { KeyspaceId = (int)number } : null,
            "level" => properties with { Level = (int)number },
            "range.deletes" => properties with { RangeDeletes = (long)number },
            "raw.key.bytes" => properties with { RawKeyBytes = (long)number },
            "raw.value.bytes" => properties with { RawValueBytes = (long)number },
            "sequence.largest" => properties with { LargestSequence = number },
            "sequence.smallest" => properties with { SmallestSequence = number },
            "store.id" => properties with { StoreId = number },
            _ => null,
        };
    }

    private static bool IsNumberName(string name) =>
        WithNumber(new TableProperties(), name, 0) != null;

    private static bool TryText(ReadOnlySpan<byte> value, out string text)
    {
        try
        {
            text = s_strict.GetString(value);
            return true;
        }
        catch (DecoderFallbackException)
        {
            text = "";
            return false;
        }
    }

    private static void AddNumber(BlockBuilder block, string name, ulong number)
    {
        Span<byte> encoded = stackalloc byte[Varint.BytesMax];
        Add(block, name, encoded[..Varint.Write(encoded, number)]);
    }

    private static void Add(BlockBuilder block, string name, ReadOnlySpan<byte> value) =>
        block.Add(Encoding.UTF8.GetBytes(name), EntryTag.PlainPut, value);
}
