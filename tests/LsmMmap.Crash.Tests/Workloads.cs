// The runs that are cut and failed. Small, because they are cut at every operation; each passes
// what can go wrong somewhere: records of less than a sector and of several pages, batches over
// two keyspaces, the three durabilities, flush, compaction, log rotation with commits on both
// sides while the flush still runs, keyspaces made and dropped, manifests that are replaced for
// their size, commits in flight, commits of several threads, entries that expire and tables that
// are dropped for it, compactions that commit part by part, tables that retention drops, kill,
// clean close and reopening.
// Threads: one each.

using LsmMmap.Testing;

namespace LsmMmap.Crash.Tests;

/// <summary>A run by name, with the options of its store.</summary>
internal sealed record Workload(
    string Name, Action<WorkloadRun> Steps, Func<StoreOptions> Options);

internal static class Workloads
{
    private const Durability Buffered = Durability.Buffered;
    private const Durability Flushed = Durability.Flushed;
    private const Durability Synced = Durability.Synced;

    public static readonly Workload Leveled = new(
        "leveled", Full, static () => WorkloadRun.Options);

    public static readonly Workload Tiered = new("tiered-lz4", Runs, static () => Options(
        CompactionStyle.Tiered, Compression.Lz4, manifestBytes: 2048, threads: 2));

    public static readonly Workload Manifests = new("manifests", Keyspaces, static () => Options(
        CompactionStyle.Leveled, Compression.None, manifestBytes: 1, threads: 1));

    public static readonly Workload Async = new("async", ManyInFlight, static () => Options(
        CompactionStyle.Leveled, Compression.Lz4, manifestBytes: 4096, threads: 1));

    public static readonly Workload Threads = new("threads", SeveralThreads, static () => Options(
        CompactionStyle.Leveled, Compression.None, manifestBytes: 4096, threads: 2));

    public static readonly Workload Killed = new("killed", KilledTwice, static () => Options(
        CompactionStyle.Tiered, Compression.None, manifestBytes: 1024, threads: 1));

    public static readonly Workload Small = new("small", OfEachOne, static () => Options(
        CompactionStyle.Leveled, Compression.None, manifestBytes: 1, threads: 1));

    public static readonly Workload Expiring = new("expiring", Expire, static () => Options(
        CompactionStyle.Leveled, Compression.None, manifestBytes: 2048, threads: 1));

    public static readonly Workload Parts = new("parts", GoDownInParts, static () => Options(
        CompactionStyle.Leveled, Compression.None, manifestBytes: 4096, threads: 1));

    public static readonly Workload Feed = new("feed", DropTheOldest, static () => Options(
        CompactionStyle.Tiered, Compression.None, manifestBytes: 1024, threads: 1));

    public static IReadOnlyList<Workload> All { get; } =
        [Leveled, Tiered, Manifests, Async, Threads, Killed, Small, Expiring, Parts, Feed];

    /// <summary>One of the above, or "random:" and a seed.</summary>
    public static Workload Named(string name) => name.StartsWith(
        "random:", StringComparison.Ordinal)
        ? RandomWorkload.Of(int.Parse(
            name["random:".Length..], System.Globalization.CultureInfo.InvariantCulture))
        : All.Single(workload => workload.Name == name);

    public static StoreOptions Options(
        CompactionStyle style, Compression codec, long manifestBytes, int threads)
    {
        StoreOptions options = WorkloadRun.Options;
        options.BackgroundThreads = threads;
        options.ManifestBytesMax = manifestBytes;
        options.DefaultKeyspace.Compaction = style;
        options.DefaultKeyspace.CompressionPerLevel = [codec];
        return options;
    }

    /// <summary>Three openings.</summary>
    private static void Full(WorkloadRun run)
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
        run.Commit(Flushed, (null, "i", 1300), ("cats", "grey", 1300), ("cats", "t", -1));
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

