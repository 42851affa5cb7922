// What may happen to the bytes of one file: flips, zeroed and shifted ranges, cuts, growth, pieces
// of the same or another file in the wrong place. Pure functions of the case's random numbers.

using System.Buffers.Binary;

namespace LsmMmap.Fuzz.Tests;

internal static class ByteMutator
{
    private static readonly int[] s_sizes = [1, 2, 8, 16, 64, 512, 1024, 4096, 32_768];

    /// <summary>Changes a copy of the bytes one to three times; others are files of the same
    /// kind to take pieces from.</summary>
    public static byte[] Mutate(FuzzCase the, byte[] whole, IReadOnlyList<byte[]> others)
    {
        byte[] bytes = Once(the, whole, others);
        while (the.OneIn(5))
            bytes = Once(the, bytes, others);
        return bytes;
    }

    /// <summary>Offset of the first byte that differs, or the shorter length.</summary>
    public static int FirstDifference(ReadOnlySpan<byte> one, ReadOnlySpan<byte> two) =>
        one.CommonPrefixLength(two);

    private static byte[] Once(FuzzCase the, byte[] bytes, IReadOnlyList<byte[]> others)
    {
        if (bytes.Length == 0)
            return Grow(the, bytes);
        return the.Random.Next(20) switch
        {
            0 or 1 or 2 or 3 or 4 => Flip(the, bytes),
            5 or 6 => Overwrite(the, bytes),
            7 or 8 => Zero(the, bytes),
            9 or 10 => Cut(the, bytes),
            11 => Grow(the, bytes),
            12 or 13 => Repeat(the, bytes),
            14 => Swap(the, bytes),
            15 => Insert(the, bytes),
            16 => Remove(the, bytes),
            17 => Number(the, bytes),
            _ => Borrow(the, bytes, others),
        };
    }

    private static byte[] Flip(FuzzCase the, byte[] bytes)
    {
        byte[] copy = [.. bytes];
        int at = the.Random.Next(copy.Length);
        // Where something stands a flip tells more than in padding.
        for (int tries = 0; tries < 4 && copy[at] == 0; tries++)
            at = the.Random.Next(copy.Length);
        byte mask = (byte)(1 << the.Random.Next(8));
        the.Say($"flip {mask:x2} at {at}");
        copy[at] ^= mask;
        return copy;
    }

    private static byte[] Overwrite(FuzzCase the, byte[] bytes)
    {
        byte[] copy = [.. bytes];
        (int at, int length) = Range(the, copy.Length, 64);
        the.Say($"garbage over {at}+{length}");
        the.Random.NextBytes(copy.AsSpan(at, length));
        return copy;
    }

    private static byte[] Zero(FuzzCase the, byte[] bytes)
    {
        byte[] copy = [.. bytes];
        (int at, int length) = Range(the, copy.Length, 32_768);
        the.Say($"zeros over {at}+{length}");
        copy.AsSpan(at, length).Clear();
        return copy;
    }

    private static byte[] Cut(FuzzCase the, byte[] bytes)
    {
        int length = the.OneIn(3)
            ? Math.Max(0, bytes.Length - 1 - the.Random.Next(300))
            : the.Random.Next(bytes.Length);
        the.Say($"cut to {length}");
        return bytes[..length];
    }

    private static byte[] Grow(FuzzCase the, byte[] bytes)
    {
        byte[] tail = new byte[1 + the.Random.Next(the.OneIn(4) ? 40_000 : 600)];
        int how = the.Random.Next(3);
        if (how == 1)
            the.Random.NextBytes(tail);
        if (how == 2 && bytes.Length > 0)
        {
            int from = the.Random.Next(bytes.Length);
            tail = bytes[from..Math.Min(bytes.Length, from + tail.Length)];
        }
        the.Say($"grow by {tail.Length} {(how == 0 ? "zeros" : how == 1 ? "garbage" : "own")}");
        return [.. bytes, .. tail];
    }

    private static byte[] Repeat(FuzzCase the, byte[] bytes)
    {
        byte[] copy = [.. bytes];
        (int from, int length) = Range(the, copy.Length, 32_768);
        int to = Place(the, copy.Length - length + 1, length);
        the.Say($"{from}+{length} again at {to}");
        bytes.AsSpan(from, length).CopyTo(copy.AsSpan(to));
        return copy;
    }

    private static byte[] Swap(FuzzCase the, byte[] bytes)
    {
        byte[] copy = [.. bytes];
        (int one, int length) = Range(the, copy.Length, 32_768);
        int two = Place(the, copy.Length - length + 1, length);
        the.Say($"{one}+{length} and {two} swapped");
        bytes.AsSpan(two, length).CopyTo(copy.AsSpan(one));
        bytes.AsSpan(one, length).CopyTo(copy.AsSpan(two));
        return copy;
    }

    private static byte[] Insert(FuzzCase the, byte[] bytes)
    {
        int at = the.Random.Next(bytes.Length + 1);
        byte[] more = new byte[1 + the.Random.Next(64)];
        if (the.OneIn(2))
            the.Random.NextBytes(more);
        the.Say($"{more.Length} bytes put in at {at}");
        return [.. bytes[..at], .. more, .. bytes[at..]];
    }

    private static byte[] Remove(FuzzCase the, byte[] bytes)
    {
        (int at, int length) = Range(the, bytes.Length, 4096);
        the.Say($"{at}+{length} taken out");
        return [.. bytes[..at], .. bytes[(at + length)..]];
    }

    private static byte[] Number(FuzzCase the, byte[] bytes)
    {
        byte[] copy = [.. bytes];
        Span<byte> eight = stackalloc byte[8];
        ulong value = the.AbsurdNumber(copy.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(eight, value);
        int width = Math.Min(copy.Length, 1 << the.Random.Next(4));
        int at = the.Random.Next(copy.Length - width + 1);
        the.Say($"{width} bytes of {value:x} at {at}");
        eight[..width].CopyTo(copy.AsSpan(at));
        return copy;
    }

    private static byte[] Borrow(FuzzCase the, byte[] bytes, IReadOnlyList<byte[]> others)
    {
        if (others.Count == 0)
            return Flip(the, bytes);
        int which = the.Random.Next(others.Count);
        byte[] other = others[which];
        if (other.Length == 0 || the.OneIn(6))
        {
            the.Say($"all of file {which} instead");
            return [.. other];
        }
        byte[] copy = [.. bytes];
        (int from, int length) = Range(the, Math.Min(copy.Length, other.Length), 32_768);
        int to = the.OneIn(3) ? the.Random.Next(copy.Length - length + 1) : from;
        the.Say($"{from}+{length} of file {which} at {to}");
        other.AsSpan(from, length).CopyTo(copy.AsSpan(to));
        return copy;
    }

    /// <summary>A range of a usual size at a usual place, or any.</summary>
    private static (int At, int Length) Range(FuzzCase the, int bytes, int lengthMax)
    {
        int length = the.OneIn(3) ? 1 + the.Random.Next(lengthMax) : the.Pick(s_sizes);
        length = Math.Min(Math.Min(length, lengthMax), bytes);
        return (Place(the, bytes - length + 1, length), length);
    }

    private static int Place(FuzzCase the, int limit, int unit)
    {
        int at = the.Random.Next(limit);
        return the.OneIn(2) ? at - at % unit : at;
    }
}
