// The payload of the block of range tombstones. It is not searched where it lies but read once,
// when the table is first asked for them.
//
//   payload   varint fragments, fragments in key order
//   fragment  varint bytes of the first key, that key
//             varint bytes of the first key behind it, that key; empty: no end
//             varint flags: 1 an entry of the table in the range is newer than all tombstones
//             varint tombstones, their sequences as varints, descending
//
// Fragments do not overlap. What does not fit is told, never trusted.

using System.Buffers;
using System.Diagnostics;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Sstable.Format;

internal static class RangeBlock
{
    private const ulong FlagHasNewer = 1;

    public static byte[] Encode(RangeTombstones ranges)
    {
        Debug.Assert(!ranges.IsEmpty, "a table without range tombstones has no block of them");
        var output = new ArrayBufferWriter<byte>(256);
        PutNumber(output, (ulong)ranges.Fragments.Length);
        foreach (RangeFragment fragment in ranges.Fragments)
        {
            PutKey(output, fragment.From);
            PutKey(output, RangeTombstones.Stated(fragment.To));
            PutNumber(output, fragment.HasNewer ? FlagHasNewer : 0);
            PutNumber(output, (ulong)fragment.Sequences.Length);
            foreach (ulong sequence in fragment.Sequences)
                PutNumber(output, sequence);
        }
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Null, with the reason, when the bytes are no range tombstones.</summary>
    public static RangeTombstones? TryDecode(ReadOnlySpan<byte> payload, out string problem)
    {
        problem = "the range tombstones do not parse";
        int at = 0;
        var found = new List<RangeFragment>();
        if (!Varint.TryRead(payload, ref at, out ulong count) || count == 0)
            return null;
        for (ulong i = 0; i < count; i++)
        {
            if (TryFragment(payload, ref at) is not { } fragment)
                return null;
            bool isInOrder = found.Count == 0
                || found[^1].To.AsSpan().SequenceCompareTo(fragment.From) <= 0;
            if (!isInOrder)
            {
                problem = "the range tombstones overlap or are out of order";
                return null;
            }
            found.Add(fragment);
        }
        return at == payload.Length ? RangeTombstones.OfOrdered([.. found]) : null;
    }

    private static RangeFragment? TryFragment(ReadOnlySpan<byte> payload, ref int at)
    {
        if (!TryKey(payload, ref at, out byte[] from) || !TryKey(payload, ref at, out byte[] to)
            || !Varint.TryRead(payload, ref at, out ulong flags) || flags > FlagHasNewer
            || !Varint.TryRead(payload, ref at, out ulong count) || count == 0)
            return null;
        byte[] end = RangeTombstones.EndOf(to);
        // Each takes a byte at least, so no number sizes more memory than there are bytes.
        if (count > (ulong)(payload.Length - at) || from.AsSpan().SequenceCompareTo(end) >= 0)
            return null;
        ulong[] sequences = new ulong[count];
        for (int i = 0; i < sequences.Length; i++)
        {
            if (!Varint.TryRead(payload, ref at, out sequences[i])
                || sequences[i] is 0 or > EntryTag.SequenceMax
                || (i > 0 && sequences[i] >= sequences[i - 1]))
                return null;
        }
        return new RangeFragment(from, end, sequences, flags == FlagHasNewer);
    }

    private static bool TryKey(ReadOnlySpan<byte> payload, ref int at, out byte[] key)
    {
        key = [];
        if (!Varint.TryRead(payload, ref at, out ulong bytes)
            || bytes > InternalKey.UserKeyBytesMax || bytes > (ulong)(payload.Length - at))
            return false;
        key = payload.Slice(at, (int)bytes).ToArray();
        at += (int)bytes;
        return true;
    }

    private static void PutKey(ArrayBufferWriter<byte> output, byte[] key)
    {
        PutNumber(output, (ulong)key.Length);
        output.Write(key);
    }

    private static void PutNumber(ArrayBufferWriter<byte> output, ulong number) =>
        output.Advance(Varint.Write(output.GetSpan(Varint.BytesMax), number));
}
