// Changes the structure of a table and makes its checksums right again. Pure functions of the
// case's random numbers over the bytes.

using System.Buffers.Binary;
using System.IO.Hashing;
using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Fuzz.Tests;

internal static class TableCrafting
{
    private const int FooterChecksumAt = 112;

    public static void Change(FuzzCase the, TableBase whole, byte[] bytes)
    {
        switch (the.Random.Next(10))
        {
            case 0:
                ChangeFooter(the, whole, bytes);
                break;
            case 1 or 2 or 3:
                RebuildIndex(the, whole, bytes);
                break;
            case 4 when whole.Footer.HasValuesApart:
                ChangeValueApart(the, whole, bytes);
                break;
            default:
                ChangeBlock(the, whole, bytes);
                break;
        }
    }

    private static void ChangeBlock(FuzzCase the, TableBase whole, byte[] bytes)
    {
        InspectedBlock block = the.Pick(whole.Blocks);
        BlockHandle handle = block.Handle;
        Span<byte> sealedBlock = bytes.AsSpan((int)handle.Offset, handle.Bytes);
        int payload = Math.Max(1, block.StoredBytes);
        // Half of the changes where the structure stands, the others anywhere in the payload.
        int heads = 8 + 6 * Math.Max(1, block.Entries.Count);
        for (int i = the.Random.Next(1, 5); i > 0; i--)
        {
            int reach = the.Random.Next(3) switch
            {
                0 => Math.Min(8, payload),
                1 => Math.Min(heads + 24, payload),
                _ => payload,
            };
            int at = the.Random.Next(reach);
            sealedBlock[at] = (byte)the.AbsurdNumber(payload);
            the.Say($"{block.Type} at {handle.Offset}: byte {at} is {sealedBlock[at]:x2}");
        }
        if (block.Codec == BlockCodec.Lz4 && the.OneIn(3))
            BinaryPrimitives.WriteUInt32LittleEndian(
                sealedBlock, (uint)the.AbsurdNumber(block.PayloadBytes));
        if (the.OneIn(8))
            ChangeTrailer(the, sealedBlock);
        Reseal(sealedBlock, whole.TableId, handle.Offset);
    }

    private static void ChangeTrailer(FuzzCase the, Span<byte> sealedBlock)
    {
        Span<byte> trailer = sealedBlock[^BlockTrailer.Bytes..];
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(trailer);
        int how = the.Random.Next(3);
        if (how == 0)
            BinaryPrimitives.WriteUInt32LittleEndian(
                trailer, (uint)the.AbsurdNumber(sealedBlock.Length));
        else
            trailer[3 + how] = (byte)the.Random.Next(7);
        the.Say($"trailer {stored}: {Convert.ToHexString(trailer[..8])}");
    }

    /// <summary>Writes an index block anew, with handles that name anything.</summary>
    private static void RebuildIndex(FuzzCase the, TableBase whole, byte[] bytes)
    {
        InspectedBlock[] indexes =
            [.. whole.Blocks.Where(one => one.Type == BlockType.Index)];
        InspectedBlock index = the.Pick(indexes);
        var builder = new BlockBuilder(entriesAlways: 4);
        Span<byte> encoded = stackalloc byte[BlockHandle.EncodedBytesMax];
        foreach (InspectedEntry entry in index.Entries)
        {
            if (the.OneIn(20))
                continue;
            BlockHandle.TryRead(entry.Value, long.MaxValue, out BlockHandle handle);
            if (the.OneIn(4))
                handle = AbsurdHandle(the, whole, handle);
            ulong tag = the.OneIn(12) ? the.AbsurdNumber(99) : entry.Tag;
            // The builder takes nothing out of order; disorder comes by changing its bytes.
            bool isInOrder = builder.Count == 0 || InternalKey.Compare(
                builder.LastKey, builder.LastTag, entry.UserKey, tag) < 0;
            if (!isInOrder)
                continue;
            int length = Varint.Write(encoded, (ulong)handle.Offset);
            length += Varint.Write(encoded[length..], (ulong)handle.Bytes);
            builder.Add(entry.UserKey, tag, encoded[..length]);
        }
        int room = index.Handle.Bytes - BlockTrailer.Bytes;
        if (builder.Count == 0 || builder.PayloadBytes() > room)
            return;
        Span<byte> block = bytes.AsSpan((int)index.Handle.Offset, index.Handle.Bytes);
        block.Clear();
        int payload = builder.PayloadBytes();
        builder.Write(block[..payload]);
        BlockTrailer.Seal(
            block, payload, BlockCodec.None, BlockType.Index, whole.TableId, index.Handle.Offset);
    }

