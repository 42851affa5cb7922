// The entries that every benchmark uses: keys of 16 bytes, values of 100, or a record of 140 for
// the log. Keys are made, not stored, so that choosing one touches no memory besides the key:
// that costs about two nanoseconds, which are part of every figure.
//
// Key i is a number mixed from i (a bijection, so keys are distinct and in no order) and i itself.
// Half of a value is noise and half repeats, so that LZ4 gains about what it gains on records.
// Threads: static members are pure; a KeyWalk belongs to one.

using System.Buffers.Binary;

namespace LsmMmap.Bench.Support;

internal static class BenchData
{
    public const int KeyBytes = 16;
    public const int ValueBytes = 100;

    public static void WriteKey(Span<byte> key, ulong number)
    {
        BinaryPrimitives.WriteUInt64BigEndian(key, Mix(number));
        BinaryPrimitives.WriteUInt64BigEndian(key[8..], number);
    }

    public static byte[] Key(ulong number)
    {
        byte[] key = new byte[KeyBytes];
        WriteKey(key, number);
        return key;
    }

    /// <summary>The keys of the numbers below a count, in order of their bytes.</summary>
    public static byte[][] SortedKeys(int count)
    {
        byte[][] keys = new byte[count][];
        for (int i = 0; i < count; i++)
            keys[i] = Key((ulong)i);
        Array.Sort(keys, static (left, right) => left.AsSpan().SequenceCompareTo(right));
        return keys;
    }

    public static void WriteValue(Span<byte> value, ulong number)
    {
        value.Fill((byte)'v');
        for (int at = 0; at + sizeof(ulong) <= ValueBytes / 2; at += sizeof(ulong))
            BinaryPrimitives.WriteUInt64LittleEndian(
                value[at..], Mix(number + ((ulong)at << 40)));
    }

    /// <summary>The finaliser of SplitMix64 (Steele, Lea, Flood 2014).</summary>
    public static ulong Mix(ulong number)
    {
        number += 0x9E37_79B9_7F4A_7C15;
        number = (number ^ (number >> 30)) * 0xBF58_476D_1CE4_E5B9;
        number = (number ^ (number >> 27)) * 0x94D0_49BB_1331_11EB;
        return number ^ (number >> 31);
    }
}

/// <summary>Keys of one range of numbers in a random order that never ends.</summary>
internal sealed class KeyWalk(ulong first, ulong count)
{
    private readonly byte[] _key = new byte[BenchData.KeyBytes];
    private ulong _state;

    /// <summary>The next key, lent until the one after.</summary>
    public ReadOnlySpan<byte> Next()
    {
        ulong random = BenchData.Mix(_state++) >> 32;
        BenchData.WriteKey(_key, first + ((random * count) >> 32));
        return _key;
    }
}
