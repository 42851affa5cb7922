// A position inside one block, with the entry at it decoded and its user key assembled. A move is
// one 16-bit load, two varints, a tag and a copy of the suffix behind the prefix that already
// stands in the key buffer: no call, no allocation.
//
// Safety: payload and key buffer are native memory that the owning cursor keeps alive; the payload
// is validated (see BlockSearch). The key buffer has KeyBufferBytes, so that sixteen bytes may be
// copied where fewer are meant. One thread.

using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Sstable.Blocks;

internal unsafe struct BlockCursor
{
    /// <summary>The longest key and room to copy in whole vectors.</summary>
    public const int KeyBufferBytes = InternalKey.UserKeyBytesMax + 1 + 64;

    private BlockView _view;
    private byte* _payload;
    private byte* _offsets;
    private byte* _key;
    private int _bytes;
    private int _count;
    private int _index;
    private int _prefixBytes;
    private int _offsetShift;
    private bool _isPlain;
    private BlockEntry _entry;

    /// <summary>
    /// Whether a move met an entry that leaves the block: damage after validation.
    /// </summary>
    public bool IsBroken { get; private set; }

    /// <summary>Whether every entry is a put of sequence zero.</summary>
    public readonly bool IsPlain => _isPlain;

    public readonly int Count => _count;

    public readonly int Index => _index;

    public readonly ulong Tag => _entry.Tag;

    /// <summary>The first eight bytes of the user key as a number.</summary>
    public readonly ulong Head
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ReadHead(_key, _prefixBytes + _entry.SuffixBytes);
    }

    public readonly bool IsApart => _entry.IsApart;

    public readonly int ValueStart => _entry.ValueStart;

    public readonly int ValueBytes => _entry.ValueBytes;

    public readonly ReadOnlySpan<byte> UserKey
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        // Safety: Load compared the length with the buffer.
        get => new(_key, _prefixBytes + _entry.SuffixBytes);
    }

    public readonly ReadOnlySpan<byte> InlineValue
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        // Safety: TryDecode compared the range with the length of the block.
        get => new(_payload + _entry.ValueStart, _entry.ValueBytes);
    }

    public readonly long ApartOffset => _view.ApartOffset(_entry);

    /// <summary>Turns to a block; stands nowhere in it. Requires: both native, validated.</summary>
    public void Attach(ReadOnlySpan<byte> native, Span<byte> keyBuffer)
    {
        Debug.Assert(keyBuffer.Length >= KeyBufferBytes, "every key fits the buffer");
        _view = new BlockView(native);
        _payload = _view.Payload;
        _offsets = _view.Offsets;
        _bytes = _view.Bytes;
        _count = _view.Count;
        _prefixBytes = _view.PrefixBytes;
        _offsetShift = _view.OffsetShift;
        _isPlain = _view.IsPlain;
        // Safety: the owner keeps the buffer as long as this cursor.
        _key = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(keyBuffer));
        _view.Prefix.CopyTo(keyBuffer);
        _index = -1;
        IsBroken = false;
    }

    /// <summary>Lets go of the block.</summary>
    public void Detach() => this = default;

    /// <summary>Index of the first entry at or after; Count when there is none.</summary>
    public readonly int LowerBound(ReadOnlySpan<byte> userKey, ulong tag) =>
        _view.LowerBound(userKey, tag);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveNext()
    {
        int index = _index + 1;
        return index < _count && Load(index);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MovePrevious()
    {
        int index = _index - 1;
        return index >= 0 && Load(index);
    }

    public bool MoveTo(int index) => (uint)index < (uint)_count && Load(index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Load(int index)
    {
        Debug.Assert((uint)index < (uint)_count, "a move stays inside the block");
        // Safety: the offsets array lies inside the payload, as the view checked.
        int offset = Unsafe.ReadUnaligned<ushort>(_offsets + index * BlockFormat.OffsetBytes);
        if (!BitConverter.IsLittleEndian)
            offset = BinaryPrimitives.ReverseEndianness((ushort)offset);
        if (!BlockView.TryDecode(_payload, _bytes, offset << _offsetShift, _isPlain, out _entry))
            return Break();
        _index = index;
        byte* target = _key + _prefixBytes;
        byte* suffix = _payload + _entry.SuffixStart;
        // Safety: sixteen bytes behind the suffix lie in the block or its slack, sixteen behind
        // the prefix lie in the key buffer.
        if (_entry.SuffixBytes <= Vector128<byte>.Count)
            Vector128.Store(Vector128.Load(suffix), target);
        else if (!CopyLong(suffix, target))
            return Break();
        return true;
    }

    private readonly bool CopyLong(byte* suffix, byte* target)
    {
        int bytes = _entry.SuffixBytes;
        if (_prefixBytes + bytes > InternalKey.UserKeyBytesMax)
            return false;
        // Safety: TryDecode compared the source with the block, the line above the target.
        Unsafe.CopyBlockUnaligned(target, suffix, (uint)bytes);
        return true;
    }

    private bool Break()
    {
        IsBroken = true;
        _count = 0;
        _index = -1;
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong ReadHead(byte* key, int keyBytes)
    {
        // Safety: the key buffer is longer than eight bytes whatever the key.
        ulong head = Unsafe.ReadUnaligned<ulong>(key);
        if (BitConverter.IsLittleEndian)
            head = BinaryPrimitives.ReverseEndianness(head);
        if (keyBytes < sizeof(ulong))
            head = keyBytes == 0 ? 0 : head & (ulong.MaxValue << (64 - 8 * keyBytes));
        return head;
    }
}
