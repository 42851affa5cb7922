// The order of the store, written a second time: bytewise, a shorter key before its extensions.

namespace LsmMmap.Testing.Model;

public sealed class ByteOrder : IComparer<byte[]>
{
    public static readonly ByteOrder Instance = new();

    public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
}
