// Where a sealed block lies: file offset, and length with padding and trailer. On disk it is two
// varints, as the value of an index entry.

using System.Diagnostics;

namespace LsmMmap.Sstable.Format;

internal readonly record struct BlockHandle(long Offset, int Bytes)
{
    /// <summary>Longest encoding.</summary>
    public const int EncodedBytesMax = 2 * Varint.BytesMax;

    /// <summary>First byte behind the block.</summary>
    public long End => Offset + Bytes;

    public int Write(Span<byte> target)
    {
        Debug.Assert(Offset >= 0, "a block lies inside the file");
        Debug.Assert(Bytes > BlockTrailer.Bytes, "a block is more than its trailer");
        int count = Varint.Write(target, (ulong)Offset);
        return count + Varint.Write(target[count..], (ulong)Bytes);
    }

    /// <summary>
    /// Reads a handle that fills the span exactly and lies in [0, <paramref name="limit"/>).
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> source, long limit, out BlockHandle handle)
    {
        int position = 0;
        handle = default;
        if (!Varint.TryRead(source, ref position, out ulong offset)
            || !Varint.TryRead(source, ref position, out ulong bytes)
            || position != source.Length)
            return false;
        if (bytes <= BlockTrailer.Bytes || bytes > int.MaxValue)
            return false;
        if (offset > (ulong)limit || bytes > (ulong)limit - offset)
            return false;
        handle = new BlockHandle((long)offset, (int)bytes);
        return true;
    }
}
