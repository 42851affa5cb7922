// Damage in the middle: every bit, every byte. What is read stays a prefix of the truth, the
// offset named is where the bad record starts, and the search finds what lies behind it.

namespace LsmMmap.Wal.Tests;

public sealed class LogDamageTests
{
    [Fact]
    public void SmallLog_WithAnyBitFlipped_ReadsAPrefixAndFindsTheRest()
    {
        SampleLog log = SampleLog.OfSizes(1, 0, 1, 17, 40, 3, 90);
        byte[] bytes = log.Bytes;
        for (int at = LogFormat.HeaderBytes; at < bytes.Length; at++)
            for (int bit = 0; bit < 8; bit++)
                AssertFlip(log, bytes, at, (byte)(1 << bit));
    }

    [Fact]
    public void TwoFrameLog_WithAnyByteChanged_ReadsAPrefixAndFindsTheRest()
    {
        // One record crosses the frames; padding stands behind the next to last.
        SampleLog log = SampleLog.OfSizes(2, 10, 5_000, 40_000, 30, 20_390, 400);
        byte[] bytes = log.Bytes;
        Assert.Contains(log.Records, r => LogFormat.BytesLeftInFrame(r.End) < 32);
        for (int at = LogFormat.HeaderBytes; at < bytes.Length; at++)
            AssertFlip(log, bytes, at, (byte)(1 + at % 255));
    }

