// A search tree that never changes, over the first eight bytes of ordered keys (their heads) behind
// the prefix that all share. Nodes are runs of sixteen heads, two cache lines; above each run
// stands its largest head, sixteen of those make a run again, and so on until one node is left:
//
//   level 1            [ 15, 31, 47, ... ]               largest heads of the runs below
//   level 0   [ 0 .. 15 ][ 16 .. 31 ][ 32 .. 47 ] ...    all heads, in order
//
// A search counts, in one node of each level, the heads below the target. There is no branch that
// depends on data, and 16,000 heads cost four nodes; a binary search over the same array costs
// fourteen dependent steps. The last run is padded with the largest number, which nothing exceeds.
//
// Cost: no allocation; two cache lines a level.
// Source: the static B-tree of Khuong and Morin, "Array Layouts for Comparison-Based Searching"
// (2017), and of Slotin, "Algorithms for Modern Hardware". Threads: immutable.

using System.Diagnostics;
using System.Numerics;
using System.Runtime.Intrinsics;

namespace LsmMmap.Sstable.Keys;

internal sealed class HeadTree
{
    private const int RunHeads = 16;
    private const int RunShift = 4;

    private readonly byte[] _prefix;
    private readonly ulong[][] _levels;
    private readonly int _count;

    /// <summary>Over heads in order, which may repeat; the array is not kept.</summary>
    public HeadTree(byte[] prefix, ReadOnlySpan<ulong> heads)
    {
        _prefix = prefix;
        _count = heads.Length;
        var levels = new List<ulong[]> { Padded(heads) };
        while (levels[^1].Length > RunHeads)
            levels.Add(Padded(LargestOfRuns(levels[^1])));
        _levels = [.. levels];
        for (int i = 1; i < heads.Length; i++)
            Debug.Assert(heads[i - 1] <= heads[i], "heads are in order");
    }

    public int Count => _count;

    /// <summary>Managed bytes that a tree over so many heads takes, about.</summary>
    public static long EstimateBytes(long heads) =>
        96 + (heads + RunHeads) * sizeof(ulong) * (RunHeads + 1) / RunHeads;

    /// <summary>What the first and the last key share, all keys between them share.</summary>
    public static byte[] SharedPrefix(ReadOnlySpan<byte> first, ReadOnlySpan<byte> last) =>
        first[..first.CommonPrefixLength(last)].ToArray();

    /// <summary>The head of a key of this tree. Requires: it starts with the prefix.</summary>
    public static ulong HeadBehind(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> key)
    {
        Debug.Assert(key.StartsWith(prefix), "all keys share the prefix");
        return InternalKey.Head8(key[prefix.Length..]);
    }

    /// <summary>How many keys are below this one, as far as heads tell: when the head there
    /// ties, bytes behind it decide whether that key, and those after it with the same head, are
    /// below as well.</summary>
    public int LowerBound(ReadOnlySpan<byte> key, out bool isTie)
    {
        isTie = false;
        if (!key.StartsWith(_prefix))
            return key.SequenceCompareTo(_prefix) > 0 ? _count : 0;
        ulong head = InternalKey.Head8(key[_prefix.Length..]);
        ulong[][] levels = _levels;
        int at = 0;
        for (int i = levels.Length - 1; i >= 0; i--)
        {
            ulong[] level = levels[i];
            // Above every head of the level: its last run says so again, one level further down.
            int first = Math.Min(at << RunShift, level.Length - RunHeads);
            at = first + CountBelow(level.AsSpan(first, RunHeads), head);
        }
        at = Math.Min(at, _count);
        isTie = at < _count && levels[0][at] == head;
        return at;
    }

    private static int CountBelow(ReadOnlySpan<ulong> run, ulong head)
    {
        Debug.Assert(run.Length == RunHeads, "a run is searched whole");
        int below = 0;
        if (!Vector256.IsHardwareAccelerated)
        {
            foreach (ulong other in run)
                below += other < head ? 1 : 0;
            return below;
        }
        Vector256<ulong> target = Vector256.Create(head);
        for (int i = 0; i < RunHeads; i += Vector256<ulong>.Count)
        {
            below += BitOperations.PopCount(
                Vector256.LessThan(Vector256.Create(run[i..]), target)
                    .ExtractMostSignificantBits());
        }
        return below;
    }

    private static ulong[] Padded(ReadOnlySpan<ulong> heads)
    {
        int runs = Math.Max(1, (heads.Length + RunHeads - 1) >> RunShift);
        ulong[] padded = new ulong[runs << RunShift];
        padded.AsSpan(heads.Length).Fill(ulong.MaxValue);
        heads.CopyTo(padded);
        return padded;
    }

    private static ulong[] LargestOfRuns(ulong[] level)
    {
        ulong[] largest = new ulong[level.Length >> RunShift];
        for (int i = 0; i < largest.Length; i++)
            largest[i] = level[(i << RunShift) + RunHeads - 1];
        return largest;
    }
}
