// The one order of the store. Entries are ordered by user key ascending (bytewise, as memcmp
// does, a shorter key before its extensions), then by tag descending, so that the newest version
// of a key comes first. Everything that sorts, seeks or merges uses these functions and no other.

using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.CompilerServices;

namespace LsmMmap.Sstable.Keys;

internal static class InternalKey
{
    /// <summary>
    /// Keys are at most 64 KiB - 1 bytes, so that a length fits 16 bits everywhere.
    /// </summary>
    public const int UserKeyBytesMax = 65_535;

    /// <summary>Values are at most 1 GiB.</summary>
    public const int ValueBytesMax = 1 << 30;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Compare(
        ReadOnlySpan<byte> leftKey, ulong leftTag, ReadOnlySpan<byte> rightKey, ulong rightTag)
    {
        int order = leftKey.SequenceCompareTo(rightKey);
        return order != 0 ? order : rightTag.CompareTo(leftTag);
    }

    /// <summary>
    /// The first eight bytes of a key as a number that orders as the bytes do. Shorter keys are
    /// padded with zeros, so equal heads decide nothing.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Head8(ReadOnlySpan<byte> key)
    {
        if (key.Length >= 8)
            return BinaryPrimitives.ReadUInt64BigEndian(key);
        return Head8OfShort(key);
    }

    /// <summary>The first four bytes, likewise.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Head4(ReadOnlySpan<byte> key)
    {
        if (key.Length >= 4)
            return BinaryPrimitives.ReadUInt32BigEndian(key);
        return (uint)(Head8OfShort(key) >> 32);
    }

    /// <summary>
    /// The hash of a user key. Computed once for a lookup and used by every filter on its way;
    /// its value is on disk in the filters, so the function is part of the table format.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Hash(ReadOnlySpan<byte> userKey) => XxHash3.HashToUInt64(userKey);

    private static ulong Head8OfShort(ReadOnlySpan<byte> key)
    {
        ulong head = 0;
        for (int i = 0; i < key.Length; i++)
            head |= (ulong)key[i] << (56 - 8 * i);
        return head;
    }
}