    /// <summary>Enough flushes for two merges of runs by themselves, of blocks that shrink.
    /// </summary>
    private static void Runs(WorkloadRun run)
    {
        run.Open();
        run.MakeKeyspace("cats");
        for (int i = 0; i < 9; i++)
        {
            run.Commit(
                Flushed, (null, "k" + i, 3000), (null, "k" + (i / 2), 700), ("cats", "c", i));
            if (i % 3 == 1)
                run.Put("synced", 40 + i, Synced);
            if (i % 4 == 2)
                run.Commit(Flushed, (null, "k" + (i / 4), -1), ("cats", "", -1));
            run.Background(static store => store.Flush());
        }
        run.Background(static store => store.WaitForIdle(), isFlush: false);
        run.Kill();
        run.Open();
        run.Commit(Buffered, (null, "k1", 0), ("cats", "d", 2000), (null, "k", -1));
        Overtake(run);
        run.Background(static store => store.Compact());
        run.Put("end", 10, Flushed);
        run.Close();
    }

    /// <summary>Many edits, so that the manifest is replaced often; a keyspace's name comes back
    /// under a new id with other content.</summary>
    private static void Keyspaces(WorkloadRun run)
    {
        run.Open();
        for (int i = 0; i < 4; i++)
        {
            run.MakeKeyspace("again");
            run.Commit(i % 2 == 0 ? Flushed : Synced, ("again", "x" + i, 100 + i), (null, "n", i));
            if (i == 2)
                run.Background(static store => store.Flush());
            run.MakeKeyspace("other" + i);
            run.Commit(Buffered, ("other" + i, "y", 900), ("again", "z", 20));
            run.DropKeyspace("again");
            if (i == 1)
            {
                run.Close();
                run.Open();
            }
        }
        run.MakeKeyspace("again");
        run.Commit(Flushed, ("again", "last", 70));
        run.DropKeyspace("other1");
        run.Background(static store => store.Compact());
        run.Kill();
        run.Open();
        run.Commit(Synced, ("again", "after", 70), ("other3", "y", 0));
        run.Close();
    }

    private static void ManyInFlight(WorkloadRun run)
    {
        run.Open();
        run.InFlight(12, Seeds.Base);
        run.Put("between", 50, Flushed);
        run.InFlight(8, Seeds.Base + 1);
        run.Background(static store => store.Flush());
        run.InFlight(16, Seeds.Base + 2);
        run.Close();
        run.Open();
        run.InFlight(10, Seeds.Base + 3);
        run.Put("big", 66_000, Buffered);
        run.InFlight(10, Seeds.Base + 4);
        run.Background(static store => store.WaitForIdle(), isFlush: false);
        run.Put("end", 10, Synced);
        run.Close();
    }

    private static void SeveralThreads(WorkloadRun run)
    {
        run.Open();
        run.Together(3, 10, Seeds.Base);
        run.MakeKeyspace("cats");
        run.Commit(Flushed, ("cats", "tom", 30), (null, "big", 66_000));
        run.Together(4, 8, Seeds.Base + 10);
        run.Background(static store => store.Flush());
        run.Put("big", 66_000, Buffered);
        run.Together(2, 12, Seeds.Base + 20);
        run.Close();
    }

    /// <summary>Each process ends in the middle of something, and the next one works on.</summary>
    private static void KilledTwice(WorkloadRun run)
    {
        run.Open();
        run.Put("a", 700, Synced);
        run.Put("b", 30, Flushed);
        run.Put("gone", 30, Buffered);
        run.Kill();
        run.Open();
        run.MakeKeyspace("cats");
        run.Commit(Flushed, ("cats", "tom", 600), (null, "a", 0));
        run.Background(static store => store.Flush());
        for (int i = 0; i < 3; i++)
            run.Commit(i == 1 ? Synced : Flushed, (null, "big" + i, 30_000), ("cats", "n", 9));
        run.Put("gone too", 30, Buffered);
        run.Kill();
        run.Open();
        run.Kill();
        run.Open();
        run.Put("c", 5000, Synced);
        run.DropKeyspace("cats");
        run.Put("d", 30, Flushed);
        run.Kill();
        run.Open();
        run.MakeKeyspace("cats");
        run.Commit(Synced, ("cats", "kitty", 60));
        run.Put("e", 60, Flushed);
        run.Close();
    }

