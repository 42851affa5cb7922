// Manifests made as a store makes them, edit by edit with a synced point behind each, from a random
// life of keyspaces and tables. Pure functions of the random numbers.

using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;
using LsmMmap.Testing;
using LsmMmap.Wal;

namespace LsmMmap.Fuzz.Tests;

internal static class ManifestBase
{
    public static LogBase Make(Random random, long number, int edits)
    {
        using var stream = new MemoryStream();
        var header = new LogHeader(77, number, (ulong)random.NextInt64(), Guid.Empty);
        var writer = new LogWriter(stream, header);
        writer.WriteHeader();
        var contents = new ManifestContents();
        var synced = new LogPosition(number, 0);
        ulong chain = 0;
        for (int i = 0; i < edits; i++)
        {
            VersionEdit edit = i == 0 ? First() : Next(random, contents, i, i == edits - 1);
            string? problem = contents.Apply(edit);
            FuzzCase.Check(problem == null, $"a base fits: {problem}");
            byte[] bytes = EditCodec.Encode(edit, chain);
            chain = Manifest.NextChain(bytes);
            writer.Append(LogRecordKind.Data, synced, bytes);
            synced = new LogPosition(number, writer.Offset);
            writer.Append(LogRecordKind.Point, synced, default);
        }
        return LogBase.Of(stream.ToArray());
    }

    public static TableInfo Table(Random random, long number) => new()
    {
        Number = number,
        TableId = (ulong)random.NextInt64(),
        FileBytes = 4096 + random.Next(100_000),
        FileChecksum = (ulong)random.NextInt64(),
        SmallestSequence = 1,
        LargestSequence = (ulong)number,
        EntryCount = 9,
        DeleteCount = 1,
        SmallestKey = Bytes.Number(number),
        LargestKey = [.. Bytes.Number(number), 1, 2],
        Expiring = random.Next(3) > 0 ? default
            : new ExpiringEntries(random.Next(1, 9), -random.Next(9), random.NextInt64()),
    };

    private static VersionEdit First()
    {
        var edit = new VersionEdit { Numbers = new StoreNumbers(1, 2, 0, 1) };
        edit.Keyspaces.Add(new KeyspaceRecord(
            0, "default", new KeyspaceOptions().ToStored(), false, 0));
        return edit;
    }

    private static VersionEdit Next(
        Random random, ManifestContents contents, int i, bool isLast)
    {
        var edit = new VersionEdit
        {
            Numbers = contents.Numbers with
            {
                NextFileNumber = contents.Numbers.NextFileNumber + 2,
                LastSequence = contents.Numbers.LastSequence + 10,
            },
        };
        if (isLast && random.Next(2) == 0)
        {
            edit.Clean = new CleanClose(1, 4096, edit.Numbers.Value.LastSequence);
            return edit;
        }
        if (random.Next(4) == 0)
        {
            edit.Numbers = edit.Numbers.Value with { NextKeyspaceId = i + 1 };
            edit.Keyspaces.Add(new KeyspaceRecord(
                i, $"k{i}", new KeyspaceOptions().ToStored(), false, 0));
            return edit;
        }
        KeyspaceContents keyspace = contents.Keyspaces.Values.ElementAt(
            random.Next(contents.Keyspaces.Count));
        int id = keyspace.Record.Id;
        if (keyspace.Tables.Count > 2)
        {
            foreach ((long number, (int level, _)) in keyspace.Tables.Take(2))
                edit.Removed.Add((id, level, number));
        }
        edit.Added.Add((id, random.Next(2), Table(random, contents.Numbers.NextFileNumber)));
        edit.Flushed.Add((id, edit.Numbers.Value.LastSequence));
        return edit;
    }
}
