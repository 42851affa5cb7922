// A log that is known in every byte: its header, its records, its chunks. Made by the writer, or
// read from the file of a store. Immutable.

using LsmMmap.Wal;

namespace LsmMmap.Fuzz.Tests;

/// <summary>A record as it was written.</summary>
internal sealed record LoggedRecord(
    LogRecordKind Kind, LogPosition Synced, long Offset, long End, byte[] Body);

internal sealed record LogBase(
    byte[] Bytes, LogHeader Header, IReadOnlyList<LoggedRecord> Records)
{
    /// <summary>Reads a whole log.</summary>
    public static LogBase Of(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        FuzzCase.Check(
            LogReader.TryReadHeader(stream, out LogHeader header, out _), "a base has a header");
        var reader = new LogReader(stream, header);
        List<LoggedRecord> records = [];
        while (reader.Read())
            records.Add(new LoggedRecord(
                reader.Kind, reader.Synced, reader.RecordOffset, reader.EndOffset,
                reader.Body.ToArray()));
        FuzzCase.Check(reader.Damage == null, "a base is whole");
        return new LogBase(bytes, header, records);
    }

    /// <summary>A log of that many records, of bodies up to a length, with zeros behind.</summary>
    public static LogBase Make(
        Random random, long number, int records, int bodyBytesMax, int reservedBytes)
    {
        using var stream = new MemoryStream();
        byte[] boot = new byte[16];
        random.NextBytes(boot);
        var header = new LogHeader(
            77, number, (ulong)random.NextInt64(), new Guid(boot));
        var writer = new LogWriter(stream, header);
        writer.WriteHeader();
        var synced = new LogPosition(number - 1, 300);
        for (int i = 0; i < records; i++)
        {
            var kind = (LogRecordKind)(i == 0 ? 1 : random.Next(6) == 0 ? 4 : 2);
            bool isLong = random.Next(8) == 0;
            byte[] body = new byte[random.Next(isLong ? bodyBytesMax : bodyBytesMax / 16 + 2)];
            if (random.Next(2) == 0)
                random.NextBytes(body);
            writer.Append(kind, synced, body);
            if (random.Next(3) == 0)
                synced = new LogPosition(number, writer.Offset);
        }
        stream.Write(new byte[reservedBytes]);
        return Of(stream.ToArray());
    }

    /// <summary>Whether a record stands in other bytes as it stands here.</summary>
    public bool IsWhole(LoggedRecord record, ReadOnlySpan<byte> other) =>
        record.End <= other.Length
        && Bytes.AsSpan((int)record.Offset, (int)(record.End - record.Offset))
            .SequenceEqual(other[(int)record.Offset..(int)record.End]);
}
