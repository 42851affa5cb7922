// An open store, put together: the state and everything that works on it. The roof is a thin
// face over this; what has to happen in which order when a store closes is here.
//
// Threads: any. Calls that are neither reads nor writes are counted, so that closing waits for
// them.

using System.Diagnostics;
using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Lifetimes;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Engine.Waiting;
using LsmMmap.Engine.Writing;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Recovery;

internal sealed class OpenStore
{
    // A store that nobody disposed keeps its mappings: pinned values may point into them.
    private static readonly Gate s_openGate = new(isOfProcess: true);
    private static readonly HashSet<OpenStore> s_open = [];

    private readonly IDisposable? _storeLock;
    private readonly StoreScrub? _scrub;
    private int _calls;
    private bool _closed;
    private bool _released;
    private int _closingThread;

    private OpenStore(
        IDisposable? storeLock, StoreState state, RecoveryReport report, KeyspaceTree defaultTree)
    {
        _storeLock = storeLock;
        State = state;
        Report = report;
        DefaultTree = defaultTree;
        using (s_openGate.Hold())
        {
            AssertOpenInvariants();
            s_open.Add(this);
        }
        _scrub = StoreScrub.Start(state);
    }

    public StoreState State { get; }

    public RecoveryReport Report { get; }

    public KeyspaceTree DefaultTree { get; }

    /// <summary>Null when the store is open read-only, as the two below.</summary>
    public WriteQueue? Queue { get; private init; }

    public VersionCommitter? Committer { get; private init; }

    public BackgroundWork? Background { get; private init; }

    public StoreServices Services => State.Services;

    /// <summary>A store that can be written.</summary>
    public static OpenStore Assemble(
        IDisposable storeLock, StoreServices services, ManifestLog manifest, LogSegments log,
        RecoveryReport report)
    {
        ManifestContents contents = manifest.Contents;
        StoreState state = MakeState(
            services, contents, new Dictionary<int, LiveMemTable>(),
            contents.Numbers.LastSequence, out KeyspaceTree defaultTree);
        var committer = new VersionCommitter(state, manifest, contents.Numbers.NextKeyspaceId);
        committer.AddLog(log.CurrentNumber);
        var queue = new WriteQueue(state, log, defaultTree);
        committer.SyncLog = () =>
        {
            queue.Sync(log.HandedOverThrough(out ulong sequence));
            return sequence;
        };
        committer.CurrentLog = () => log.CurrentNumber;
        log.OnCreated = committer.AddLog;
        var background = new BackgroundWork(state, committer);
        services.Telemetry.Register();
        state.Events.Start();
        background.Start();
        return new OpenStore(storeLock, state, report, defaultTree)
        {
            Queue = queue,
            Committer = committer,
            Background = background,
        };
    }

    /// <summary>A store that is only read, as of now.</summary>
    public static OpenStore AssembleReadOnly(
        StoreServices services, ManifestContents contents, RecoveredStore recovered,
        RecoveryReport report)
    {
        StoreState state = MakeState(
            services, contents, recovered.MemTables, recovered.LastSequence,
            out KeyspaceTree defaultTree);
        services.Telemetry.Register();
        return new OpenStore(null, state, report, defaultTree);
    }

