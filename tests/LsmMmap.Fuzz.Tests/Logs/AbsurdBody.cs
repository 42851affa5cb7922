// Bodies of records that are almost batches or almost version edits: right tags and kinds, and
// varints for lengths, counts, levels, sequences and ids that no writer would write. Pure.

using System.Buffers.Binary;
using LsmMmap.Sstable.Format;

namespace LsmMmap.Fuzz.Tests;

internal static class AbsurdBody
{
    private static readonly byte[] s_tags =
        [0x81, 0x82, 0x83, 0x84, 0x85, 0x06, 0x07, 0x89, 0x90];

    private static readonly int[] s_kinds = [0, 1, 6];

    public static byte[] Make(FuzzCase the)
    {
        var body = new List<byte>();
        if (the.OneIn(2))
            Batch(the, body);
        else
            Edit(the, body, chain: 0);
        return [.. body];
    }

    /// <summary>An edit with a given chain, so that it is looked into.</summary>
    public static byte[] Edit(FuzzCase the, ulong chain)
    {
        var body = new List<byte>();
        Edit(the, body, chain);
        return [.. body];
    }

    private static void Batch(FuzzCase the, List<byte> body)
    {
        Number(the, body, 1);
        Number(the, body, 1);
        int entries = the.Random.Next(8);
        Number(the, body, (ulong)entries);
        for (int i = 0; i < entries; i++)
        {
            int kind = the.OneIn(8) ? the.Random.Next(256) : the.Pick(s_kinds);
            body.Add((byte)kind);
            Number(the, body, 0);
            Bytes(the, body);
            if (kind is 1 or 6)
                Bytes(the, body);
        }
    }

    private static void Edit(FuzzCase the, List<byte> body, ulong chain)
    {
        byte[] eight = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(eight, chain);
        body.AddRange(eight);
        for (int i = the.Random.Next(1, 6); i > 0; i--)
        {
            var field = new List<byte>();
            byte tag = the.Pick(s_tags);
            Field(the, field, tag);
            if (the.OneIn(8) && field.Count > 0)
                field.RemoveAt(the.Random.Next(field.Count));
            body.Add(tag);
            Number(the, body, (ulong)field.Count);
            body.AddRange(field);
        }
    }

    private static void Field(FuzzCase the, List<byte> field, byte tag)
    {
        int numbers = tag switch { 0x81 => 4, 0x82 => 3, 0x83 => 2, 0x85 or 0x06 => 3, _ => 4 };
        for (int i = 0; i < numbers; i++)
            Number(the, field, (ulong)the.Random.Next(3));
        if (tag == 0x84)
        {
            field.AddRange(new byte[8]);
            Number(the, field, 4096);
            field.AddRange(new byte[8]);
            for (int i = 0; i < 5; i++)
                Number(the, field, i == 0 ? 0ul : (ulong)i);
        }
        if (tag is 0x82 or 0x84)
        {
            Bytes(the, field);
            Bytes(the, field);
        }
    }

    private static void Number(FuzzCase the, List<byte> body, ulong usual)
    {
        Span<byte> encoded = stackalloc byte[Varint.BytesMax];
        ulong number = the.OneIn(6) ? the.AbsurdNumber(100) : usual;
        foreach (byte one in encoded[..Varint.Write(encoded, number)])
            body.Add(one);
    }

    private static void Bytes(FuzzCase the, List<byte> body)
    {
        byte[] content = new byte[the.Random.Next(the.OneIn(10) ? 70_000 : 12)];
        the.Random.NextBytes(content);
        Number(the, body, (ulong)content.Length);
        body.AddRange(content);
    }
}
