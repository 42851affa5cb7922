// The runs that are cut and failed. Small, because they are cut at every operation; each passes
// what can go wrong: records of less than a sector and of several pages, batches over two
// keyspaces, the three durabilities, flush, compaction, log rotation with commits on both sides
// while the flush still runs, keyspaces made and dropped, clean close and reopening.
// Threads: one each.


namespace LsmMmap.Crash.Tests;

internal static class Workloads
{
    private const Durability Buffered = Durability.Buffered;
    private const Durability Flushed = Durability.Flushed;
    private const Durability Synced = Durability.Synced;

    /// <summary>Three openings, the last one left open.</summary>
    public static void Full(WorkloadRun run)
    {
        run.Open();
        FirstSession(run);
        run.Close();
        run.Open();
        SecondSession(run);
        run.Close();
        run.Open();
        run.Commit(Flushed, (null, "a", 600), ("cats", "tom", 0));
        run.Put("late", 20, Buffered);
        run.Put("later", 1500, Synced);
        run.Put("last of all", 30, Buffered);
        run.Close();
    }

    private static void FirstSession(WorkloadRun run)
    {
        run.Put("a", 30, Buffered);
        run.Put("b", 700, Flushed);
        run.Put("c", 40, Synced);
        run.MakeKeyspace("cats");
        run.Commit(Buffered, (null, "a", 31), ("cats", "tom", 900));
        run.Commit(Flushed, (null, "d", 5000), ("cats", "kitty", 20));
        run.Put("e", 10, Buffered);
        run.Background(static store => store.Flush());
        run.Commit(Synced, ("cats", "tom", 10), (null, "b", 0));
        run.Put("f", 2000, Flushed);
        run.Put("g", 12, Buffered);
        run.SyncLog();
        run.Background(static store => store.Flush());
        run.Commit(Flushed, (null, "a", 0), ("cats", "felix", 9000));
        run.Background(static store => store.Compact());
        run.Put("h", 1, Buffered);
    }

    private static void SecondSession(WorkloadRun run)
    {
        run.Commit(Flushed, (null, "i", 1300), ("cats", "grey", 1300));
        run.MakeKeyspace("dogs");
        run.Commit(Buffered, ("dogs", "rex", 33), ("cats", "felix", 0));
        Overtake(run);
        run.DropKeyspace("dogs");
        run.Put("j", 44, Flushed);
        run.MakeKeyspace("dogs");
        run.Commit(Synced, ("dogs", "lassie", 50), (null, "i", 51));
        run.Background(static store => store.Flush());
        run.Put("k", 45, Flushed);
        run.DropKeyspace("dogs");
        run.Background(static store => store.Flush());
        run.Commit(Flushed, (null, "l", 700), ("cats", "tom", 701));
        run.Background(static store => store.Compact());
    }

    /// <summary>A memtable fills and its flush is held up; meanwhile commits go to the next log
    /// and are acknowledged from there.</summary>
    private static void Overtake(WorkloadRun run)
    {
        run.Recorder.LetTablesBeMade(false);
        for (int i = 0; i < 5; i++)
            run.Commit(i == 2 ? Synced : Flushed, (null, "big" + i, 17_000), ("cats", "n" + i, 9));
        run.Put("after", 300, Synced);
        run.Commit(Flushed, (null, "after 2", 30), ("cats", "after 2", 800));
        run.Put("after 3", 30, Buffered);
        run.Recorder.LetTablesBeMade(true);
        run.Background(static store => store.WaitForIdle(), isFlush: false);
        run.Put("after 4", 30, Synced);
    }
}
