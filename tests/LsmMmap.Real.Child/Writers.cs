// Several writers on one store, each making its commits in order and reporting each one that was
// acknowledged; beside them a thread that flushes, compacts and makes and drops a keyspace, so that
// a kill falls into those as well.
//
// A writer that is told of a failure tries the same commit again, because the exceptions that are
// not final promise that nothing was written; after three it gives up.
// Threads: one for each writer, one for the maintenance.

namespace LsmMmap.Real.Child;

internal sealed class Writers(string directory, CommitPlan plan, int seed)
{
    private const int AttemptsMax = 3;
    private const int AsyncInFlightMax = 4;

    private LsmStore? _store;
    private Keyspace? _second;
    private volatile bool _stop;

    public static StoreOptions Options(int seed) => new()
    {
        DefaultKeyspace = new KeyspaceOptions
        {
            MemtableBytes = 64 << 10 << (seed & 3),
            TableBytes = 128 << 10,
        },
        MemoryBudgetBytes = 4 << 20,
    };

    /// <summary>Runs to the end, unless it is killed.</summary>
    public int Run(int writers, int commits)
    {
        Report.Line("opening");
        using LsmStore store = LsmStore.Open(directory, Options(seed));
        _store = store;
        _second = store.GetKeyspace(CommitPlan.SecondKeyspace);
        Report.Line("open");
        var threads = new List<Thread>();
        for (int i = 0; i < writers; i++)
        {
            int writer = i;
            threads.Add(new Thread(() => Write(writer, commits)));
        }
        var maintenance = new Thread(Maintain);
        maintenance.Start();
        threads.ForEach(static thread => thread.Start());
        threads.ForEach(static thread => thread.Join());
        _stop = true;
        maintenance.Join();
        return 0;
    }

    private void Write(int writer, int commits)
    {
        var running = new Queue<(int N, WriteBatch Batch, Task<long> Task)>();
        for (int n = 0; n < commits; n++)
        {
            PlannedCommit commit = plan.Commit(writer, n);
            if (commit.Kind == CommitKind.AsyncBatch)
            {
                var batch = new WriteBatch();
                CommitPlan.Fill(batch, commit, _second!);
                Task<long> task = _store!.WriteAsync(batch, commit.Durability).AsTask();
                running.Enqueue((n, batch, task));
                if (running.Count == AsyncInFlightMax)
                    Await(writer, running);
                continue;
            }
            // Not after all of them: a commit of this thread may overtake none of its own, and
            // the call order already says so.
            long sequence = Make(_store!, _second!, commit);
            while (running.Count > 0)
                Await(writer, running);
            Report.Acknowledged(writer, n, sequence);
        }
        while (running.Count > 0)
            Await(writer, running);
    }

    /// <summary>One commit by a call that waits.</summary>
    public static long Make(LsmStore store, Keyspace second, PlannedCommit commit)
    {
        byte[] key = System.Text.Encoding.ASCII.GetBytes(commit.Entries[0].Key);
        switch (commit.Kind)
        {
            case CommitKind.Put:
                return store.Put(key, commit.Entries[0].Value, commit.Durability);
            case CommitKind.Delete:
                return store.Delete(key, commit.Durability);
            default:
                using (var batch = new WriteBatch())
                {
                    CommitPlan.Fill(batch, commit, second);
                    return commit.Kind == CommitKind.Batch
                        ? store.Write(batch, commit.Durability)
                        : store.WriteAsync(batch, commit.Durability).AsTask()
                            .GetAwaiter().GetResult();
                }
        }
    }

    /// <summary>One commit, tried again after a failure that is not final. False when the
    /// writer has to give up.</summary>
    public static bool TryMake(
        LsmStore store, Keyspace second, PlannedCommit commit, int writer, int n)
    {
        for (int attempt = 0; attempt < AttemptsMax; attempt++)
        {
            try
            {
                Report.Acknowledged(writer, n, Make(store, second, commit));
                return true;
            }
            catch (LsmException e)
            {
                Report.Failed($"commit {n}", e);
            }
        }
        return false;
    }

    /// <summary>After a reopening: how many commits of writer 0 are there. The last one, whose call
    /// threw, may be there or not; before it only Buffered ones may be gone, together, because a
    /// store that has failed hands nothing over any more.</summary>
    public static int CountThere(LsmStore store, CommitPlan plan, int made)
    {
        int kept = 0;
        while (kept <= made && IsThere(store, plan.Commit(0, kept).Entries[0]))
            kept++;
        for (int n = kept; n < made; n++)
        {
            if (plan.Commit(0, n).Durability != Durability.Buffered)
                throw new InvalidOperationException($"commit {n} was promised and is lost");
        }
        if (kept < made)
            Report.Line($"lost {kept}");
        return kept;
    }

    private static bool IsThere(LsmStore store, PlannedEntry trace) => trace.Value != null
        == store.ContainsKey(System.Text.Encoding.ASCII.GetBytes(trace.Key));

    private static void Await(
        int writer, Queue<(int N, WriteBatch Batch, Task<long> Task)> running)
    {
        (int n, WriteBatch batch, Task<long> task) = running.Dequeue();
        long sequence = task.GetAwaiter().GetResult();
        batch.Dispose();
        Report.Acknowledged(writer, n, sequence);
    }

    private void Maintain()
    {
        var random = new Random(seed);
        using var pause = new ManualResetEventSlim();
        while (!_stop)
        {
            switch (random.Next(8))
            {
                case 0:
                    _store!.Flush();
                    break;
                case 1:
                    _store!.Compact();
                    break;
                case 2:
                    // It stays empty: what is in it would count among the sequences.
                    _store!.GetKeyspace("passing");
                    _store.DropKeyspace("passing");
                    break;
                case 3:
                    _store!.FlushLog(toDisk: random.Next(2) == 0);
                    break;
                default:
                    pause.Wait(random.Next(1, 12));
                    break;
            }
        }
    }
}
