// The file header: every way in which a file can fail to be a log of this version has its own
// kind, because recovery treats a file that never got a header unlike one that lost it.

using System.Buffers.Binary;
using System.IO.Hashing;

namespace LsmMmap.Wal.Tests;

public sealed class LogHeaderTests
{
    [Fact]
    public void Header_Written_ReadsBack()
    {
        var header = new LogHeader(
            ulong.MaxValue, long.MaxValue, ulong.MaxValue - 1, Guid.NewGuid());
        byte[] bytes = new SampleLog(header).Bytes;
        Assert.Equal(LogFormat.HeaderBytes, bytes.Length);
        Assert.Null(DamageOf(bytes, out LogHeader read));
        Assert.Equal(header, read);
    }

    [Fact]
    public void Header_ReadInPieces_IsTheSame()
    {
        var stream = new AwkwardStream(new SampleLog().Bytes) { BytesPerRead = 5 };
        Assert.True(LogReader.TryReadHeader(stream, out LogHeader read, out _));
        Assert.Equal(SampleLog.Header, read);
    }

    [Fact]
    public void Header_OfEmptyFile_IsMissing()
    {
        Assert.Equal(LogDamageKind.HeaderMissing, DamageOf([], out _)?.Kind);
        Assert.Equal(LogDamageKind.HeaderMissing, DamageOf(new byte[10], out _)?.Kind);
        Assert.Equal(LogDamageKind.HeaderMissing, DamageOf(new byte[100_000], out _)?.Kind);
    }

    [Fact]
    public void ShortFile_OfAnyLength_IsHeaderShort()
    {
        byte[] bytes = new SampleLog().Bytes;
        for (int length = 1; length < bytes.Length; length++)
        {
            LogDamage? damage = DamageOf(bytes[..length], out _);
            Assert.Equal(LogDamageKind.HeaderShort, damage?.Kind);
            Assert.Equal($"{length}", damage?.Found);
        }
    }

    [Fact]
    public void Header_OfOtherFile_IsBadMagic()
    {
        byte[] bytes = new byte[200];
        "%PDF-1.7"u8.CopyTo(bytes);
        LogDamage? damage = DamageOf(bytes, out _);
        Assert.Equal(LogDamageKind.HeaderBadMagic, damage?.Kind);
        Assert.Equal("4c534d4d4c4f4731", damage?.Expected);
        Assert.Equal("255044462d312e37", damage?.Found);
    }

    [Fact]
    public void Header_FlippedField_IsBadChecksum()
    {
        byte[] bytes = new SampleLog().Bytes;
        bytes[33] ^= 4;
        Assert.Equal(LogDamageKind.HeaderBadChecksum, DamageOf(bytes, out _)?.Kind);
    }

    [Theory]
    [InlineData(2u)]
    [InlineData(uint.MaxValue)]
    public void Header_NewerVersion_IsNamedWithBothNumbers(uint version)
    {
        byte[] bytes = new SampleLog().Bytes;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), version);
        for (int round = 0; round < 2; round++)
        {
            LogDamage? damage = DamageOf(bytes, out _);
            Assert.Equal(new LogDamage(LogDamageKind.NewerVersion, 0, "1", $"{version}"), damage);
            Reseal(bytes);
        }
    }

    [Theory]
    [InlineData(8, 0)]
    [InlineData(12, 63)]
    [InlineData(31, 0x80)]
    public void ImpossibleField_WithARightChecksum_IsBadField(int at, byte value)
    {
        byte[] bytes = new SampleLog().Bytes;
        bytes[at] = value;
        Reseal(bytes);
        Assert.Equal(LogDamageKind.HeaderBadField, DamageOf(bytes, out _)?.Kind);
    }

    private static LogDamage? DamageOf(byte[] bytes, out LogHeader header)
    {
        bool read = LogReader.TryReadHeader(
            new MemoryStream(bytes), out header, out LogDamage? damage);
        Assert.Equal(read, damage == null);
        return damage;
    }

    private static void Reseal(byte[] bytes) => BinaryPrimitives.WriteUInt64LittleEndian(
        bytes.AsSpan(56), XxHash3.HashToUInt64(bytes.AsSpan(0, 56)));
}
