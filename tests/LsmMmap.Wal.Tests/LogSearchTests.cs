// FindVerifying: the search behind damage. It decides whether recovery calls an end torn or
// damaged, so it must neither miss a record that verifies nor find one that is not there.

namespace LsmMmap.Wal.Tests;

public sealed class LogSearchTests
{
    [Fact]
    public void Search_BehindADestroyedLength_FindsTheRecordInTheSameFrame()
    {
        SampleLog log = SampleLog.OfSizes(1, 30, 40, 50, 60);
        byte[] bytes = log.Bytes;
        // The length now leads far beyond everything that follows in the frame.
        bytes[(int)log.Records[1].Start + LogFormat.ChunkLengthAt + 1] = 0x7F;
        LogReading reading = log.Read(bytes);
        log.AssertRecords(0, 1, reading.Records, "a destroyed length");
        Assert.True(reading.Reader.FindVerifying());
        Assert.Equal(log.Records[2].Synced, reading.Reader.Synced);
        Assert.True(reading.Reader.Synced.Offset > reading.Reader.Damage!.Offset,
            "the synced point behind it proves that this is damage");
        log.AssertRecords(2, 4, SampleLog.ReadOn(reading.Reader), "behind it");
    }

    [Fact]
    public void Search_CalledAgainWithoutRead_GoesOnToTheNextRecord()
    {
        SampleLog log = SampleLog.OfSizes(2, 30, 40, 33_000, 50, 60);
        byte[] bytes = log.Bytes;
        bytes[(int)log.Records[0].Start] ^= 1;
        LogReader reader = log.Read(bytes).Reader;
        LogDamage? damage = reader.Damage;
        for (int i = 1; i < log.Records.Count; i++)
        {
            Assert.True(reader.FindVerifying());
            Assert.Equal(log.Records[i].Start, reader.RecordOffset);
            Assert.Equal(damage, reader.Damage);
        }
        Assert.False(reader.FindVerifying());
        Assert.False(reader.Read());
        Assert.Equal(damage, reader.Damage);
        Assert.Equal(64, reader.EndOffset);
    }

    [Fact]
    public void Search_FindsARecordThatIsBadLater_AndReadReportsIt()
    {
        SampleLog log = SampleLog.OfSizes(3, 30, 40_000, 50);
        byte[] bytes = log.Bytes;
        bytes[(int)log.Records[0].Start] ^= 1;
        bytes[64 + 32_768 + 3_000] ^= 1;
        LogReader reader = log.Read(bytes).Reader;
        Assert.True(reader.FindVerifying());
        Assert.Equal(log.Records[1].Start, reader.RecordOffset);
        Assert.False(reader.Read());
        Assert.Equal(LogDamageKind.BadChecksum, reader.Damage?.Kind);
        Assert.Equal(log.Records[1].Start, reader.Damage?.Offset);
        Assert.True(reader.FindVerifying());
        log.AssertRecords(2, 3, SampleLog.ReadOn(reader), "behind both");
    }

    [Fact]
    public void Search_OverAMegabyteOfZeros_FindsTheRecordBehind()
    {
        SampleLog log = SampleLog.OfSizes(4, 10, 1_000_000, 20);
        byte[] bytes = log.Bytes;
        SampleRecord large = log.Records[1];
        bytes.AsSpan((int)large.Start, (int)(large.End - large.Start)).Clear();
        LogReader reader = log.Read(bytes).Reader;
        Assert.True(reader.FindVerifying());
        log.AssertRecords(2, 3, SampleLog.ReadOn(reader), "behind zeros");
    }

    [Fact]
    public void Search_OverABodyThatHoldsALog_DoesNotTakeItsRecords()
    {
        // The same identity, so that only the offset tells these chunks from real ones.
        byte[] inner = SampleLog.OfSizes(5, 10, 20, 30, 40).Bytes;
        var log = new SampleLog();
        log.Add([1, 2, 3]);
        log.Add(inner);
        log.Add([4]);
        byte[] bytes = log.Bytes;
        bytes[(int)log.Records[1].Start] ^= 1;
        LogReader reader = log.Read(bytes).Reader;
        Assert.True(reader.FindVerifying());
        Assert.Equal(log.Records[2].Start, reader.RecordOffset);
    }

    [Fact]
    public void Search_AfterAFailedRead_MayBeRepeated()
    {
        SampleLog log = SampleLog.OfSizes(6, 10, 90_000, 20);
        byte[] bytes = log.Bytes;
        bytes[70] ^= 1;
        bool failed = false;
        for (int failing = 1; failing <= 12; failing++)
        {
            var stream = new AwkwardStream(bytes) { FailingRead = failing };
            var reader = new LogReader(stream, log.Identity);
            bool read = Repeated(reader.Read, ref failed);
            Assert.False(read);
            Assert.Equal(64, reader.Damage?.Offset);
            Assert.True(Repeated(reader.FindVerifying, ref failed));
            Assert.True(Repeated(reader.Read, ref failed));
            Assert.Equal(log.Records[1].Body, reader.Body.ToArray());
        }
        Assert.True(failed, "some of the reads failed");
    }

    private static bool Repeated(Func<bool> call, ref bool failed)
    {
        try
        {
            return call();
        }
        catch (IOException)
        {
            failed = true;
            return call();
        }
    }
}
