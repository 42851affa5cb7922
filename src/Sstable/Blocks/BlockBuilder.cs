// Collects the entries of one block and writes its payload (drawn in BlockFormat). The common
// prefix is known only when the block is full, so entries wait in a scratch buffer; because keys
// arrive in order, the prefix common to all is the one common to the first and the last.
//
// Fits answers with an upper bound (suffix lengths are counted as key lengths), so a block that
// fits never outgrows its target. The scratch is reused: nothing is allocated in steady state.
// One thread.

using System.Buffers.Binary;
using System.Diagnostics;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Sstable.Blocks;

internal sealed class BlockBuilder
{
    private const int PerEntryBytes = BlockFormat.HeadBytes + BlockFormat.OffsetBytes;

    private readonly int _entriesAlways;
    private Entry[] _entries = new Entry[64];
    private byte[] _scratch = new byte[8192];
    private int _scratchBytes;
    private int _count;
    private int _prefixBytes;
    private bool _isPlain = true;
    private long _keyBytes;
    private long _otherBytes;

    /// <param name="entriesAlways">
    /// This many entries fit whatever their size: 1 for data, more for an index, which must fan
    /// out to end.
    /// </param>
    public BlockBuilder(int entriesAlways)
    {
        Debug.Assert(entriesAlways >= 1, "a block takes at least one entry");
        _entriesAlways = entriesAlways;
    }

    public int Count => _count;

    /// <summary>Upper bound of the payload as it stands.</summary>
    public long PayloadBytesMax => Bound(_count, _prefixBytes, _keyBytes, _otherBytes, _isPlain);

    public ReadOnlySpan<byte> LastKey => KeyOf(_count - 1);

    public ulong LastTag => _entries[_count - 1].Tag;

    /// <summary>
    /// Whether the payload with one more entry stays within the target. A value apart takes
    /// <paramref name="inlineBytes"/> for its offset, any other its length.
    /// </summary>
    public bool Fits(
        ReadOnlySpan<byte> key, ulong tag, int valueBytes, int inlineBytes, int payloadBytesMax)
    {
        if (_count < _entriesAlways)
            return true;
        if (_count == ushort.MaxValue)
            return false;
        int prefixBytes = SharedWithPrefix(key);
        long keyBytes = _keyBytes + key.Length;
        long otherBytes = _otherBytes + OtherBytes(key.Length, (uint)valueBytes << 1, inlineBytes);
        bool isPlain = _isPlain && tag == EntryTag.PlainPut;
        return Bound(_count + 1, prefixBytes, keyBytes, otherBytes, isPlain) <= payloadBytesMax;
    }

    /// <summary>Adds an entry with its value. Requires: above the last one.</summary>
    public void Add(ReadOnlySpan<byte> key, ulong tag, ReadOnlySpan<byte> value) =>
        Append(key, tag, (uint)value.Length << 1, value);

    /// <summary>Adds an entry whose value lies apart, at a file offset.</summary>
    public void AddApart(ReadOnlySpan<byte> key, ulong tag, int valueBytes, long valueOffset)
    {
        Debug.Assert(valueBytes > TableLayout.ValueApartBytes, "short values stay in the block");
        Span<byte> encoded = stackalloc byte[Varint.BytesMax];
        int count = Varint.Write(encoded, (ulong)valueOffset);
        Append(key, tag, ((uint)valueBytes << 1) | 1, encoded[..count]);
    }

    /// <summary>Exact size of the payload that <see cref="Write"/> makes.</summary>
    public int PayloadBytes() => Measure(out _);

