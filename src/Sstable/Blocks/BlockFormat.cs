// The payload of a data, index or properties block. It is searched where it lies, mapped or
// inflated, without decoding.
//
//   0      u8   flags: 1 plain, 2 wide           6      u16  zero
//   1      u8   zero                             8      u32  heads[n]
//   2      u16  entry count n                    8+4n   u16  offsets[n]
//   4      u16  prefix bytes p                   8+6n        prefix, then the entries in key order
//
//   entry  varint suffix bytes
//          varint value bytes << 1 | apart
//          u64    tag, unless the block is plain
//          suffix
//          value, or when apart: varint file offset of the value
//
// heads[i] is the number formed by the first four bytes of suffix i, big-endian and padded with
// zeros, so that numbers order as the bytes do; equal heads decide nothing. offsets[i] counts from
// the start of the payload, in bytes, or in units of 16 when the block is wide (entries then start
// at multiples of 16). plain: every entry is a Put with sequence 0. A block of one entry has no
// prefix, so that its offset fits. Index entries hold a block handle as value.
//
// Validate is the gate between bytes that merely carry a right checksum and code that searches
// them unchecked: order, tiling, bounds, heads and kinds are all proven once per block.

using System.Buffers.Binary;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Sstable.Blocks;

internal static class BlockFormat
{
    public const int HeaderBytes = 8;
    public const int FlagPlain = 1;
    public const int FlagWide = 2;
    public const int HeadBytes = 4;
    public const int OffsetBytes = 2;

    /// <summary>Entries of a wide block start at multiples of this.</summary>
    public const int WideUnitBytes = 16;

    /// <summary>Largest payload whose entries all have 16-bit offsets in bytes.</summary>
    public const int NarrowBytesMax = 65_536;

    /// <summary>
    /// Null when the payload is well formed, else what is wrong. Requires: the checksum is right.
    /// </summary>
    /// <param name="payload">The bytes between nothing and the padding.</param>
    /// <param name="type">Data, index or properties.</param>
    /// <param name="blockOffset">
    /// File offset of the block: what it refers to lies before it, so that nothing goes in circles.
    /// </param>
    /// <param name="mayExpire">Whether entries may be of the kind that expires.</param>
    public static string? Validate(
        ReadOnlySpan<byte> payload, BlockType type, long blockOffset, bool mayExpire)
    {
        if (payload.Length < HeaderBytes)
            return "a block has no room for its header";
        int flags = payload[0];
        int count = BinaryPrimitives.ReadUInt16LittleEndian(payload[2..]);
        int prefixBytes = BinaryPrimitives.ReadUInt16LittleEndian(payload[4..]);
        if (flags > (FlagPlain | FlagWide) || payload[1] != 0 || payload[6] != 0 || payload[7] != 0)
            return "a block header carries unknown bits";
        if (count == 0)
            return "a block holds no entry";
        if (count == 1 && prefixBytes != 0)
            return "a block of one entry has a prefix";
        long start = HeaderBytes + (long)count * (HeadBytes + OffsetBytes) + prefixBytes;
        if (start > payload.Length)
            return "a block has no room for its entries";
        if (type == BlockType.Index && (flags & FlagPlain) != 0)
            return "an index block has no tags";
        var walk = new EntryWalk(payload, type, blockOffset, (int)start, mayExpire);
        return walk.Run();
    }

