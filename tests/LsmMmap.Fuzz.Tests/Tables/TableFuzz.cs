// Bytes of a table change; every lookup and scan is right or refused with a place, and when the
// table can be opened at all, Verify finds the change: no byte is covered by nothing.
//
// Seen to fail: without the checksum in BlockTrailer.Check, "entry 38 of a scan is wrong" in the
// second case; without the comparison in TableVerifier.CheckGaps, "Verify saw nothing" in case 219.
// Threads: one.

namespace LsmMmap.Fuzz.Tests;

internal sealed class TableFuzz : IFuzz, IDisposable
{
    private const int MemoryBytes = 4 << 20;

    private readonly List<TableBase> _bases;
    private readonly List<byte[]> _others;
    private readonly GuardedMemory _memory = new(MemoryBytes);

    public TableFuzz(int seed)
    {
        _bases = TableBase.MakeAll(seed);
        _others = [.. _bases.Select(one => one.Bytes)];
    }

    public void Run(FuzzCase the)
    {
        // The small ones more often: the same places, more cases a second.
        TableBase whole = _bases[Math.Min(
            the.Random.Next(_bases.Count), the.Random.Next(_bases.Count))];
        byte[] bytes = ByteMutator.Mutate(the, whole.Bytes, _others);
        bool isWhole = bytes.AsSpan().SequenceEqual(whole.Bytes);
        var table = new FuzzedTable(_memory, bytes, the.OneIn(2));
        TableSession? session = null;
        if (!FuzzCase.Attempt(() => session = new TableSession(the, table, whole.TableId)))
        {
            FuzzCase.Check(!isWhole, "a sound table is refused");
            return;
        }
        using (session)
        {
            int refused = Gets(the, whole, session!);
            refused += Scan(the, whole, session!);
            if (refused == 0 && !the.OneIn(3))
                return;
            int found = session!.Verify();
            FuzzCase.Check(
                (found > 0) == !isWhole, $"Verify saw {(found > 0 ? "damage" : "nothing")}");
        }
    }

    public void Dispose() => _memory.Dispose();

    private static int Gets(FuzzCase the, TableBase whole, TableSession session)
    {
        int refused = 0;
        int step = the.OneIn(4) ? 1 : 1 + whole.Entries.Count / 10;
        for (int i = the.Random.Next(step); i < whole.Entries.Count; i += step)
        {
            TableEntry entry = whole.Entries[i];
            refused += FuzzCase.Attempt(() =>
            {
                TableEntry? found = session.Get(entry.Key, entry.Tag);
                bool isRight = found != null && found.Tag == entry.Tag
                    && found.Value.AsSpan().SequenceEqual(entry.Value);
                FuzzCase.Check(isRight, $"entry {i} is {(found == null ? "absent" : "wrong")}");
            }) ? 0 : 1;
        }
        byte[] absent = [7, 7, (byte)the.Random.Next(256)];
        refused += FuzzCase.Attempt(() => FuzzCase.Check(
            session.Get(absent, ulong.MaxValue) == null, "an absent key is there")) ? 0 : 1;
        return refused;
    }

    private static int Scan(FuzzCase the, TableBase whole, TableSession session)
    {
        bool isForward = the.OneIn(2);
        int count = 0;
        bool isEnded = FuzzCase.Attempt(() => session.Scan(isForward, the.OneIn(2), cursor =>
        {
            FuzzCase.Check(count < whole.Entries.Count, "a scan goes on behind the last entry");
            TableEntry entry = whole.Entries[isForward ? count : whole.Entries.Count - 1 - count];
            bool isRight = cursor.Tag == entry.Tag && cursor.UserKey.SequenceEqual(entry.Key)
                && cursor.Value.SequenceEqual(entry.Value);
            FuzzCase.Check(isRight, $"entry {count} of a scan is wrong");
            count++;
        }));
        FuzzCase.Check(
            !isEnded || count == whole.Entries.Count, $"a scan ends after {count} entries");
        return isEnded ? 0 : 1;
    }
}
