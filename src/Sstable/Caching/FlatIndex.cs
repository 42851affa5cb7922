// The index of one table as two plain arrays: the first eight bytes of every separator behind the
// prefix that all share, and the block each stands for. A lookup is one binary search over numbers,
// without a page of the table being touched. Where a head equals the target's, bytes further on
// would decide; those are left to the index in the file.
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
    private const int BytesPerBlock = 2 * sizeof(ulong);
    private const int OverheadBytes = 160;

    private readonly byte[] _prefix;
    private readonly ulong[] _heads;
    private readonly ulong[] _handles;

    public FlatIndex(byte[] prefix, ulong[] heads, ulong[] handles)
    {
        Debug.Assert(heads.Length == handles.Length, "every separator stands for a block");
        Debug.Assert(heads.Length > 0, "a table has a block");
        _prefix = prefix;
        _heads = heads;
        _handles = handles;
    }

    /// <summary>Managed bytes it takes, for the cache's accounts.</summary>
    public long Bytes => EstimateBytes(_heads.Length) + _prefix.Length;

    public static long EstimateBytes(long blocks) => OverheadBytes + blocks * BytesPerBlock;

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
        at = 0;
        if (!userKey.StartsWith(_prefix))
            return userKey.SequenceCompareTo(_prefix) > 0
                ? FlatIndexAnswer.Beyond : FlatIndexAnswer.Found;
        ulong head = InternalKey.Head8(userKey[_prefix.Length..]);
        ulong[] heads = _heads;
        int low = LowerBound(heads, head);
        if (low == heads.Length)
            return FlatIndexAnswer.Beyond;
        if (heads[low] == head)
            return FlatIndexAnswer.Undecided;
        at = low;
        return FlatIndexAnswer.Found;
    }

    /// <summary>First index whose head is not below; the steps do not branch on the data.</summary>
    private static int LowerBound(ulong[] heads, ulong head)
    {
        int low = 0;
        int count = heads.Length;
        while (count > 0)
        {
            int half = (count + 1) >> 1;
            int isBelow = heads[low + half - 1] < head ? -1 : 0;
            low += half & isBelow;
            count -= half;
        }
        Debug.Assert(low == heads.Length || heads[low] >= head, "the bound is a lower bound");
        return low;
    }

    private static BlockHandle Unpack(ulong packed) =>
        new((long)(packed >> LengthBits), (int)(packed & ((1UL << LengthBits) - 1)));
}
