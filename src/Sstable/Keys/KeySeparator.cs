// The shortest internal key that can stand between two blocks of a table.
//
// A separator S of the blocks A | B obeys: last entry of A <= S < first entry of B. The index finds
// the block of a target as the first separator >= target.
//
// Between two different user keys the separator is the shortest prefix of B's first key that is
// above A's last key, with the largest tag there is. That tag sorts before every real version of
// the prefix, so the separator stays below B even when the prefix is B's whole key. Inside the
// versions of one user key the separator is A's last entry itself.
//
// Consequence that point lookups rely on: the entry that answers (key, tag) with tag < TagMax lies
// in the block the index names or nowhere. It could only be the first of the next block if both
// blocks held the key, and then the separator is an entry of the first block.

using System.Diagnostics;

namespace LsmMmap.Sstable.Keys;

internal static class KeySeparator
{
    /// <summary>Sorts before every version of a user key; no entry carries it.</summary>
    public const ulong TagMax = ulong.MaxValue;

    /// <summary>Sorts at or after every version of a user key.</summary>
    public const ulong TagMin = 0;

    /// <summary>
    /// How many leading bytes of <paramref name="next"/> a separator needs. Requires: last below
    /// next.
    /// </summary>
    public static int PrefixBytes(ReadOnlySpan<byte> last, ReadOnlySpan<byte> next)
    {
        Debug.Assert(last.SequenceCompareTo(next) < 0, "a separator stands between ordered keys");
        return last.CommonPrefixLength(next) + 1;
    }
}
