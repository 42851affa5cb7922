// A small run over everything that touches the disk: commits of all kinds, flush, compaction,
// keyspaces, reads in all forms, a reopening. It is what system calls are made to fail under.
//
// An LsmException is reported and the run goes on, the way a program would; anything else ends the
// process by its exception, which the test takes for the fault that it is.
// Threads: one; the store has its own.

namespace LsmMmap.Real.Child;

internal sealed class Steps(string directory, CommitPlan plan)
{
    private const int Commits = 60;
    private const int FlushEvery = 12;

    private int _made;

    public static StoreOptions Options(ReadMode mode = ReadMode.Auto) => new()
    {
        DefaultKeyspace = new KeyspaceOptions { MemtableBytes = 64 << 10, TableBytes = 64 << 10 },
        MemoryBudgetBytes = 1 << 20,
        ReadMode = mode,
    };

    public int Run()
    {
        OpenAndWork(Commits / 2);
        OpenAndWork(Commits);
        Report.Line("done");
        return 0;
    }

    private void OpenAndWork(int until)
    {
        LsmStore? store = null;
        Attempt("open", () => store = LsmStore.Open(directory, Options()));
        if (store == null)
            return;
        Keyspace? second = null;
        Attempt("keyspace", () => second = store.GetKeyspace(CommitPlan.SecondKeyspace));
        bool looked = false;
        Attempt("look", () =>
        {
            _made = Writers.CountThere(store, plan, _made);
            looked = true;
        });
        if (looked && second != null)
            Work(store, second, until);
        Attempt("dispose", store.Dispose);
    }

    private void Work(LsmStore store, Keyspace second, int until)
    {
        for (; _made < until; _made++)
        {
            if (!Writers.TryMake(store, second, plan.Commit(0, _made), 0, _made))
                break;
            if (_made % FlushEvery == FlushEvery - 1)
                Maintain(store);
        }
        Attempt("scan", () => Scan(store, second));
        Attempt("compact", () => store.Compact());
        Attempt("scan again", () => Scan(store, second));
        Attempt("verify", () =>
        {
            // Damage may be reported when a read was made to fail; a crash may not.
            VerifyReport report = store.Verify();
            Report.Line($"damages {report.DamageCount}");
        });
    }

    private void Maintain(LsmStore store)
    {
        Attempt("flush", () => store.Flush());
        Attempt("flush log", () => store.FlushLog());
        Attempt("get", () =>
        {
            for (int n = 0; n <= _made; n++)
            {
                PlannedEntry trace = plan.Commit(0, n).Entries[0];
                byte[]? found = store.Get(System.Text.Encoding.ASCII.GetBytes(trace.Key));
                if (trace.Value != null && !found.AsSpan().SequenceEqual(trace.Value))
                    throw new InvalidOperationException($"commit {n} reads wrong");
            }
        });
        Attempt("passing keyspace", () =>
        {
            store.GetKeyspace("passing");
            store.DropKeyspace("passing");
        });
    }

    private static void Scan(LsmStore store, Keyspace second)
    {
        int entries = 0;
        foreach (KeyValueView view in store.Range(default, default))
            entries += view.Value.Length >= 0 ? 1 : 0;
        using Cursor cursor = second.CreateCursor();
        while (cursor.MovePrevious())
            entries++;
        Report.Line($"entries {entries}");
    }

    private static void Attempt(string step, Action action)
    {
        try
        {
            action();
        }
        catch (LsmException e)
        {
            Report.Failed(step, e);
        }
        catch (KeyNotFoundException) when (step == "passing keyspace")
        {
            // Making it had failed in an earlier round.
        }
    }
}