    /// <summary>Writes the payload over the whole target and empties the builder.</summary>
    public void Write(Span<byte> target)
    {
        Debug.Assert(_count > 0, "a block is not empty");
        int bytes = Measure(out bool isWide);
        Debug.Assert(isWide || bytes <= PayloadBytesMax, "the bound holds");
        Debug.Assert(target.Length == bytes, "the target is measured first");
        int prefixBytes = WrittenPrefixBytes;
        target[0] = (byte)((_isPlain ? BlockFormat.FlagPlain : 0)
            | (isWide ? BlockFormat.FlagWide : 0));
        target[1] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(target[2..], (ushort)_count);
        BinaryPrimitives.WriteUInt16LittleEndian(target[4..], (ushort)prefixBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(target[6..], 0);
        int offsetsAt = BlockFormat.HeaderBytes + _count * BlockFormat.HeadBytes;
        int position = BlockFormat.HeaderBytes + _count * PerEntryBytes;
        KeyOf(0)[..prefixBytes].CopyTo(target[position..]);
        position += prefixBytes;
        for (int i = 0; i < _count; i++)
        {
            position = AlignWide(target, position, isWide);
            int unit = isWide ? BlockFormat.WideUnitBytes : 1;
            BinaryPrimitives.WriteUInt16LittleEndian(
                target[(offsetsAt + i * BlockFormat.OffsetBytes)..], (ushort)(position / unit));
            BinaryPrimitives.WriteUInt32LittleEndian(
                target[(BlockFormat.HeaderBytes + i * BlockFormat.HeadBytes)..],
                InternalKey.Head4(KeyOf(i)[prefixBytes..]));
            position = WriteEntry(target, position, in _entries[i], prefixBytes);
        }
        Debug.Assert(position == bytes, "what was measured is what was written");
        Clear();
    }

    /// <summary>Forgets all entries, keeps the memory.</summary>
    public void Clear()
    {
        _count = 0;
        _scratchBytes = 0;
        _prefixBytes = 0;
        _keyBytes = 0;
        _otherBytes = 0;
        _isPlain = true;
    }

    private int WrittenPrefixBytes => _count == 1 ? 0 : _prefixBytes;

    private void Append(ReadOnlySpan<byte> key, ulong tag, uint field, ReadOnlySpan<byte> inline)
    {
        Debug.Assert(
            _count == 0 || InternalKey.Compare(LastKey, LastTag, key, tag) < 0,
            "entries arrive in order");
        Debug.Assert(key.Length <= InternalKey.UserKeyBytesMax, "the length of a key is checked");
        _prefixBytes = SharedWithPrefix(key);
        Reserve(key.Length + inline.Length);
        key.CopyTo(_scratch.AsSpan(_scratchBytes));
        inline.CopyTo(_scratch.AsSpan(_scratchBytes + key.Length));
        _entries[_count++] = new Entry(_scratchBytes, key.Length, inline.Length, field, tag);
        _scratchBytes += key.Length + inline.Length;
        _keyBytes += key.Length;
        _otherBytes += OtherBytes(key.Length, field, inline.Length);
        _isPlain &= tag == EntryTag.PlainPut;
    }

    private void Reserve(int bytes)
    {
        if (_count == _entries.Length)
            Array.Resize(ref _entries, _count * 2);
        long needed = (long)_scratchBytes + bytes;
        if (needed > _scratch.Length)
            Array.Resize(
                ref _scratch, (int)Math.Min(Array.MaxLength, Math.Max(needed, needed * 3 / 2)));
    }

    private int SharedWithPrefix(ReadOnlySpan<byte> key) =>
        _count == 0 ? key.Length : KeyOf(0)[.._prefixBytes].CommonPrefixLength(key);

    private ReadOnlySpan<byte> KeyOf(int i)
    {
        ref readonly Entry entry = ref _entries[i];
        return _scratch.AsSpan(entry.Start, entry.KeyBytes);
    }

    private int Measure(out bool isWide)
    {
        int prefixBytes = WrittenPrefixBytes;
        long narrow = BlockFormat.HeaderBytes + (long)_count * PerEntryBytes + prefixBytes;
        long wide = narrow;
        for (int i = 0; i < _count; i++)
        {
            int bytes = EntryBytes(in _entries[i], prefixBytes);
            narrow += bytes;
            wide = TableLayout.AlignUp(wide, BlockFormat.WideUnitBytes) + bytes;
        }
        isWide = _count > 1 && narrow > BlockFormat.NarrowBytesMax;
        return checked((int)(isWide ? wide : narrow));
    }

    private int EntryBytes(in Entry entry, int prefixBytes)
    {
        int suffixBytes = entry.KeyBytes - prefixBytes;
        return Varint.Bytes((uint)suffixBytes) + Varint.Bytes(entry.Field)
            + (_isPlain ? 0 : sizeof(ulong)) + suffixBytes + entry.InlineBytes;
    }

    private int WriteEntry(Span<byte> target, int position, in Entry entry, int prefixBytes)
    {
        int suffixBytes = entry.KeyBytes - prefixBytes;
        position += Varint.Write(target[position..], (uint)suffixBytes);
        position += Varint.Write(target[position..], entry.Field);
        if (!_isPlain)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(target[position..], entry.Tag);
            position += sizeof(ulong);
        }
        int bytes = suffixBytes + entry.InlineBytes;
        _scratch.AsSpan(entry.Start + prefixBytes, bytes).CopyTo(target[position..]);
        return position + bytes;
    }

    private static int AlignWide(Span<byte> target, int position, bool isWide)
    {
        if (!isWide)
            return position;
        int aligned = (int)TableLayout.AlignUp(position, BlockFormat.WideUnitBytes);
        target[position..aligned].Clear();
        return aligned;
    }

    private static int OtherBytes(int keyBytes, uint field, int inlineBytes) =>
        Varint.Bytes((uint)keyBytes) + Varint.Bytes(field) + inlineBytes;

    private static long Bound(
        int count, int prefixBytes, long keyBytes, long otherBytes, bool isPlain) =>
        BlockFormat.HeaderBytes + (long)count * PerEntryBytes + prefixBytes
        + (keyBytes - (long)count * prefixBytes) + otherBytes
        + (isPlain ? 0 : (long)count * sizeof(ulong));

    /// <summary>Key and inline bytes follow each other in the scratch.</summary>
    private readonly record struct Entry(
        int Start, int KeyBytes, int InlineBytes, uint Field, ulong Tag);
}
