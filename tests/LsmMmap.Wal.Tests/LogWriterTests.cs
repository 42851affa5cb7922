// The writer's promises beside its bytes: one write a record, no allocation, and after a failed
// write nothing more.

using LsmMmap.Testing;

namespace LsmMmap.Wal.Tests;

public sealed class LogWriterTests
{
    private static readonly LogPosition s_nothing = new(0, 0);

    [Fact]
    public void Record_UpToAMebibyte_IsOneWrite()
    {
        var sink = new SinkStream();
        LogWriter writer = Started(sink);
        Assert.Equal(1, sink.Writes);
        Assert.Equal(64, writer.Offset);
        int records = 0;
        foreach (int size in (int[])[0, 1, 140, 33_000, 70_000, 500_000, 1_000_000])
        {
            long end = writer.Append(LogRecordKind.Data, s_nothing, new byte[size]);
            records++;
            Assert.Equal(1 + records, sink.Writes);
            Assert.Equal(sink.Written, end);
            Assert.Equal(end, writer.Offset);
        }
    }

    [Fact]
    public void Record_AddedInPieces_IsTheSameAsInOne()
    {
        int seed = SampleLog.Seed();
        var random = new Random(seed);
        byte[] body = new byte[2_500_000];
        random.NextBytes(body);
        using var whole = new MemoryStream();
        using var pieces = new MemoryStream();
        Started(whole).Append(LogRecordKind.Data, s_nothing, body);
        LogWriter writer = Started(pieces);
        writer.Begin(LogRecordKind.Data, s_nothing);
        for (int at = 0; at < body.Length;)
        {
            int length = Math.Min(random.Next(50_000), body.Length - at);
            writer.Add(body.AsSpan(at, length));
            at += length;
        }
        Assert.Equal(64, writer.Offset);
        long end = writer.End();
        Assert.Equal(pieces.Length, end);
        Assert.True(whole.ToArray().AsSpan().SequenceEqual(pieces.ToArray()), $"seed {seed}");
    }

    [Fact]
    public void Append_InSteadyState_AllocatesNothing()
    {
        var sink = new SinkStream();
        LogWriter writer = Started(sink);
        byte[] body = new byte[140];
        byte[] large = new byte[100_000];
        AppendMany(writer, body, large, 300);
        Assert.Equal(0, Allocated.FewestBytes(
            () => AppendMany(writer, body, large, 3_000)));
    }

    [Fact]
    public void Buffer_AfterALargeRecord_IsGivenBack()
    {
        LogWriter writer = Started(new SinkStream());
        byte[] large = new byte[4_000_000];
        long before = GC.GetAllocatedBytesForCurrentThread();
        writer.Append(LogRecordKind.Data, s_nothing, large);
        long taken = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(taken < 1_500_000, $"{taken} bytes: a record is never held whole");
        writer.Append(LogRecordKind.Data, s_nothing, large);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before > taken,
            "the large buffer was not kept");
    }

    [Fact]
    public void Abandon_BeforeASpill_LeavesNoTrace()
    {
        using var stream = new MemoryStream();
        LogWriter writer = Started(stream);
        writer.Append(LogRecordKind.Data, s_nothing, [1]);
        long offset = writer.Offset;
        writer.Begin(LogRecordKind.Data, s_nothing);
        writer.Add(new byte[900_000]);
        writer.Abandon();
        writer.Abandon();
        Assert.Equal(offset, writer.Offset);
        Assert.Equal(offset, stream.Length);
        Assert.False(writer.IsBroken);
        writer.Append(LogRecordKind.Data, s_nothing, [2]);
        LogReading reading = new SampleLog().Read(stream);
        Assert.Equal([1, 2], reading.Records.SelectMany(r => r.Body));
        Assert.Null(reading.Reader.Damage);
    }

    [Fact]
    public void Abandon_AfterASpill_BreaksTheWriter()
    {
        using var stream = new MemoryStream();
        LogWriter writer = Started(stream);
        writer.Append(LogRecordKind.Data, s_nothing, [1]);
        writer.Begin(LogRecordKind.Data, s_nothing);
        writer.Add(new byte[1_200_000]);
        writer.Abandon();
        AssertBroken(writer);
        LogReading reading = new SampleLog().Read(stream);
        Assert.Single(reading.Records);
        Assert.Equal(LogDamageKind.TornTail, reading.Reader.Damage?.Kind);
    }

    [Fact]
    public void FailedWrite_OfAnyKind_BreaksTheWriterForGood()
    {
        // The header, a record, the spill of a large record, its last part.
        var header = new LogWriter(new SinkStream { FailingWrite = 1 }, SampleLog.Header);
        Assert.Throws<IOException>(header.WriteHeader);
        AssertBroken(header);
        for (int failing = 2; failing <= 4; failing++)
        {
            var sink = new SinkStream { FailingWrite = failing };
            LogWriter writer = Started(sink);
            Assert.Throws<IOException>(() =>
            {
                writer.Append(LogRecordKind.Data, s_nothing, [1]);
                writer.Append(LogRecordKind.Data, s_nothing, new byte[1_500_000]);
            });
            AssertBroken(writer);
            Assert.Equal(failing, sink.Writes);
        }
    }

    [Fact]
    public void Calls_OutOfOrder_AreRefused()
    {
        var writer = new LogWriter(new SinkStream(), SampleLog.Header);
        Assert.Throws<InvalidOperationException>(() => Begin(writer));
        writer.WriteHeader();
        Assert.Throws<InvalidOperationException>(writer.WriteHeader);
        Assert.Throws<InvalidOperationException>(() => writer.Add([1]));
        Assert.Throws<InvalidOperationException>(() => writer.End());
        Begin(writer);
        Assert.Throws<InvalidOperationException>(() => Begin(writer));
        writer.Add([1]);
        Assert.Equal(64 + 11 + 3 + 1, writer.End());
        Assert.False(writer.IsBroken);
    }

    private static LogWriter Started(Stream stream)
    {
        var writer = new LogWriter(stream, SampleLog.Header);
        writer.WriteHeader();
        return writer;
    }

    private static void Begin(LogWriter writer) => writer.Begin(LogRecordKind.Data, s_nothing);

    private static void AppendMany(LogWriter writer, byte[] body, byte[] large, int count)
    {
        for (int i = 0; i < count; i++)
        {
            var synced = new LogPosition(SampleLog.Header.LogNumber, writer.Offset);
            writer.Append(LogRecordKind.Data, synced, i % 100 == 0 ? large : body);
        }
    }

    private static void AssertBroken(LogWriter writer)
    {
        Assert.True(writer.IsBroken);
        Assert.Throws<InvalidOperationException>(writer.WriteHeader);
        Assert.Throws<InvalidOperationException>(() => Begin(writer));
        Assert.Throws<InvalidOperationException>(() => writer.Add([1]));
        Assert.Throws<InvalidOperationException>(() => writer.End());
        Assert.Throws<InvalidOperationException>(
            () => writer.Append(LogRecordKind.Data, s_nothing, [1]));
        writer.Abandon();
        Assert.True(writer.IsBroken, "abandoning does not mend");
    }
}