    private static BlockHandle AbsurdHandle(FuzzCase the, TableBase whole, BlockHandle handle)
    {
        BlockHandle other = the.Pick(whole.Blocks).Handle;
        BlockHandle absurd = the.Random.Next(8) switch
        {
            0 or 1 => other,
            2 => handle with { Bytes = BlockTrailer.Bytes + 1 + the.Random.Next(24) },
            3 => handle with { Offset = handle.Offset + the.Random.Next(1024) },
            4 => handle with { Bytes = (int)(the.AbsurdNumber(whole.Bytes.Length) & 0x7FFF_FFFF) },
            5 => new BlockHandle(the.Random.Next(whole.Bytes.Length), the.Random.Next(9000)),
            6 => other with { Bytes = handle.Bytes },
            _ => handle with { Bytes = (int)other.End - (int)Math.Min(other.End, handle.Offset) },
        };
        the.Say($"handle {handle.Offset}+{handle.Bytes} is {absurd.Offset}+{absurd.Bytes}");
        return absurd;
    }

    /// <summary>A changed value whose piece is right again, or its checksum moved.</summary>
    private static void ChangeValueApart(FuzzCase the, TableBase whole, byte[] bytes)
    {
        InspectedEntry entry = the.Pick(
            [.. whole.Blocks.SelectMany(block => block.Entries).Where(one => one.IsApart)]);
        Span<byte> extent = bytes.AsSpan(
            (int)entry.ApartOffset, ValueExtent.Bytes(entry.ValueBytes));
        int piece = the.Random.Next(ValueExtent.Pieces(entry.ValueBytes));
        extent[piece * ValueExtent.PieceBytes] ^= (byte)the.Random.Next(256);
        ulong checksum = ValueExtent.PieceChecksum(
            extent[..entry.ValueBytes], piece, whole.TableId, entry.ApartOffset);
        BinaryPrimitives.WriteUInt64LittleEndian(
            extent[(entry.ValueBytes + piece * ValueExtent.ChecksumBytes)..], checksum);
        the.Say($"value at {entry.ApartOffset}, piece {piece}");
    }

    private static void ChangeFooter(FuzzCase the, TableBase whole, byte[] bytes)
    {
        Span<byte> footer = bytes.AsSpan(bytes.Length - Footer.Bytes);
        int at = 4 * the.Random.Next(2, FooterChecksumAt / 4);
        int width = the.OneIn(2) && at + 8 <= FooterChecksumAt ? 8 : 4;
        ulong value = the.AbsurdNumber(bytes.Length);
        if (the.OneIn(3))
            value = (ulong)the.Pick(whole.Blocks).Handle.Offset;
        Span<byte> eight = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(eight, value);
        eight[..width].CopyTo(footer[at..]);
        the.Say($"footer {at}+{width} is {value:x}");
        ulong checksum = XxHash3.HashToUInt64(
            footer[..FooterChecksumAt],
            BlockTrailer.Seed(whole.TableId, bytes.Length - Footer.Bytes));
        BinaryPrimitives.WriteUInt64LittleEndian(footer[FooterChecksumAt..], checksum);
    }

    /// <summary>Makes the checksum of a block right.</summary>
    public static void Reseal(Span<byte> block, ulong tableId, long offset)
    {
        ulong checksum = XxHash3.HashToUInt64(block[..^8], BlockTrailer.Seed(tableId, offset));
        BinaryPrimitives.WriteUInt64LittleEndian(block[^8..], checksum);
    }
}
