// Tables under right checksums whose structure no builder makes. Reads may give anything, since
// nothing can tell; but they end, stay inside the bytes, and fail as typed damage alone.
//
// Changed are: headers, counts, heads, offsets, varints and tags inside blocks of every type;
// their trailers; pages of the filter; stated lengths of LZ4 blocks; whole index blocks, with
// handles that name anything: other types, other lengths of the same block, places inside blocks,
// overlaps; checksums of values apart; every field of the footer.
//
// Seen to fail: without the walk of BlockFormat.Validate, a failed assertion within a thousand
// cases; with an assertion about the header in BlockView's constructor, see ShorterHandleTests.
// Threads: one.

using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Fuzz.Tests;

internal sealed class TableStructureFuzz : IFuzz, IDisposable
{
    private const int MemoryBytes = 4 << 20;

    private readonly List<TableBase> _bases;
    private readonly GuardedMemory _memory = new(MemoryBytes);

    public TableStructureFuzz(int seed) => _bases = TableBase.MakeAll(seed);

    public void Run(FuzzCase the)
    {
        TableBase whole = _bases[Math.Min(
            the.Random.Next(_bases.Count), the.Random.Next(_bases.Count))];
        byte[] bytes = [.. whole.Bytes];
        do
            TableCrafting.Change(the, whole, bytes);
        while (the.OneIn(3));
        ReadAll(the, whole, new FuzzedTable(_memory, bytes, the.OneIn(2)));
    }

    /// <summary>Opens a table of whatever content and reads it in every way, in any order: what
    /// one read has checked and cached, the next may take for granted.</summary>
    public static void ReadAll(FuzzCase the, TableBase whole, FuzzedTable table)
    {
        TableSession? session = null;
        if (!FuzzCase.Attempt(() => session = new TableSession(the, table, whole.TableId)))
            return;
        using (session)
        {
            for (int i = 0; i < 7; i++)
                Read(the, whole, session!, the.Random.Next(8));
            Read(the, whole, session!, 0);
        }
    }

    public void Dispose() => _memory.Dispose();

    private static void Read(FuzzCase the, TableBase whole, TableSession session, int how)
    {
        switch (how)
        {
            case 0:
                session.Verify();
                break;
            case 1:
                FuzzCase.Attempt(() => _ = session.Reader.Properties);
                break;
            case 2:
                FuzzCase.Attempt(() => Inspect(session.Reader));
                break;
            case 3:
                FuzzCase.Attempt(() => CountIndex(session.Reader));
                break;
            case 4 or 5:
                Gets(the, whole, session);
                break;
            default:
                FuzzCase.Attempt(() => Seek(the, whole, session));
                FuzzCase.Attempt(() => Scan(the, session));
                break;
        }
    }

    private static void Gets(FuzzCase the, TableBase whole, TableSession session)
    {
        for (int i = 0; i < 10; i++)
        {
            TableEntry entry = the.Pick(whole.Entries);
            ulong tag = the.OneIn(2) ? entry.Tag : EntryTag.SeekAt(EntryTag.SequenceMax);
            FuzzCase.Attempt(() => session.Get(entry.Key, tag));
        }
        byte[] any = new byte[the.Random.Next(9)];
        the.Random.NextBytes(any);
        FuzzCase.Attempt(() => session.Get(any, ulong.MaxValue));
    }

    private static void Inspect(TableReader reader)
    {
        var inspector = new TableInspector(reader);
        foreach (InspectedBlock block in inspector.Blocks())
        {
            FuzzCase.Check(
                block.Damage is null or CorruptionException, $"inspected: {block.Damage}");
            foreach (InspectedEntry entry in block.Entries.Where(one => one.IsApart))
                FuzzCase.Attempt(() => inspector.ReadValue(entry));
        }
    }

    private static void CountIndex(TableReader reader)
    {
        long steps = 0;
        foreach ((byte[] key, _, _) in reader.EnumerateIndex())
            CheckMoves(ref steps, key.Length);
    }

    private static void Scan(FuzzCase the, TableSession session)
    {
        long steps = 0;
        session.Scan(the.OneIn(2), the.OneIn(2), cursor =>
            CheckMoves(ref steps, cursor.UserKey.Length + cursor.Value.Length));
    }

    private static void Seek(FuzzCase the, TableBase whole, TableSession session)
    {
        using var cursor = new TableCursor();
        cursor.Reset(session.Reader, the.OneIn(2));
        for (int i = 0; i < 6; i++)
        {
            TableEntry entry = the.Pick(whole.Entries);
            bool isThere = the.OneIn(2)
                ? cursor.Seek(entry.Key, entry.Tag)
                : cursor.SeekForPrevious(entry.Key, entry.Tag);
            for (int moves = the.Random.Next(4); isThere && moves > 0; moves--)
            {
                _ = cursor.Value.Length + cursor.UserKey.Length + cursor.ValueSlice.Length;
                isThere = the.OneIn(2) ? cursor.Next() : cursor.Previous();
            }
        }
    }

    /// <summary>A walk through a few hundred KiB has an end.</summary>
    private static void CheckMoves(ref long steps, int bytes)
    {
        FuzzCase.Check(bytes >= 0, "a length is not negative");
        FuzzCase.Check(++steps < 2_000_000, "a walk does not end");
    }
}
