// A byte buffer that is set over and over and grows to the largest content it ever had.

using System.Numerics;

namespace LsmMmap.Engine.Reading;

internal struct GrowOnlyBuffer
{
    private byte[]? _bytes;
    private int _length;

    public readonly bool IsEmpty => _length == 0;

    public readonly ReadOnlySpan<byte> Span => _bytes.AsSpan(0, _length);

    public void Set(ReadOnlySpan<byte> content)
    {
        if (_bytes == null || _bytes.Length < content.Length)
            _bytes = new byte[SizeFor(content.Length)];
        content.CopyTo(_bytes);
        _length = content.Length;
    }

    private static int SizeFor(int length) =>
        length > 1 << 29
            ? length : (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(length, 64));
}