    /// <summary>One pass over the entries, each compared with the one before.</summary>
    private ref struct EntryWalk
    {
        private readonly ReadOnlySpan<byte> _payload;
        private readonly BlockType _type;
        private readonly long _blockOffset;
        private readonly int _count;
        private readonly int _prefixBytes;
        private readonly bool _isPlain;
        private readonly bool _isWide;
        private readonly bool _mayExpire;
        private int _position;
        private ReadOnlySpan<byte> _previousSuffix;
        private ulong _previousTag;

        public EntryWalk(
            ReadOnlySpan<byte> payload, BlockType type, long blockOffset, int start,
            bool mayExpire)
        {
            _payload = payload;
            _type = type;
            _blockOffset = blockOffset;
            _mayExpire = mayExpire;
            _count = BinaryPrimitives.ReadUInt16LittleEndian(payload[2..]);
            _prefixBytes = BinaryPrimitives.ReadUInt16LittleEndian(payload[4..]);
            _isPlain = (payload[0] & FlagPlain) != 0;
            _isWide = (payload[0] & FlagWide) != 0;
            _position = start;
        }

        public string? Run()
        {
            for (int i = 0; i < _count; i++)
            {
                string? wrong = CheckEntry(i);
                if (wrong != null)
                    return wrong;
            }
            return _position == _payload.Length ? null : "bytes follow the last entry of a block";
        }

        private string? CheckEntry(int i)
        {
            if (_isWide)
                _position = (_position + WideUnitBytes - 1) & -WideUnitBytes;
            int offsetAt = HeaderBytes + _count * HeadBytes + i * OffsetBytes;
            int offset = BinaryPrimitives.ReadUInt16LittleEndian(_payload[offsetAt..]);
            if ((_isWide ? offset * WideUnitBytes : offset) != _position)
                return "an entry does not start where the one before it ends";
            if (!Varint.TryRead(_payload, ref _position, out ulong suffixBytes)
                || !Varint.TryRead(_payload, ref _position, out ulong field))
                return "an entry has no whole header";
            if (suffixBytes > (ulong)(InternalKey.UserKeyBytesMax - _prefixBytes)
                || field >> 1 > InternalKey.ValueBytesMax)
                return "an entry is longer than entries may be";
            ulong tag = EntryTag.PlainPut;
            int fixedBytes = (_isPlain ? 0 : sizeof(ulong)) + (int)suffixBytes;
            if (fixedBytes > _payload.Length - _position)
                return "an entry reaches beyond its block";
            if (!_isPlain)
            {
                tag = BinaryPrimitives.ReadUInt64LittleEndian(_payload[_position..]);
                _position += sizeof(ulong);
            }
            ReadOnlySpan<byte> suffix = _payload.Slice(_position, (int)suffixBytes);
            _position += (int)suffixBytes;
            return CheckKey(i, suffix, tag) ?? CheckTime(tag, field >> 1)
                ?? CheckValue((int)(field >> 1), (field & 1) != 0);
        }

        private string? CheckKey(int i, ReadOnlySpan<byte> suffix, ulong tag)
        {
            uint head = BinaryPrimitives.ReadUInt32LittleEndian(
                _payload[(HeaderBytes + i * HeadBytes)..]);
            if (head != InternalKey.Head4(suffix))
                return "a head does not match its key";
            if (i > 0 && InternalKey.Compare(_previousSuffix, _previousTag, suffix, tag) >= 0)
                return "the entries of a block are out of order";
            if (_type == BlockType.Data && !EntryTag.IsServed(tag))
                return "an entry is of a kind that this version does not serve";
            _previousSuffix = suffix;
            _previousTag = tag;
            return null;
        }

        private readonly string? CheckTime(ulong tag, ulong valueBytes)
        {
            if (_type != BlockType.Data || EntryTag.Kind(tag) != ValueKind.PutWithExpiry)
                return null;
            if (!_mayExpire)
                return "an entry expires in a table that says that none does";
            return valueBytes < Expiry.Bytes
                ? "an entry that expires has no room for its time" : null;
        }

        private string? CheckValue(int valueBytes, bool isApart)
        {
            if (isApart)
                return CheckValueApart(valueBytes);
            if (valueBytes > _payload.Length - _position)
                return "a value reaches beyond its block";
            ReadOnlySpan<byte> value = _payload.Slice(_position, valueBytes);
            _position += valueBytes;
            if (_type == BlockType.Index && !BlockHandle.TryRead(value, _blockOffset, out _))
                return "an index entry names no block that lies before it";
            return null;
        }

        private string? CheckValueApart(int valueBytes)
        {
            if (_type != BlockType.Data || valueBytes <= TableLayout.ValueApartBytes)
                return "a value lies apart that should not";
            if (!Varint.TryRead(_payload, ref _position, out ulong offset))
                return "a value apart has no offset";
            return offset > (ulong)_blockOffset
                || (ulong)ValueExtent.Bytes(valueBytes) > (ulong)_blockOffset - offset
                ? "a value apart does not lie before its entry" : null;
        }
    }
}
