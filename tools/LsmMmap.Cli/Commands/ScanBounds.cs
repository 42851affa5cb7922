// --from, --to and --prefix as one pair of bounds: the later of the lower ones, the earlier of the
// upper ones. An empty bound is none, as everywhere in the API.

namespace LsmMmap.Cli.Commands;

internal static class ScanBounds
{
    public static CursorOptions Of(byte[] from, byte[] to, byte[] prefix)
    {
        byte[] afterPrefix = Successor(prefix);
        bool toIsEarlier = to.Length > 0 && (afterPrefix.Length == 0
            || to.AsSpan().SequenceCompareTo(afterPrefix) < 0);
        return new CursorOptions
        {
            LowerBound = from.AsSpan().SequenceCompareTo(prefix) > 0 ? from : prefix,
            UpperBound = toIsEarlier ? to : afterPrefix,
        };
    }

    /// <summary>The first key beyond all that start so; empty when there is none.</summary>
    public static byte[] Successor(byte[] prefix)
    {
        int last = prefix.AsSpan().LastIndexOfAnyExcept((byte)0xFF);
        if (last < 0)
            return [];
        byte[] successor = prefix[..(last + 1)];
        successor[last]++;
        return successor;
    }
}