    /// <summary>Begins a call that closing must wait for.</summary>
    public void Enter()
    {
        using (State.Gate.Hold())
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(OpenStore));
            _calls++;
        }
    }

    public void Exit()
    {
        using (State.Gate.Hold())
        {
            Debug.Assert(_calls > 0, "a call that ends was begun");
            _calls--;
            State.Gate.PulseAll();
        }
    }

    /// <summary>Refuses new calls, finishes accepted commits, flushes, marks a clean close, and
    /// releases everything. Throws what kept the last flush from succeeding, after all that.
    /// Whoever comes second waits for the first.</summary>
    public void Close()
    {
        if (!TryBeginClosing())
            return;
        long begun = Services.Telemetry.Now;
        try
        {
            CloseParts();
        }
        finally
        {
            using (State.Gate.Hold())
            {
                _released = true;
                State.Gate.PulseAll();
            }
            Services.Telemetry.Closed(begun);
        }
    }

    /// <summary>False, when the store is closed, or is being closed further up on this very
    /// thread, as by a clock of the caller's, or by a thread that waits for this one, which tells
    /// events.</summary>
    private bool TryBeginClosing()
    {
        using (State.Gate.Hold())
        {
            State.AssertInvariants();
            if (!_closed)
            {
                _closed = true;
                _closingThread = Environment.CurrentManagedThreadId;
                State.LetWritersThrough();
                return true;
            }
            while (!_released && _closingThread != Environment.CurrentManagedThreadId
                && !State.Events.IsTelling)
                State.Gate.Wait();
            return false;
        }
    }

    private void CloseParts()
    {
        _scrub?.Dispose();
        Exception? error = null;
        if (Queue != null)
        {
            Queue.Close();
            // Buffered commits first: they must outlive the process also when the flush fails.
            error = Try(Queue.HandOver);
            // Synced ones that wait for somebody's sync get it whatever becomes of the flush.
            error ??= Try(() => Queue.Sync(Queue.Log.HandedOver));
            error ??= Try(() => Flush(null, CancellationToken.None));
        }
        State.BeginClosing();
        using (State.Gate.Hold())
        {
            while (_calls > 0)
                State.Gate.Wait();
        }
        Background?.Dispose();
        // The mark is the last edit of all, so it comes when nobody else can append one.
        if (Queue != null)
            error ??= Try(MarkClean);
        error ??= Untold();
        State.Events.Stop();
        ReleaseAll();
        if (error != null)
            throw error;
    }

    /// <summary>Freezes memtables, one keyspace's or all, and waits until they are tables. A token
    /// that is cancelled already leaves everything as it is.</summary>
    public void Flush(KeyspaceTree? only, CancellationToken cancellationToken)
    {
        State.ThrowIfNotWritable();
        cancellationToken.ThrowIfCancellationRequested();
        var waiting = new List<(KeyspaceTree Tree, LiveMemTable MemTable)>();
        Queue!.RunAlone(() =>
        {
            State.ThrowIfNotWritable();
            ObjectDisposedException.ThrowIf(only is { IsDropped: true }, typeof(KeyspaceTree));
            Queue.Freeze(only);
            using (State.Gate.Hold())
            {
                foreach (KeyspaceTree tree in State.Trees)
                {
                    if (only == null || ReferenceEquals(tree, only))
                        waiting.AddRange(tree.Frozen.Select(frozen => (tree, frozen)));
                }
            }
        });
        using (State.Gate.Hold())
        {
            State.WaitFor(
                () => waiting.TrueForAll(static w => w.Tree.IsDropped
                    || !w.Tree.Frozen.Contains(w.MemTable)),
                cancellationToken);
        }
    }

    private void MarkClean()
    {
        LogPosition end = Queue!.Log.Finish();
        Committer!.CommitCleanClose(
            new CleanClose(end.LogNumber, end.Offset, State.Published.Sequence));
    }

    /// <summary>A step of closing; a store that has failed before takes none. Returns what went
    /// wrong.</summary>
    private Exception? Try(Action step)
    {
        if (State.Failure != null)
            return null;
        try
        {
            step();
            return null;
        }
        catch (Exception e)
        {
            // Whatever it is: closing goes on, or the directory would stay locked.
            return e;
        }
    }

    /// <summary>The failure of a store that nobody was told of, or that takes Buffered commits
    /// with it: who disposes it must learn that they are lost.</summary>
    private StoreFailedException? Untold()
    {
        Debug.Assert(_calls == 0, "nobody writes any more");
        return State.Failure is { } failure && Queue != null
            && (!State.IsFailureTold || Queue.Log.HasWaitingCommits)
                ? new StoreFailedException(failure.Message, failure.InnerException) : null;
    }

    private void ReleaseAll()
    {
        Debug.Assert(_calls == 0, "nothing runs when the parts are let go");
        Services.Telemetry.Unregister();
        State.Published.Close();
        using (State.Gate.Hold())
        {
            foreach (KeyspaceTree tree in State.Trees)
                tree.ReleaseAll();
        }
        // Views of old read states are let go of by the reclaimer; what is referenced after
        // that, a cursor holds.
        Reclaimer.WaitUntilIdle();
        Services.Tables.OpenForHolders();
        Queue?.Log.Dispose();
        Committer?.Dispose();
        _storeLock?.Dispose();
        using (s_openGate.Hold())
        {
            AssertOpenInvariants();
            s_open.Remove(this);
        }
    }

    [Conditional("DEBUG")]
    private static void AssertOpenInvariants() =>
        Debug.Assert(s_openGate.IsHeld, "the open stores are under their lock");

    private static StoreState MakeState(
        StoreServices services, ManifestContents contents,
        IReadOnlyDictionary<int, LiveMemTable> memTables, ulong sequence,
        out KeyspaceTree defaultTree)
    {
        var state = new StoreState(services, sequence);
        KeyspaceTree? first = null;
        using (state.Gate.Hold())
        {
            foreach (KeyspaceContents keyspace in contents.Keyspaces.Values)
            {
                if (!KeyspaceOptions.TryFromStored(keyspace.Record.Options, out var options))
                    options = services.Options.DefaultKeyspace.WithoutDrops();
                if (!memTables.TryGetValue(keyspace.Record.Id, out LiveMemTable? active))
                    active = new LiveMemTable(keyspace.Record.Id, services.Memory);
                var tree = new KeyspaceTree(
                    state, keyspace.Record, options, state.NextSlot(), active,
                    MakeVersion(services, keyspace));
                state.Add(tree);
                if (keyspace.Record.Id == 0)
                    first = tree;
            }
            state.InstallReadState();
            state.TablesChanged();
        }
        Debug.Assert(first != null, "every store has its default keyspace");
        defaultTree = first;
        return state;
    }

    private static TreeVersion MakeVersion(StoreServices services, KeyspaceContents keyspace)
    {
        var levels = new List<Table>[TreeVersion.LevelCount];
        for (int level = 0; level < levels.Length; level++)
            levels[level] = [];
        foreach ((int level, TableInfo info) in keyspace.Tables.Values)
            levels[level].Add(services.Tables.NewTable(info));
        var version = new TreeVersion(
            [.. levels.Select(static (tables, level) => TreeVersion.Sorted(level, tables))]);
        // The version holds its own references.
        foreach (Table table in version.AllTables())
            table.Release();
        return version;
    }
}
