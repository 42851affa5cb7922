// What is written is read: every kind, sizes around every edge of the framing, synced points of
// this and earlier logs, and streams that give their bytes in pieces.

using LsmMmap.Testing;

namespace LsmMmap.Wal.Tests;

public sealed class LogRoundTripTests
{
    [Fact]
    public void Log_WithoutRecords_EndsCleanly()
    {
        var log = new SampleLog();
        LogReading reading = log.Read(log.Bytes);
        AssertWhole(log, reading, "an empty log");
        Assert.Equal(64, reading.Reader.EndOffset);
        Assert.False(reading.Reader.FindVerifying());
    }

    [Fact]
    public void Record_OfEverySampledSize_ReadsBack()
    {
        int seed = SampleLog.Seed();
        var random = new Random(seed);
        var sizes = new List<int>();
        for (int size = 0; size <= 140; size++)
            sizes.Add(size);
        foreach (int edge in (int[])[32_768, 65_536])
            for (int size = edge - 80; size <= edge + 40; size++)
                sizes.Add(size);
        for (int i = 0; i < 200; i++)
            sizes.Add(random.Next(70_001));
        sizes.Add(70_000);
        foreach (int size in sizes)
        {
            var log = SampleLog.OfSizes(seed, size, 5);
            AssertWhole(log, log.Read(log.Bytes), $"seed {seed}, size {size}");
        }
    }

    [Fact]
    public void Record_AtEveryDistanceFromTheFrameEnd_ReadsBack()
    {
        // The first record leaves from 0 to 80 bytes of its frame to the second.
        for (int left = 0; left <= 80; left++)
        {
            int overhead = 11 + 3;
            foreach (int size in (int[])[0, 1, 20, 32_740, 32_754, 40_000])
            {
                var log = SampleLog.OfSizes(left, 32_768 - left - overhead, size, 3);
                Assert.Equal(64 + 32_768 - left, log.Records[0].End);
                AssertWhole(log, log.Read(log.Bytes), $"{left} bytes left, size {size}");
            }
        }
    }

    [Fact]
    public void Records_ManyOfMixedSizes_ReadBack()
    {
        int seed = SampleLog.Seed();
        var random = new Random(seed);
        int[] sizes = new int[3_000];
        for (int i = 0; i < sizes.Length; i++)
            sizes[i] = random.Next(20) == 0 ? random.Next(50_000) : random.Next(300);
        var log = SampleLog.OfSizes(seed, sizes);
        AssertWhole(log, log.Read(log.Bytes), $"seed {seed}");
    }

    [Fact]
    public void Record_OverOneMebibyte_ReadsBack()
    {
        var log = SampleLog.OfSizes(3, 10, 3_500_000, 10, 1 << 20, (1 << 20) + 1, 0);
        AssertWhole(log, log.Read(log.Bytes), "large records");
    }

    [Fact]
    public void SyncedPoint_OfAnyEarlierPlace_ReadsBack()
    {
        var log = new SampleLog(SampleLog.Header with { LogNumber = long.MaxValue });
        log.Add([1], LogRecordKind.Link, new LogPosition(0, long.MaxValue));
        log.Add([], LogRecordKind.Point, new LogPosition(long.MaxValue - 1, 1L << 40));
        log.Add([2], LogRecordKind.Data, new LogPosition(long.MaxValue, 64));
        log.Add([3], LogRecordKind.Successor, new LogPosition(long.MaxValue, 0));
        AssertWhole(log, log.Read(log.Bytes), "extreme synced points");
    }

    [Fact]
    public void Read_FromStreamInPieces_ReadsTheSame()
    {
        var log = SampleLog.OfSizes(4, 100, 40_000, 32_700, 0, 90_000);
        foreach (int piece in (int[])[1, 7, 4_096])
        {
            var stream = new AwkwardStream(log.Bytes) { BytesPerRead = piece };
            AssertWhole(log, log.Read(stream), $"{piece} bytes a read");
        }
    }

    [Fact]
    public void Read_UpToAnEndOffset_StopsThere()
    {
        var log = SampleLog.OfSizes(5, 100, 33_000, 0, 500);
        for (int count = 0; count <= log.Records.Count; count++)
        {
            long end = count == 0 ? 64 : log.Records[count - 1].End;
            LogReading reading = log.Read(log.Bytes, end);
            log.AssertRecords(0, count, reading.Records, $"end offset {end}");
            Assert.Null(reading.Reader.Damage);
            Assert.False(reading.Reader.EndedInZeros);
        }
        Assert.Empty(log.Read(log.Bytes, 0).Records);
        LogReading cut = log.Read(log.Bytes, log.Records[1].End - 1);
        Assert.Equal(LogDamageKind.TornTail, cut.Reader.Damage?.Kind);
    }

    [Fact]
    public void Body_OfOneChunk_IsReadWithoutAllocation()
    {
        var log = SampleLog.OfSizes(6, [.. Enumerable.Repeat(140, 2_000)]);
        var reader = new LogReader(new MemoryStream(log.Bytes), log.Identity);
        for (int i = 0; i < 500; i++)
            Assert.True(reader.Read());
        Assert.Equal(0, Allocated.FewestBytes(() =>
        {
            for (int i = 0; i < 250; i++)
                Assert.True(reader.Read());
        }));
    }

    [Fact]
    public void Position_Compared_OrdersByLogThenOffset()
    {
        var early = new LogPosition(1, 900);
        var late = new LogPosition(2, 64);
        Assert.True(early < late && late > early && early <= late && late >= early);
        Assert.True(early < early with { Offset = 901 });
        Assert.Equal(0, early.CompareTo(new LogPosition(1, 900)));
    }

    private static void AssertWhole(SampleLog log, LogReading reading, string context)
    {
        log.AssertRecords(0, log.Records.Count, reading.Records, context);
        Assert.True(reading.Reader.Damage == null, $"{context}: {reading.Reader.Damage}");
        Assert.False(reading.Reader.EndedInZeros, context);
        Assert.Equal(log.Length, reading.Reader.EndOffset);
    }
}
