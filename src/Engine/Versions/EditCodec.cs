// Bytes of a version edit, both ways; the picture stands in VersionEdit.cs.
// Threads: pure functions.

using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Versions;

internal static class EditCodec
{
    private const byte NumbersTag = 0x81;
    private const byte KeyspaceTag = 0x82;
    private const byte FlushedTag = 0x83;
    private const byte AddTag = 0x84;
    private const byte RemoveTag = 0x85;
    private const byte AddRangesTag = 0x87;
    private const byte CleanTag = 0x06;
    private const byte TableTimeTag = 0x08;
    private const byte ExpiringTag = 0x89;
    private const byte MustUnderstand = 0x80;
    private const ulong FlagLargestExcluded = 1;

    public static byte[] Encode(VersionEdit edit, ulong chain)
    {
        var output = new ArrayBufferWriter<byte>(256);
        BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(8), chain);
        output.Advance(8);
        var field = new ArrayBufferWriter<byte>(128);
        if (edit.Numbers is { } numbers)
        {
            PutVarint(field, (ulong)numbers.OldestLog);
            PutVarint(field, (ulong)numbers.NextFileNumber);
            PutVarint(field, numbers.LastSequence);
            PutVarint(field, (ulong)numbers.NextKeyspaceId);
            PutField(output, NumbersTag, field);
        }
        foreach (KeyspaceRecord keyspace in edit.Keyspaces)
        {
            PutVarint(field, (ulong)keyspace.Id);
            PutVarint(field, keyspace.Dropped ? 1UL : 0UL);
            PutVarint(field, keyspace.FlushedSequence);
            PutBytes(field, Encoding.UTF8.GetBytes(keyspace.Name));
            PutBytes(field, Encoding.UTF8.GetBytes(keyspace.Options));
            PutField(output, KeyspaceTag, field);
        }
        foreach ((int keyspaceId, ulong sequence) in edit.Flushed)
        {
            PutVarint(field, (ulong)keyspaceId);
            PutVarint(field, sequence);
            PutField(output, FlushedTag, field);
        }
        foreach ((int keyspaceId, int level, TableInfo table) in edit.Added)
        {
            PutTable(field, keyspaceId, level, table);
            PutField(output, table.RangeDeleteCount > 0 ? AddRangesTag : AddTag, field);
            if (table.WrittenAtMs != 0)
            {
                PutVarint(field, (ulong)table.Number);
                PutVarint(field, (ulong)table.WrittenAtMs);
                PutField(output, TableTimeTag, field);
            }
            if (!table.Expiring.IsEmpty)
            {
                PutVarint(field, (ulong)table.Number);
                PutVarint(field, (ulong)table.Expiring.Count);
                PutVarint(field, (ulong)table.Expiring.FirstMs);
                PutVarint(field, (ulong)table.Expiring.LastMs);
                PutField(output, ExpiringTag, field);
            }
        }
        foreach ((int keyspaceId, int level, long number) in edit.Removed)
        {
            PutVarint(field, (ulong)keyspaceId);
            PutVarint(field, (ulong)level);
            PutVarint(field, (ulong)number);
            PutField(output, RemoveTag, field);
        }
        if (edit.Clean is { } clean)
        {
            PutVarint(field, (ulong)clean.LogNumber);
            PutVarint(field, (ulong)clean.LogBytes);
            PutVarint(field, clean.LastSequence);
            PutField(output, CleanTag, field);
        }
        return output.WrittenSpan.ToArray();
    }

    /// <summary>False, with the reason, when the bytes are not an edit, or one of a newer
    /// version (<see cref="VersionEdit.UnknownField"/> then says what is new).</summary>
    public static bool TryDecode(
        ReadOnlySpan<byte> bytes, out ulong chain, out VersionEdit edit, out string problem)
    {
        edit = new VersionEdit();
        chain = 0;
        problem = "the edit ends early";
        if (bytes.Length < 8)
            return false;
        chain = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        var fields = new FieldReader(bytes[8..]);
        while (!fields.AtEnd)
        {
            byte tag = fields.Byte();
            ReadOnlySpan<byte> payload = fields.Bytes();
            if (fields.Failed)
                return false;
            if (!TryDecodeField(tag, payload, edit, out problem))
                return false;
        }
        problem = "";
        return true;
    }

    private static bool TryDecodeField(
        byte tag, ReadOnlySpan<byte> payload, VersionEdit edit, out string problem)
    {
        problem = "a field of the edit does not parse";
        var field = new FieldReader(payload);
        switch (tag)
        {
            case NumbersTag:
                edit.Numbers = new StoreNumbers(
                    field.Long(), field.Long(), field.Varint(), field.Int());
                break;
            case KeyspaceTag:
                int id = field.Int();
                bool dropped = (field.Varint() & 1) != 0;
                ulong flushed = field.Varint();
                edit.Keyspaces.Add(new KeyspaceRecord(
                    id, field.Text(), field.Text(), dropped, flushed));
                break;
            case FlushedTag:
                edit.Flushed.Add((field.Int(), field.Varint()));
                break;
            case AddTag:
            case AddRangesTag:
                edit.Added.Add(TakeTable(ref field, tag == AddRangesTag));
                break;
            case RemoveTag:
                edit.Removed.Add((field.Int(), field.Int(), field.Long()));
                break;
            case CleanTag:
                edit.Clean = new CleanClose(field.Long(), field.Long(), field.Varint());
                break;
            case TableTimeTag:
                SetTime(edit, field.Long(), field.Long());
                break;
            case ExpiringTag:
                if (!TrySetExpiring(edit, ref field))
                    return false;
                break;
            default:
                if ((tag & MustUnderstand) == 0)
                    return true;
                edit.UnknownField = tag;
                problem = $"field 0x{tag:X2} is unknown and must be understood";
                return false;
        }
        return !field.Failed && field.AtEnd;
    }

    private static void PutTable(
        ArrayBufferWriter<byte> field, int keyspaceId, int level, TableInfo table)
    {
        Debug.Assert(level is >= 0 and < TreeVersion.LevelCount, "a table is on a level");
        PutVarint(field, (ulong)keyspaceId);
        PutVarint(field, (ulong)level);
        PutVarint(field, 0); // run: one per level so far
        PutVarint(field, (ulong)table.Number);
        PutFixed(field, table.TableId);
        PutVarint(field, (ulong)table.FileBytes);
        PutFixed(field, table.FileChecksum);
        PutVarint(field, table.IsLargestExcluded ? FlagLargestExcluded : 0);
        PutVarint(field, table.SmallestSequence);
        PutVarint(field, table.LargestSequence);
        PutVarint(field, (ulong)table.EntryCount);
        PutVarint(field, (ulong)table.DeleteCount);
        PutBytes(field, table.SmallestKey);
        PutBytes(field, RangeTombstones.Stated(table.LargestKey));
        if (table.RangeDeleteCount > 0)
            PutVarint(field, (ulong)table.RangeDeleteCount);
    }

    private static (int KeyspaceId, int Level, TableInfo Table) TakeTable(
        ref FieldReader field, bool hasRanges)
    {
        int keyspaceId = field.Int();
        int level = field.Int();
        if (level >= TreeVersion.LevelCount || field.Varint() != 0)
            field.Fail();
        long number = field.Long();
        ulong tableId = field.Fixed();
        long bytes = field.Long();
        ulong checksum = field.Fixed();
        ulong flags = field.Varint();
        if (flags > (hasRanges ? FlagLargestExcluded : 0))
            field.Fail();
        var table = new TableInfo
        {
            Number = number,
            TableId = tableId,
            FileBytes = bytes,
            FileChecksum = checksum,
            SmallestSequence = field.Varint(),
            LargestSequence = field.Varint(),
            EntryCount = field.Long(),
            DeleteCount = field.Long(),
            SmallestKey = field.Bytes().ToArray(),
            LargestKey = field.Bytes().ToArray(),
            IsLargestExcluded = flags == FlagLargestExcluded,
        };
        if (table.IsLargestExcluded)
            table = table with { LargestKey = RangeTombstones.EndOf(table.LargestKey) };
        if (hasRanges)
            table = table with { RangeDeleteCount = field.Long() };
        if (hasRanges && table.RangeDeleteCount == 0)
            field.Fail();
        return (keyspaceId, level, table);
    }

    // Behind another field it says nothing that can be used, and nothing depends on it.
    private static void SetTime(VersionEdit edit, long number, long writtenAtMs)
    {
        if (edit.Added.Count == 0 || edit.Added[^1].Table.Number != number)
            return;
        (int id, int level, TableInfo table) = edit.Added[^1];
        edit.Added[^1] = (id, level, table with { WrittenAtMs = writtenAtMs });
    }

    // This must be right: what the field before adds would be read wrongly without it.
    private static bool TrySetExpiring(VersionEdit edit, ref FieldReader field)
    {
        long number = field.Long();
        var expiring = new ExpiringEntries(
            field.Long(), (long)field.Varint(), (long)field.Varint());
        if (field.Failed || expiring.IsEmpty || expiring.FirstMs > expiring.LastMs
            || edit.Added.Count == 0 || edit.Added[^1].Table.Number != number)
            return false;
        (int id, int level, TableInfo table) = edit.Added[^1];
        edit.Added[^1] = (id, level, table with { Expiring = expiring });
        return true;
    }

    private static void PutField(
        ArrayBufferWriter<byte> output, byte tag, ArrayBufferWriter<byte> field)
    {
        Debug.Assert(field.WrittenCount > 0, "a field has a payload");
        output.GetSpan(1)[0] = tag;
        output.Advance(1);
        PutBytes(output, field.WrittenSpan);
        field.ResetWrittenCount();
    }

    private static void PutFixed(ArrayBufferWriter<byte> output, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(8), value);
        output.Advance(8);
    }

    private static void PutBytes(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> bytes)
    {
        PutVarint(output, (ulong)bytes.Length);
        output.Write(bytes);
    }

    private static void PutVarint(ArrayBufferWriter<byte> output, ulong value)
    {
        Span<byte> span = output.GetSpan(10);
        int at = 0;
        for (; value >= 0x80; value >>= 7)
            span[at++] = (byte)(value | 0x80);
        span[at++] = (byte)value;
        output.Advance(at);
    }
}
