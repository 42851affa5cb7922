// A borrowed run of native bytes: what a memtable arena, a mapped table or an inflated block
// lends. It can stand in a field, which a span cannot, and costs two words. It owns nothing.
// Invariant: whoever holds one also holds, or has pinned, the owner of the bytes.

using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace LsmMmap.Sstable.Mapping;

internal readonly unsafe struct NativeSlice
{
    private readonly byte* _pointer;

    public NativeSlice(byte* pointer, int length)
    {
        Debug.Assert(length >= 0, "a slice has no negative length");
        Debug.Assert(pointer != null || length == 0, "only an empty slice may point nowhere");
        _pointer = pointer;
        Length = length;
    }

    public int Length { get; }

    public byte* Pointer => _pointer;

    public ReadOnlySpan<byte> Span
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        // Safety: the maker of the slice checked the bounds; the holder keeps the owner alive.
        get => new(_pointer, Length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public NativeSlice Slice(int start, int length)
    {
        if ((uint)start > (uint)Length || (uint)length > (uint)(Length - start))
            ThrowOutside(start, length, Length);
        // Safety: the line above keeps the new slice inside this one.
        return new NativeSlice(_pointer + start, length);
    }

    private static void ThrowOutside(int start, int length, int whole) =>
        throw new ArgumentOutOfRangeException(
            nameof(start), $"slice {start}+{length} lies outside {whole} bytes");
}
