// Bytes of a manifest, or of CURRENT, change; the reader must return the same edits, or cut a tail
// that no later record proves to have been safe, or refuse with a place.
//
// Seen to fail: without the search for a proof in ManifestReader.CheckEnd, and without the search
// at every offset in LogChunk.FindStart, "cut although a later record proves it was safe".
// Threads: one.

using LsmMmap.Engine.Files;
using LsmMmap.Engine.Versions;
using LsmMmap.Wal;

namespace LsmMmap.Fuzz.Tests;

internal sealed class ManifestFuzz : IFuzz
{
    private const long Number = 7;

    private readonly List<LogBase> _bases = [];
    private readonly List<byte[]> _others;
    private readonly List<byte[]> _currents;

    public ManifestFuzz(int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 5; i++)
            _bases.Add(ManifestBase.Make(random, i == 4 ? Number + 1 : Number, 4 + 4 * i));
        _others = [.. _bases.Select(one => one.Bytes)];
        _currents = [.. Enumerable.Range(1, 12).Select(i => ManifestReader.EncodeCurrent(i))];
    }

    public void Run(FuzzCase the)
    {
        if (the.OneIn(8))
            RunCurrent(the);
        else
            RunManifest(the);
    }

    private void RunCurrent(FuzzCase the)
    {
        byte[] whole = _currents[(int)Number - 1];
        byte[] bytes = ByteMutator.Mutate(the, whole, _currents);
        var files = new MemoryFiles();
        files.Put("CURRENT", bytes);
        long number = 0;
        bool isRead = FuzzCase.Attempt(
            () => number = ManifestReader.ReadCurrent(files, MemoryFiles.Directory));
        bool isOther = _currents.Exists(one => one.AsSpan().SequenceEqual(bytes));
        FuzzCase.Check(isRead || !isOther, "a sound CURRENT is refused");
        FuzzCase.Check(
            !isRead || bytes.AsSpan().SequenceEqual(ManifestReader.EncodeCurrent(number)),
            "CURRENT names another manifest");
    }

    private void RunManifest(FuzzCase the)
    {
        LogBase whole = _bases[the.Random.Next(_bases.Count - 1)];
        byte[] bytes = ByteMutator.Mutate(the, whole.Bytes, _others);
        var files = new MemoryFiles();
        files.Put(FileNames.ManifestName(Number), bytes);
        List<(long Offset, VersionEdit Edit)> edits = [];
        bool isRead = FuzzCase.Attempt(() => ManifestReader.Read(
            files, MemoryFiles.Directory, Number, out _,
            (offset, edit) => edits.Add((offset, edit))));
        if (bytes.AsSpan().SequenceEqual(whole.Bytes))
            FuzzCase.Check(isRead, "a sound manifest is refused");
        if (isRead)
            Compare(_bases.First(one => IsOf(one, bytes)), bytes, edits);
    }

    private static bool IsOf(LogBase whole, byte[] bytes) =>
        bytes.AsSpan().StartsWith(whole.Bytes.AsSpan(0, LogFormat.HeaderBytes));

    private static void Compare(
        LogBase whole, byte[] bytes, List<(long Offset, VersionEdit Edit)> edits)
    {
        LoggedRecord[] made = [.. whole.Records.Where(one => one.Kind == LogRecordKind.Data)];
        ulong chain = 0;
        for (int i = 0; i < edits.Count; i++)
        {
            byte[] encoded = EditCodec.Encode(edits[i].Edit, chain);
            bool isRight = i < made.Length && edits[i].Offset == made[i].Offset
                && encoded.AsSpan().SequenceEqual(made[i].Body);
            FuzzCase.Check(isRight, $"an edit that was never made there, at {edits[i].Offset}");
            chain = Manifest.NextChain(encoded);
        }
        int safe = ByteMutator.FirstDifference(whole.Bytes, bytes);
        int least = made.Count(one => one.End <= safe);
        FuzzCase.Check(edits.Count >= least, $"{edits.Count} edits of {least} before the change");
        if (edits.Count == made.Length)
            return;
        long cut = made[edits.Count].Offset;
        bool isProven = whole.Records.Any(
            one => one.Offset > cut && one.Synced.Offset > cut && whole.IsWhole(one, bytes));
        FuzzCase.Check(!isProven, $"cut at {cut} although a later record proves it was safe");
    }
}
