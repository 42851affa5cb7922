// Bytes of a log change; the reader must return the records before the change, stop there with a
// finding, and find behind it every record that is still whole, so that nothing that was once safe
// can pass for a torn tail.
//
// Seen to fail: without the comparison of a chunk's checksum in LogChunk.TryRead, "a record that
// was never written" in the first case; without the search at every offset in LogChunk.FindStart,
// "the whole record is not found behind the damage" in the first case.
// Threads: one.

using LsmMmap.Wal;

namespace LsmMmap.Fuzz.Tests;

internal sealed class LogFuzz : IFuzz
{
    private readonly List<LogBase> _bases = [];
    private readonly List<byte[]> _others;

    public LogFuzz(int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 6; i++)
            _bases.Add(LogBase.Make(random, 7 + i % 2, 24, 300, reservedBytes: i == 0 ? 700 : 0));
        _bases.Add(LogBase.Make(random, 7, 14, 4_000, 0));
        _bases.Add(LogBase.Make(random, 8, 10, 90_000, 4_096));
        _others = [.. _bases.Select(one => one.Bytes)];
    }

    public void Run(FuzzCase the)
    {
        LogBase whole = _bases[the.OneIn(8) ? _bases.Count - 1 : the.Random.Next(_bases.Count - 1)];
        byte[] bytes = ByteMutator.Mutate(the, whole.Bytes, _others);
        using var stream = new MemoryStream(bytes);
        if (!LogReader.TryReadHeader(stream, out LogHeader header, out LogDamage? damage))
        {
            FuzzCase.Check(
                damage != null && !bytes.AsSpan().StartsWith(whole.Bytes.AsSpan(0, 64)),
                "a sound header is refused");
            return;
        }
        // Another log in its place is the engine's to refuse, by store id and number.
        whole = _bases.Find(one => one.Header == header)
            ?? throw new FuzzFindException($"a header that was never written: {header}");
        ReadAll(whole, bytes, new LogReader(stream, header));
    }

    private static void ReadAll(LogBase whole, byte[] bytes, LogReader reader)
    {
        int count = 0;
        while (reader.Read())
        {
            LoggedRecord? record = count < whole.Records.Count ? whole.Records[count] : null;
            bool isRight = record != null && record.Kind == reader.Kind
                && record.Synced == reader.Synced && record.Offset == reader.RecordOffset
                && reader.Body.SequenceEqual(record.Body);
            FuzzCase.Check(isRight, $"a record that was never written at {reader.RecordOffset}");
            count++;
        }
        int safe = ByteMutator.FirstDifference(whole.Bytes, bytes);
        int least = whole.Records.Count(record => record.End <= safe);
        FuzzCase.Check(count >= least, $"{count} records, {least} lie before the change");
        if (reader.Damage is { } damage)
        {
            FuzzCase.Check(damage.Offset >= reader.EndOffset, "damage inside what was read");
            FindBehind(whole, bytes, reader, count);
            return;
        }
        bool isEmpty = !bytes.AsSpan((int)reader.EndOffset).ContainsAnyExcept((byte)0);
        FuzzCase.Check(isEmpty, $"a clean end at {reader.EndOffset} before bytes");
    }

    private static void FindBehind(
        LogBase whole, byte[] bytes, LogReader reader, int count)
    {
        var found = new HashSet<long>();
        while (reader.FindVerifying())
        {
            LoggedRecord? record = whole.Records.FirstOrDefault(
                one => one.Offset == reader.RecordOffset);
            bool isRight = record != null && record.Kind == reader.Kind
                && record.Synced == reader.Synced;
            FuzzCase.Check(isRight, $"found at {reader.RecordOffset} what was never written");
            FuzzCase.Check(found.Add(reader.RecordOffset), "one record is found twice");
        }
        foreach (LoggedRecord record in whole.Records.Skip(count))
        {
            FuzzCase.Check(
                found.Contains(record.Offset) || !whole.IsWhole(record, bytes),
                $"the whole record at {record.Offset} is not found behind the damage");
        }
    }
}
