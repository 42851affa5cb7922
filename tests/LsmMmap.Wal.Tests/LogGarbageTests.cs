// Any bytes at all. Reading them never throws, always ends, never returns a record that was not
// written, and never takes memory that the bytes merely claim.

namespace LsmMmap.Wal.Tests;

public sealed class LogGarbageTests
{
    [Fact]
    public void RandomBytes_AsALog_GiveNoRecord()
    {
        int seed = SampleLog.Seed();
        var random = new Random(seed);
        var log = new SampleLog();
        for (int round = 0; round < 2_000; round++)
        {
            byte[] bytes = new byte[random.Next(round % 50 == 0 ? 100_000 : 400)];
            random.NextBytes(bytes);
            // Small values are frequent in real damage and lead further into the reader.
            if (round % 2 == 0)
                for (int i = 0; i < bytes.Length; i++)
                    bytes[i] &= 0x07;
            AssertNoRecord(log, bytes, $"seed {seed}, round {round}");
        }
    }

    [Fact]
    public void RandomBytes_AsAHeader_AreRefused()
    {
        int seed = SampleLog.Seed();
        var random = new Random(seed);
        for (int round = 0; round < 5_000; round++)
        {
            byte[] bytes = new byte[random.Next(130)];
            random.NextBytes(bytes);
            if (round % 2 == 0)
                "LSMMLOG1"u8[..Math.Min(8, bytes.Length)].CopyTo(bytes);
            bool read = LogReader.TryReadHeader(new MemoryStream(bytes), out _, out var damage);
            Assert.False(read, $"seed {seed}, round {round}");
            Assert.NotNull(damage);
        }
    }

    [Fact]
    public void Log_MutatedAtManyPlaces_GivesOnlyRecordsThatWereWritten()
    {
        int seed = SampleLog.Seed();
        var random = new Random(seed);
        SampleLog log = SampleLog.OfSizes(seed, 10, 300, 40_000, 20, 5_000, 30_000, 9, 70_000, 1);
        byte[] sound = log.Bytes;
        for (int round = 0; round < 2_000; round++)
        {
            byte[] bytes = Mutate(sound, random);
            var reader = new LogReader(new MemoryStream(bytes), log.Identity);
            AssertOnlyTruth(log, reader, $"seed {seed}, round {round}");
        }
    }

    [Fact]
    public void LengthField_OfAnyValue_SizesNoAllocation()
    {
        // 64 KiB of chunks that all claim the most: memory stays one frame and change.
        byte[] bytes = [.. new SampleLog().Bytes, .. new byte[65_536]];
        for (int i = LogFormat.HeaderBytes; i < bytes.Length; i++)
            bytes[i] = i % 3 == 0 ? (byte)0x01 : (byte)0x7F;
        var log = new SampleLog();
        AssertNoRecord(log, bytes[64..], "warm");
        long before = GC.GetAllocatedBytesForCurrentThread();
        var reader = new LogReader(new MemoryStream(bytes), log.Identity);
        Assert.False(reader.Read());
        Assert.False(reader.FindVerifying());
        long bytesTaken = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(bytesTaken < 2 * LogFormat.FrameBytes, $"{bytesTaken} bytes");
    }

    private static void AssertNoRecord(SampleLog log, byte[] garbage, string context)
    {
        LogReading reading = log.Read([.. log.Bytes, .. garbage]);
        Assert.True(reading.Records.Count == 0, context);
        bool zeros = garbage.All(b => b == 0);
        Assert.True(zeros == (reading.Reader.Damage == null), context);
        Assert.False(reading.Reader.FindVerifying(), context);
        Assert.False(reading.Reader.Read(), context);
    }

    private static void AssertOnlyTruth(SampleLog log, LogReader reader, string context)
    {
        long before = 0;
        do
        {
            while (reader.Read())
            {
                SampleRecord? truth = log.Records.Find(r => r.Start == reader.RecordOffset);
                Assert.True(truth != null, $"{context}: no record was written there");
                Assert.True(truth.Body.AsSpan().SequenceEqual(reader.Body), context);
                Assert.True(truth.Synced == reader.Synced, context);
                Assert.True(truth.End == reader.EndOffset, context);
                Assert.True(truth.Start >= before, $"{context}: reading went back");
                before = truth.End;
            }
        }
        while (reader.Damage != null && reader.FindVerifying());
    }

    private static byte[] Mutate(byte[] sound, Random random)
    {
        byte[] bytes = [.. sound];
        for (int i = random.Next(1, 6); i > 0; i--)
        {
            int at = random.Next(LogFormat.HeaderBytes, bytes.Length);
            int length = Math.Min(random.Next(1, 700), bytes.Length - at);
            int from = random.Next(LogFormat.HeaderBytes, bytes.Length - length + 1);
            switch (random.Next(5))
            {
                case 0: bytes[at] ^= (byte)random.Next(1, 256); break;
                case 1: bytes.AsSpan(at, length).Clear(); break;
                case 2: random.NextBytes(bytes.AsSpan(at, length)); break;
                case 3: sound.AsSpan(from, length).CopyTo(bytes.AsSpan(at)); break;
                default: bytes = bytes[..Math.Max(at, 2_000)]; break;
            }
            if (bytes.Length < sound.Length)
                break;
        }
        return bytes;
    }
}
