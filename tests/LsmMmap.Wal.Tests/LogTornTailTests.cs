// The honest ends of a log: cut at any byte, or followed by zeros that were reserved ahead of
// the writer. Neither loses a whole record, and neither is called anything but a torn tail.

namespace LsmMmap.Wal.Tests;

public sealed class LogTornTailTests
{
    // Several frames, every chunk type, and padding at the end of one frame.
    private static readonly int[] s_sizes =
        [0, 20, 200, 32_470, 7, 50_000, 300, 0, 60];

    [Fact]
    public void Log_CutAtEveryByte_GivesTheWholeRecordsBefore()
    {
        SampleLog log = SampleLog.OfSizes(1, s_sizes);
        byte[] bytes = log.Bytes;
        using var stream = new MemoryStream();
        stream.Write(bytes);
        for (int length = bytes.Length; length >= LogFormat.HeaderBytes; length--)
        {
            stream.SetLength(length);
            LogReading reading = log.Read(stream);
            int whole = WholeRecords(log, length);
            log.AssertRecords(0, whole, reading.Records, $"cut at {length}");
            long lastEnd = whole == 0 ? 64 : log.Records[whole - 1].End;
            Assert.Equal(lastEnd, reading.Reader.EndOffset);
            long start = SampleLog.StartAfter(lastEnd);
            if (length <= start)
            {
                Assert.True(reading.Reader.Damage == null, $"cut at {length}");
                Assert.Equal(length > lastEnd, reading.Reader.EndedInZeros);
            }
            else
            {
                AssertTorn(reading.Reader, start, $"cut at {length}");
            }
            Assert.False(reading.Reader.FindVerifying());
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(40_000)]
    [InlineData(200_000)]
    public void FindUsedEnd_ZerosBehindTheRecords_IsWhereTheyBegin(int zeros)
    {
        SampleLog log = SampleLog.OfSizes(1, s_sizes);
        byte[] bytes = [.. log.Bytes, .. new byte[zeros]];
        LogReader reader = log.Read(bytes).Reader;
        Assert.Equal(zeros > 0, reader.EndedInZeros);
        Assert.Equal(log.Bytes.AsSpan().LastIndexOfAnyExcept((byte)0) + 1, reader.FindUsedEnd());
        Assert.Equal(log.Length, reader.EndOffset);
    }

    /// <summary>A read-only opening beside a writer took a record that came over the zeros in the
    /// meantime, and that the length seen first cut through, for a torn one.</summary>
    [Fact]
    public void StopAt_RecordsThatComeOverTheZeros_AreNotLookedAt()
    {
        SampleLog log = SampleLog.OfSizes(1, s_sizes);
        int before = (int)log.Records[^3].End;
        byte[] bytes = log.Bytes;
        byte[] then = [.. bytes.AsSpan(0, before), .. new byte[bytes.Length - before]];
        // The file ends in the middle of the last record.
        int length = bytes.Length - 5;
        using var stream = new MemoryStream();
        stream.Write(then.AsSpan(0, length));
        var reader = new LogReader(stream, log.Identity);
        reader.StopAt(reader.FindUsedEnd());
        stream.Position = 0;
        stream.Write(bytes.AsSpan(0, length));
        int read = 0;
        while (reader.Read())
            read++;
        Assert.Null(reader.Damage);
        Assert.Equal(log.Records.Count - 2, read);
        Assert.Equal(before, reader.EndOffset);
        Assert.False(reader.FindVerifying());
    }

    [Fact]
    public void FindUsedEnd_NothingBehindTheHeader_IsTheEndOfTheHeader()
    {
        var log = new SampleLog();
        byte[] bytes = [.. log.Bytes, .. new byte[70_000]];
        Assert.Equal(LogFormat.HeaderBytes, log.Read(bytes).Reader.FindUsedEnd());
    }

    [Fact]
    public void Log_CutAtEveryByteAndFilledWithZeros_GivesTheWholeRecordsBefore()
    {
        int[] sizes = [0, 20, 32_300, 200, 7];
        SampleLog log = SampleLog.OfSizes(2, sizes);
        byte[] whole = log.Bytes;
        byte[] bytes = new byte[whole.Length + 100];
        whole.CopyTo(bytes, 0);
        for (int length = whole.Length; length >= LogFormat.HeaderBytes; length--)
        {
            bytes[length] = 0;
            LogReading reading = log.Read(bytes);
            // A record whose lost bytes were zeros anyway has lost nothing.
            int count = log.Records.TakeWhile(r => IsIntact(r, whole, bytes)).Count();
            log.AssertRecords(0, count, reading.Records, $"zeros from {length}");
            long start = SampleLog.StartAfter(count == 0 ? 64 : log.Records[count - 1].End);
            if (reading.Reader.Damage != null)
                AssertTorn(reading.Reader, start, $"zeros from {length}");
            else
                Assert.True(reading.Reader.EndedInZeros, $"zeros from {length}");
            Assert.Equal(length > start && bytes[(int)start..length].Any(b => b != 0),
                reading.Reader.Damage != null);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(11)]
    [InlineData(500)]
    [InlineData(100_000)]
    public void Log_FollowedByZeros_EndsCleanly(int zeros)
    {
        SampleLog log = SampleLog.OfSizes(3, s_sizes);
        byte[] bytes = [.. log.Bytes, .. new byte[zeros]];
        LogReading reading = log.Read(bytes);
        log.AssertRecords(0, log.Records.Count, reading.Records, $"{zeros} zeros");
        Assert.Null(reading.Reader.Damage);
        Assert.True(reading.Reader.EndedInZeros);
        Assert.Equal(log.Length, reading.Reader.EndOffset);
        Assert.False(reading.Reader.FindVerifying());
    }

    [Fact]
    public void Log_FollowedByZerosAndOneOtherByte_IsDamagedAtItsEnd()
    {
        SampleLog log = SampleLog.OfSizes(4, 10, 100);
        byte[] bytes = [.. log.Bytes, .. new byte[70_000]];
        for (int at = (int)log.Length; at < bytes.Length; at += 37)
        {
            bytes[at] = 0x40;
            LogReading reading = log.Read(bytes);
            bytes[at] = 0;
            log.AssertRecords(0, 2, reading.Records, $"a byte at {at}");
            Assert.Equal(log.Length, reading.Reader.Damage?.Offset);
            Assert.False(reading.Reader.EndedInZeros);
            Assert.False(reading.Reader.FindVerifying());
        }
    }

    [Fact]
    public void Log_ShorterThanItsStreamSays_EndsWhereTheBytesEnd()
    {
        SampleLog log = SampleLog.OfSizes(5, 10, 40_000, 100);
        var stream = new AwkwardStream(log.Bytes) { LengthTooMuch = 50_000 };
        LogReading reading = log.Read(stream);
        log.AssertRecords(0, 3, reading.Records, "a file that shrank");
        Assert.Null(reading.Reader.Damage);
        Assert.Equal(log.Length, reading.Reader.EndOffset);
    }

    private static int WholeRecords(SampleLog log, long length) =>
        log.Records.TakeWhile(r => r.End <= length).Count();

    private static bool IsIntact(SampleRecord record, byte[] whole, byte[] bytes) =>
        whole.AsSpan((int)record.Start, (int)(record.End - record.Start)).SequenceEqual(
            bytes.AsSpan((int)record.Start, (int)(record.End - record.Start)));

    private static void AssertTorn(LogReader reader, long offset, string context)
    {
        Assert.True(reader.Damage?.Kind == LogDamageKind.TornTail, $"{context}: {reader.Damage}");
        Assert.Equal(offset, reader.Damage.Offset);
        Assert.True(reader.Body.IsEmpty, "there is no body after the end");
    }
}