    /// <summary>Tables that are wholly over at the bottom, over others, and together with those;
    /// tables that are half over; under each of them an older version that must stay hidden.
    /// </summary>
    private static void Expire(WorkloadRun run)
    {
        run.Open();
        run.MakeKeyspace("cats");
        for (int i = 0; i < 3; i++)
        {
            run.Commit(Flushed, (null, "a", 900), (null, "b", 30), ("cats", "tom", 700));
            run.Background(static store => store.Flush());
            // Two commits in a row: one of them deletes, the other puts what expires.
            for (int n = 0; n < 2; n++)
                run.Commit(Flushed, (null, "a", 0), (null, "b", 0), ("cats", "tom", 0));
            run.Commit(Synced, ("cats", "felix", 20 + i), ("cats", "grey", 0));
            run.Background(
                i == 1 ? static store => store.Compact() : static store => store.Flush());
            run.TimePasses();
            run.Background(static store => store.WaitForIdle(), isFlush: false);
            if (i == 1)
                run.Kill();
            else
                run.Close();
            run.Open();
        }
        run.Commit(Synced, (null, "c", 60), ("cats", "felix", 0));
        run.Background(static store => store.Compact());
        run.TimePasses();
        run.Background(static store => store.WaitForIdle(), isFlush: false);
        run.Put("end", 10, Flushed);
        run.Close();
    }

    /// <summary>Large values, so that level 0 and the last level are several tables each.
    /// </summary>
    private static void GoDownInParts(WorkloadRun run)
    {
        run.Open();
        for (int i = 0; i < 50; i++)
            run.Put($"{i:00}", 9_000, Buffered);
        run.Background(static store => store.Compact());
        for (int round = 0; round < 2; round++)
        {
            for (int i = 1 + round; i < 50; i += 7)
                run.Commit(Flushed, (null, $"{i:00}", 5_000), (null, $"{i - 1:00}", 0));
            run.Commit(Synced, (null, $"{2 + round}", -1), (null, "new", 700));
            run.Background(static store => store.Flush());
            run.Put($"{20 + round}", 100, Buffered);
            run.Background(static store => store.Compact());
            run.Put($"{40 + round}", 100, Flushed);
            if (round == 0)
                run.Close();
            else
                run.Kill();
            run.Open();
        }
        run.Put("end", 10, Synced);
        run.Close();
    }

    /// <summary>Retention drops tables of one keyspace while another is flushed beside it.
    /// </summary>
    private static void DropTheOldest(WorkloadRun run)
    {
        run.Open();
        run.MakeFeed();
        for (int i = 0; i < 9; i++)
        {
            if (run.NextFeedKey() is { } key)
                run.Commit(
                    i % 3 == 0 ? Synced : Flushed, (StoreContent.Feed, key, 7_000 * (1 + i % 4)),
                    (null, "k" + (i % 2), 600));
            run.Put("buffered", 30 + i, Buffered);
            if (i % 4 != 2)
                run.Background(static store => store.Flush());
            if (i is not (4 or 6))
                continue;
            // A fault that hits a drop is told to somebody before the process ends: when nothing
            // runs any more the store knows of it, and the next write throws.
            run.Background(static store => store.WaitForIdle(), isFlush: false);
            run.Put("before the end", 20 + i, Flushed);
            if (i == 4)
                run.Kill();
            else
                run.Close();
            run.Open();
        }
        run.Background(static store => store.WaitForIdle(), isFlush: false);
        run.Put("end", 10, Flushed);
        run.Background(static store => store.Compact());
        run.Close();
    }

    /// <summary>Short, and yet every place in the engine that touches a file.</summary>
    private static void OfEachOne(WorkloadRun run)
    {
        run.Open();
        run.MakeKeyspace("cats");
        run.Commit(Flushed, (null, "a", 30), ("cats", "tom", 700));
        run.Put("b", 40, Synced);
        run.Background(static store => store.Flush());
        run.Put("b", 41, Buffered);
        run.InFlight(4, Seeds.Base);
        run.Background(static store => store.Compact());
        run.Put("c", 42, Flushed);
        run.Kill();
        run.Open();
        run.DropKeyspace("cats");
        run.Put("d", 43, Synced);
        run.Close();
        run.Open();
        run.Put("e", 44, Buffered);
        run.Close();
    }
}
