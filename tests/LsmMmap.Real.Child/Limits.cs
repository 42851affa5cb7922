// Children that run out of something: of files (a limit set in the middle of the run), of mappings
// (the store's own cap, lowered). They report what failed and end with everything given back.
// Threads: one; the store has its own.

using System.Globalization;

namespace LsmMmap.Real.Child;

internal sealed class Limits(string directory, CommitPlan plan)
{
    private const int CommitsBefore = 40;
    private const int CommitsStarved = 80;
    private const int CommitsAll = 110;
    private const int TablesMapped = 3;
    private const int TablesMade = 12;

    private LsmStore? _store;
    private Keyspace? _second;
    private int _made;

    /// <summary>Commits, then goes on while no file can be opened, then with the limit lifted,
    /// in the same store when it still takes writes and in a new opening when not.</summary>
    public int RunOutOfFiles()
    {
        _store = LsmStore.Open(directory, Steps.Options());
        _second = _store.GetKeyspace(CommitPlan.SecondKeyspace);
        Write(CommitsBefore);
        _store.Flush();
        LoadEverything();
        // No table has been opened yet for reading, so that reads fail as well.
        ulong limit = NativeCalls.SetFilesMax(NextDescriptor());
        Write(CommitsStarved);
        Attempt("flush", () => _store.Flush());
        Attempt("compact", () => _store.Compact());
        Attempt("read", ReadAll);
        Attempt("second open", () => LsmStore.OpenReadOnly(directory).Dispose());
        NativeCalls.SetFilesMax(limit);
        Report.Line("lifted");
        ReadAll();
        if (!TryGoOn())
        {
            Attempt("dispose", _store.Dispose);
            _store = LsmStore.Open(directory, Steps.Options());
            _second = _store.GetKeyspace(CommitPlan.SecondKeyspace);
            Report.Line("reopened");
            _made = Writers.CountThere(_store, plan, _made);
            Write(CommitsAll);
        }
        ReadAll();
        _store.Compact();
        ReadAll();
        Report.Line($"damages {_store.Verify().DamageCount}");
        _store.Dispose();
        Report.Line("done");
        return 0;
    }

    /// <summary>More tables than may be mapped: the others are read by copying.</summary>
    public static int RunOutOfMappings(string directory)
    {
        Engine.Versions.TableSet.SetMappingsMax(TablesMapped);
        var options = new StoreOptions
        {
            ReadMode = ReadMode.Direct,
            // Nothing is compacted while there are less than so many tables on level 0.
            DefaultKeyspace = new KeyspaceOptions { Compaction = CompactionStyle.Tiered },
        };
        using (LsmStore store = LsmStore.Open(directory, options))
        {
            var spaces = new List<Keyspace>();
            for (int i = 0; i < TablesMade; i++)
            {
                Keyspace space = store.GetKeyspace($"space {i}");
                spaces.Add(space);
                space.Put("key", i.ToString(CultureInfo.InvariantCulture));
            }
            store.Flush();
            int right = 0;
            for (int i = 0; i < TablesMade; i++)
            {
                if (spaces[i].GetString("key") == i.ToString(CultureInfo.InvariantCulture))
                    right++;
            }
            Report.Line($"right {right} of {TablesMade}");
            Report.Line($"mapped {Mappings()} of {TablesMapped}");
            foreach (string name in store.KeyspaceNames.Where(n => n != "default"))
                store.DropKeyspace(name);
            Engine.Lifetimes.Reclaimer.WaitUntilIdle();
            Report.Line($"mapped after {Mappings()}");
        }
        return 0;
    }

    private static int Mappings() => File.ReadLines("/proc/self/maps")
        .Count(static line => line.Contains(".sst", StringComparison.Ordinal));

    // A new descriptor gets the lowest free number, and that is what the limit is compared with:
    // whoever opens a file gets this number now and would get it next.
    private static ulong NextDescriptor()
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle next = File.OpenHandle("/dev/null");
        return (ulong)next.DangerousGetHandle();
    }

    // The runtime ends a process that cannot open the file of an assembly that it needs now.
    private static void LoadEverything()
    {
        string all = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        foreach (string path in all.Split(Path.PathSeparator))
        {
            if (path.EndsWith(".dll", StringComparison.Ordinal))
                System.Reflection.Assembly.Load(Path.GetFileNameWithoutExtension(path));
        }
        FillThreadPool();
        // Texts of errors, and what is needed to throw them, come into being at the first.
        Attempt("warming up", static () => LsmStore.OpenReadOnly("/proc/self/x"));
    }

    /// <summary>A new thread of the runtime's pool needs a pipe; without one the pool ends the
    /// whole process, whatever runs in it. So the threads are there before.</summary>
    private static void FillThreadPool()
    {
        const int Threads = 12;
        ThreadPool.SetMinThreads(Threads, Threads);
        using var all = new CountdownEvent(Threads);
        for (int i = 0; i < Threads; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                _ =>
                {
                    all.Signal();
                    all.Wait();
                },
                null);
        }
        all.Wait();
    }

    private void Write(int until)
    {
        while (_made < until && Writers.TryMake(_store!, _second!, plan.Commit(0, _made), 0, _made))
            _made++;
    }

    private bool TryGoOn()
    {
        int before = _made;
        Write(CommitsAll);
        return _made > before && _made == CommitsAll;
    }

    private void ReadAll()
    {
        for (int n = 0; n < _made; n++)
        {
            PlannedEntry trace = plan.Commit(0, n).Entries[0];
            byte[]? found = _store!.Get(System.Text.Encoding.ASCII.GetBytes(trace.Key));
            if (trace.Value != null && !found.AsSpan().SequenceEqual(trace.Value))
                throw new InvalidOperationException($"commit {n} reads wrong");
        }
        using Cursor cursor = _store!.CreateCursor();
        int entries = 0;
        while (cursor.MoveNext())
            entries++;
        Report.Line($"entries {entries}");
    }

    private static void Attempt(string step, Action action)
    {
        try
        {
            action();
            Report.Line($"went well: {step}");
        }
        catch (LsmException e)
        {
            Report.Failed(step, e);
        }
        catch (FileNotFoundException)
        {
            Report.Line($"no store: {step}");
        }
    }
}
