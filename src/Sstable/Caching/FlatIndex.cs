// The index of one table in memory: a tree over the first eight bytes of every separator, and the
// block that each stands for. A lookup searches numbers, without a page of the table being touched.
// Where a head equals the target's, bytes further on would decide; those are left to the index in
// the file.
//
// Threads: immutable after construction.

using System.Diagnostics;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Sstable.Caching;

internal enum FlatIndexAnswer
{
    /// <summary>The block that holds the target if the table does.</summary>
    Found,

    /// <summary>The target lies above every entry.</summary>
    Beyond,

    /// <summary>Heads tie; the index in the file must decide.</summary>
    Undecided,
}

internal sealed class FlatIndex
{
    private const int LengthBits = 24;
    private const int OverheadBytes = 64;

    private readonly HeadTree _heads;
    private readonly ulong[] _handles;

    /// <summary>Of separators in order. Keeps the prefix and the handles.</summary>
    public FlatIndex(byte[] prefix, ReadOnlySpan<ulong> heads, ulong[] handles)
    {
        Debug.Assert(heads.Length == handles.Length, "every separator stands for a block");
        Debug.Assert(heads.Length > 0, "a table has a block");
        _heads = new HeadTree(prefix, heads);
        _handles = handles;
        Bytes = EstimateBytes(heads.Length) + prefix.Length;
    }

    /// <summary>Managed bytes it takes, for the cache's accounts.</summary>
    public long Bytes { get; }

    public static long EstimateBytes(long blocks) =>
        OverheadBytes + HeadTree.EstimateBytes(blocks) + blocks * sizeof(ulong);

    /// <summary>A handle as one number; false when it is too far or too long for that.</summary>
    public static bool TryPack(BlockHandle handle, out ulong packed)
    {
        packed = ((ulong)handle.Offset << LengthBits) | (uint)handle.Bytes;
        return handle.Bytes < 1 << LengthBits && handle.Offset < 1L << (64 - LengthBits);
    }

    /// <summary>How many blocks it names.</summary>
    public int Count => _handles.Length;

    public BlockHandle Handle(int at) => Unpack(_handles[at]);

    /// <summary>The place of a target's block. No tag is needed: an equal key is a tie of heads.
    /// </summary>
    public FlatIndexAnswer Find(ReadOnlySpan<byte> userKey, out int at)
    {
        at = _heads.LowerBound(userKey, out bool isTie);
        if (isTie)
            return FlatIndexAnswer.Undecided;
        return at < _handles.Length ? FlatIndexAnswer.Found : FlatIndexAnswer.Beyond;
    }

    private static BlockHandle Unpack(ulong packed) =>
        new((long)(packed >> LengthBits), (int)(packed & ((1UL << LengthBits) - 1)));
}
