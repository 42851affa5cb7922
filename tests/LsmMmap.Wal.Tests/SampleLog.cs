// A log written for a test, with the truth about it beside the bytes, and the ways to read such
// bytes back. Tests damage the bytes and compare what is read with the truth.

using System.Globalization;

namespace LsmMmap.Wal.Tests;

/// <summary>One record as it was written: [Start, End) are its chunks in the file.</summary>
internal sealed record SampleRecord(
    LogRecordKind Kind, LogPosition Synced, byte[] Body, long Start, long End);

/// <summary>What one run of Read calls gave.</summary>
internal sealed record LogReading(List<SampleRecord> Records, LogReader Reader);

internal sealed class SampleLog
{
    public static readonly LogHeader Header = new(
        0x1122_3344_5566_7788, 7, 0xA1B2_C3D4_E5F6_0718,
        new Guid("00112233-4455-6677-8899-aabbccddeeff"));

    private readonly Func<byte[]> _written;
    private readonly LogWriter _writer;

    public SampleLog(LogHeader? header = null)
    {
        Identity = header ?? Header;
        var stream = new MemoryStream();
        _written = stream.ToArray;
        _writer = new LogWriter(stream, Identity);
        _writer.WriteHeader();
    }

    public LogHeader Identity { get; }

    public List<SampleRecord> Records { get; } = [];

    public long Length => _writer.Offset;

    public byte[] Bytes => _written();

    /// <summary>A log with one Data record for each size, bodies random by seed.</summary>
    public static SampleLog OfSizes(int seed, params int[] sizes)
    {
        var log = new SampleLog();
        var random = new Random(seed);
        foreach (int size in sizes)
        {
            byte[] body = new byte[size];
            random.NextBytes(body);
            log.Add(body);
        }
        return log;
    }

    /// <summary>The seed of random tests: LSM_SEED when it is set, else a fixed one.</summary>
    public static int Seed() => int.TryParse(
        Environment.GetEnvironmentVariable("LSM_SEED"), CultureInfo.InvariantCulture,
        out int seed) ? seed : 20_261;

    public void Add(byte[] body, LogRecordKind kind = LogRecordKind.Data)
    {
        // Every record knows its predecessors as synced, as after a sync of each.
        var synced = new LogPosition(Identity.LogNumber, _writer.Offset);
        Add(body, kind, synced);
    }

    public void Add(byte[] body, LogRecordKind kind, LogPosition synced)
    {
        long start = StartAfter(_writer.Offset);
        long end = _writer.Append(kind, synced, body);
        Assert.Equal(_writer.Offset, end);
        Records.Add(new SampleRecord(kind, synced, body, start, end));
    }

    /// <summary>Where a record starts that follows bytes up to an offset.</summary>
    public static long StartAfter(long offset)
    {
        int left = LogFormat.BytesLeftInFrame(offset);
        return left < 32 ? offset + left : offset;
    }

    public LogReading Read(byte[] bytes, long endOffset = long.MaxValue) =>
        Read(new MemoryStream(bytes), endOffset);

    public LogReading Read(Stream stream, long endOffset = long.MaxValue)
    {
        var reader = new LogReader(stream, Identity, endOffset);
        return new LogReading(ReadOn(reader), reader);
    }

    /// <summary>Reads until Read is false.</summary>
    public static List<SampleRecord> ReadOn(LogReader reader)
    {
        var records = new List<SampleRecord>();
        while (reader.Read())
        {
            records.Add(new SampleRecord(reader.Kind, reader.Synced, reader.Body.ToArray(),
                reader.RecordOffset, reader.EndOffset));
            Assert.True(reader.Damage == null, "a record that was read is not damage");
        }
        Assert.False(reader.Read(), "the end stays the end");
        return records;
    }

    /// <summary>Fails unless the records are exactly those [from, to) of the truth.</summary>
    public void AssertRecords(int from, int to, List<SampleRecord> found, string context)
    {
        Assert.True(to - from == found.Count,
            $"{context}: {found.Count} records instead of {from}..{to}");
        for (int i = from; i < to; i++)
        {
            SampleRecord expected = Records[i];
            SampleRecord actual = found[i - from];
            bool same = expected.Kind == actual.Kind && expected.Synced == actual.Synced
                && expected.Start == actual.Start && expected.End == actual.End
                && expected.Body.AsSpan().SequenceEqual(actual.Body);
            Assert.True(same, $"{context}: record {i} differs from what was written");
        }
    }
}