    [Fact]
    public void Header_WithAnyBitFlipped_IsRefused()
    {
        byte[] bytes = new SampleLog().Bytes;
        for (int at = 0; at < LogFormat.HeaderBytes; at++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                bytes[at] ^= (byte)(1 << bit);
                bool read = LogReader.TryReadHeader(new MemoryStream(bytes), out _, out var damage);
                bytes[at] ^= (byte)(1 << bit);
                Assert.False(read, $"bit {bit} of byte {at}");
                Assert.Equal(0, damage?.Offset);
            }
        }
    }

    [Fact]
    public void Hole_OfZerosInTheMiddle_IsDamageAndTheRestIsFound()
    {
        SampleLog log = SampleLog.OfSizes(3, 100, 200, 70_000, 50);
        byte[] bytes = log.Bytes;
        SampleRecord lost = log.Records[1];
        bytes.AsSpan((int)lost.Start, (int)(lost.End - lost.Start)).Clear();
        LogReading reading = log.Read(bytes);
        log.AssertRecords(0, 1, reading.Records, "a hole");
        Assert.Equal(LogDamageKind.BadType, reading.Reader.Damage?.Kind);
        Assert.Equal(lost.Start, reading.Reader.Damage?.Offset);
        Assert.True(reading.Reader.FindVerifying());
        log.AssertRecords(2, 4, SampleLog.ReadOn(reading.Reader), "behind the hole");
    }

    [Fact]
    public void Record_WithASecondChunkLost_IsDamageAtItsStart()
    {
        SampleLog log = SampleLog.OfSizes(4, 50, 100_000, 60, 70);
        byte[] bytes = log.Bytes;
        // The second frame, a Middle chunk, becomes zeros as when its page was never written.
        bytes.AsSpan(64 + 32_768, 32_768).Clear();
        LogReading reading = log.Read(bytes);
        log.AssertRecords(0, 1, reading.Records, "a lost page");
        Assert.Equal(log.Records[1].Start, reading.Reader.Damage?.Offset);
        Assert.True(reading.Reader.FindVerifying());
        Assert.Equal(log.Records[2].Start, reading.Reader.RecordOffset);
        log.AssertRecords(2, 4, SampleLog.ReadOn(reading.Reader), "behind the lost page");
    }

    [Fact]
    public void Chunks_ThatVerifyInTheWrongOrder_AreBadSequence()
    {
        byte[] filling = [2, 0, 64, .. new byte[32_754]];
        // A record that begins and is followed by another one.
        AssertForged(LogDamageKind.BadSequence, LogFormat.HeaderBytes,
            (LogChunkType.First, filling), (LogChunkType.Full, [2, 0, 64]));
        // The end and the middle of a record that never began.
        AssertForged(LogDamageKind.BadSequence, LogFormat.HeaderBytes,
            (LogChunkType.Last, [2, 0, 64]));
        AssertForged(LogDamageKind.BadSequence, LogFormat.HeaderBytes,
            (LogChunkType.Middle, filling));
        // The end of a record away from the start of a frame.
        AssertForged(LogDamageKind.BadSequence, LogFormat.HeaderBytes + 14,
            (LogChunkType.Full, [2, 0, 64]), (LogChunkType.Last, [2, 0, 64]));
    }

    [Fact]
    public void Chunk_ThatVerifiesWithAnImpossibleLengthOrType_IsRefused()
    {
        AssertForged(LogDamageKind.BadLength, LogFormat.HeaderBytes,
            (LogChunkType.First, [2, 0, 64]));
        AssertForged(LogDamageKind.BadType, LogFormat.HeaderBytes,
            ((LogChunkType)5, [2, 0, 64]));
    }

    [Theory]
    [InlineData("00 00 40", "kind 0")]
    [InlineData("05 00 40", "an unknown kind")]
    [InlineData("02", "a kind alone")]
    [InlineData("02 00", "no offset")]
    [InlineData("02 00 80", "an offset that does not end")]
    [InlineData("02 08 40", "a log before log 0")]
    [InlineData("02 00 41", "an offset beyond the record itself")]
    [InlineData("02 00 ff ff ff ff ff ff ff ff ff 01", "an offset of 2^64 - 1")]
    [InlineData("02 00 ff ff ff ff ff ff ff ff ff 02", "an offset beyond 64 bits")]
    [InlineData("02 00 80 80 80 80 80 80 80 80 80 80 00", "an offset of eleven bytes")]
    [InlineData("02 ff ff ff ff ff ff ff ff ff 01 00", "a distance of 2^64 - 1")]
    public void Record_WithAnImpossibleHeader_IsRefused(string payload, string what)
    {
        Assert.NotEmpty(what);
        byte[] bytes = Convert.FromHexString(payload.Replace(" ", "", StringComparison.Ordinal));
        AssertForged(LogDamageKind.BadRecordHeader, LogFormat.HeaderBytes,
            (LogChunkType.Full, bytes));
    }

    /// <summary>Seals chunks with a right checksum, as no writer would, and reads them.</summary>
    private static void AssertForged(
        LogDamageKind kind, long offset, params (LogChunkType Type, byte[] Payload)[] chunks)
    {
        ulong logSeed = LogFormat.LogSeed(SampleLog.Header);
        var log = new SampleLog();
        byte[] bytes = log.Bytes;
        foreach ((LogChunkType type, byte[] payload) in chunks)
        {
            byte[] chunk = [.. new byte[11], .. payload];
            LogChunk.Seal(chunk, type, logSeed, bytes.Length);
            bytes = [.. bytes, .. chunk];
        }
        // Something whole behind it, so that no end of the file hides what is tested.
        byte[] last = [.. new byte[11], 2, 0, 64, 99];
        LogChunk.Seal(last, LogChunkType.Full, logSeed, bytes.Length);
        LogReader reader = log.Read([.. bytes, .. last]).Reader;
        Assert.Equal(kind, reader.Damage?.Kind);
        Assert.Equal(offset, reader.Damage?.Offset);
        Assert.True(reader.FindVerifying());
        while (reader.RecordOffset != bytes.Length)
            Assert.True(reader.FindVerifying(), "the last record is found");
        Assert.True(reader.Read());
        Assert.Equal([99], reader.Body.ToArray());
        Assert.False(reader.Read());
        Assert.Null(reader.Damage);
    }

    private static void AssertFlip(SampleLog log, byte[] bytes, int at, byte mask)
    {
        string context = $"byte {at} ^ {mask}";
        bytes[at] ^= mask;
        LogReading reading = log.Read(bytes);
        LogReader reader = reading.Reader;
        int hit = log.Records.FindIndex(r => at < r.End);
        SampleRecord record = log.Records[hit];
        bool inPadding = at < record.Start;
        log.AssertRecords(0, hit, reading.Records, context);
        long badOffset = inPadding ? log.Records[hit - 1].End : record.Start;
        Assert.True(reader.Damage?.Offset == badOffset, $"{context}: {reader.Damage}");
        Assert.True(!inPadding || reader.Damage.Kind == LogDamageKind.BadPadding, context);
        Assert.True(reader.Body.IsEmpty, context);

        int next = inPadding ? hit : hit + 1;
        bool found = reader.FindVerifying();
        Assert.True(found == next < log.Records.Count, $"{context}: found {found}");
        if (found)
        {
            SampleRecord expected = log.Records[next];
            Assert.Equal(expected.Start, reader.RecordOffset);
            Assert.Equal(expected.Synced, reader.Synced);
            Assert.Equal(expected.Kind, reader.Kind);
            log.AssertRecords(next, log.Records.Count, SampleLog.ReadOn(reader), context);
            Assert.True(reader.Damage == null, context);
        }
        bytes[at] ^= mask;
    }
}
