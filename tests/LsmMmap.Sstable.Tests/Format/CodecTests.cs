// The small codecs: varints, handles, separators, extents.

using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tests.Support;

namespace LsmMmap.Sstable.Tests.Format;

public sealed class CodecTests
{
    [Fact]
    public void Varint_OfEveryLength_ComesBack()
    {
        Span<byte> buffer = stackalloc byte[Varint.BytesMax];
        for (int bits = 0; bits <= 64; bits++)
        {
            ulong value = bits == 0 ? 0 : ulong.MaxValue >> (64 - bits);
            int bytes = Varint.Write(buffer, value);
            Assert.Equal(Varint.Bytes(value), bytes);
            int position = 0;
            Assert.True(Varint.TryRead(buffer[..bytes], ref position, out ulong read));
            Assert.Equal((value, bytes), (read, position));
            position = 0;
            Assert.False(Varint.TryRead(buffer[..(bytes - 1)], ref position, out _));
        }
    }

    [Fact]
    public void Varint_OfMoreThan64Bits_IsRefused()
    {
        byte[] endless = [.. Enumerable.Repeat((byte)0xFF, 12)];
        int position = 0;
        Assert.False(Varint.TryRead(endless, ref position, out _));
        endless[9] = 2;
        position = 0;
        Assert.False(Varint.TryRead(endless, ref position, out _));
    }

    [Fact]
    public void Handle_BeyondTheLimit_IsRefused()
    {
        Span<byte> buffer = stackalloc byte[BlockHandle.EncodedBytesMax];
        var handle = new BlockHandle(8192, 4096);
        ReadOnlySpan<byte> encoded = buffer[..handle.Write(buffer)];
        Assert.True(BlockHandle.TryRead(encoded, 12_288, out BlockHandle read));
        Assert.Equal(handle, read);
        Assert.False(BlockHandle.TryRead(encoded, 12_287, out _));
        Assert.False(BlockHandle.TryRead(encoded[..^1], 12_288, out _));
        Assert.False(BlockHandle.TryRead([.. encoded, 0], 12_288, out _));
    }

    [Fact]
    public void Separator_BetweenAnyKeys_SortsBetweenThem()
    {
        int seed = Seeds.Next(2);
        var random = new Random(seed);
        var shape = new EntryShape(0) { KeyBytesMax = 6 };
        for (int i = 0; i < 20_000; i++)
        {
            byte[] last = Seeds.Key(random, shape);
            byte[] next = Seeds.Key(random, shape);
            if (last.AsSpan().SequenceCompareTo(next) >= 0)
                continue;
            int bytes = KeySeparator.PrefixBytes(last, next);
            ReadOnlySpan<byte> separator = next.AsSpan(0, bytes);
            ulong tag = EntryTag.Pack(EntryTag.SequenceMax, ValueKind.Put);
            Assert.True(
                InternalKey.Compare(last, 0, separator, KeySeparator.TagMax) < 0
                && InternalKey.Compare(separator, KeySeparator.TagMax, next, tag) < 0,
                $"seed {seed}");
        }
    }

    [Fact]
    public void Extent_WithABadPiece_NamesIt()
    {
        byte[] value = new byte[150_000];
        byte[] extent = new byte[ValueExtent.Bytes(value.Length)];
        for (int piece = 0; piece < 3; piece++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(
                extent.AsSpan(value.Length + piece * 8),
                ValueExtent.PieceChecksum(value, piece, 5, 1000));
        }
        Assert.Equal(-1, ValueExtent.FirstBadPiece(extent, value.Length, 5, 1000));
        Assert.Equal(0, ValueExtent.FirstBadPiece(extent, value.Length, 5, 1001));
        extent[70_000] = 1;
        Assert.Equal(1, ValueExtent.FirstBadPiece(extent, value.Length, 5, 1000));
    }
}
