// Manifests of whole records with impossible edits: levels, ids, numbers, counts and lengths that
// no store would write. Reading ends with some sum, or is refused with a place.
//
// Seen to fail: without ContentsCheck.FindProblem, "table number 0" in case 460.
// Threads: one.

using LsmMmap.Engine.Files;
using LsmMmap.Engine.Versions;
using LsmMmap.Wal;

namespace LsmMmap.Fuzz.Tests;

internal sealed class ManifestStructureFuzz : IFuzz
{
    private const long Number = 7;

    private readonly LogBase[] _bases;

    public ManifestStructureFuzz(int seed)
    {
        var random = new Random(seed);
        _bases = [.. Enumerable.Range(1, 6).Select(
            i => ManifestBase.Make(random, Number, i * 3))];
    }

    public void Run(FuzzCase the)
    {
        LogBase whole = the.Pick(_bases);
        byte[] bytes = Resealed(the, whole);
        var files = new MemoryFiles();
        files.Put(FileNames.ManifestName(Number), bytes);
        FuzzCase.Attempt(() => Use(ManifestReader.Read(
            files, MemoryFiles.Directory, Number, out _)));
    }

    /// <summary>What recovery asks of the sum.</summary>
    public static void Use(ManifestContents contents)
    {
        foreach (KeyspaceContents keyspace in contents.Keyspaces.Values)
        {
            _ = KeyspaceOptions.TryFromStored(keyspace.Record.Options, out _);
            foreach ((int level, TableInfo table) in keyspace.Tables.Values)
            {
                FuzzCase.Check(level is >= 0 and < TreeVersion.LevelCount, $"level {level}");
                FuzzCase.Check(table.Number > 0, $"table number {table.Number}");
            }
        }
        byte[] again = EditCodec.Encode(contents.ToEdit(), 0);
        FuzzCase.Check(
            EditCodec.TryDecode(again, out _, out _, out string problem),
            $"the sum cannot be written again: {problem}");
        FuzzCase.Check(contents.Keyspaces.ContainsKey(0), "no default keyspace");
    }

    /// <summary>The same records with some bodies changed, chained and sealed anew.</summary>
    public static byte[] Resealed(FuzzCase the, LogBase whole)
    {
        using var stream = new MemoryStream();
        var writer = new LogWriter(stream, whole.Header);
        writer.WriteHeader();
        int victim = the.Random.Next(whole.Records.Count);
        ulong chain = 0;
        for (int i = 0; i < whole.Records.Count; i++)
        {
            LoggedRecord record = whole.Records[i];
            if (record.Kind != LogRecordKind.Data)
                continue;
            byte[] body = [.. record.Body];
            BitConverter.TryWriteBytes(body, chain);
            if (i >= victim)
            {
                body = Changed(the, body, chain);
                victim = i + 1 + the.Random.Next(12);
            }
            var synced = new LogPosition(whole.Header.LogNumber, writer.Offset);
            writer.Append(LogRecordKind.Data, synced, body);
            chain = Manifest.NextChain(body);
        }
        return stream.ToArray();
    }

    private static byte[] Changed(FuzzCase the, byte[] body, ulong chain)
    {
        if (the.OneIn(3))
            return AbsurdBody.Edit(the, chain);
        byte[] changed = [.. body];
        for (int i = the.Random.Next(1, 4); i > 0; i--)
        {
            int at = 8 + the.Random.Next(changed.Length - 8);
            changed[at] = (byte)the.AbsurdNumber(changed.Length);
            the.Say($"edit byte {at} is {changed[at]:x2}");
        }
        return changed;
    }
}
