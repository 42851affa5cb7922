// The one lock of a store and every field it guards: the keyspaces, the snapshots, the current
// read state, the first failure, and what background work waits for. The lock is held for
// moments only and never during I/O.
//
// Order of locks: the write leadership, then the manifest lock (held during I/O), then this one.
// Readers take none of them.
//
// The store fails for good with the first error of a live log, a manifest, CURRENT or a directory
// sync: reads go on, everything else throws it, and nothing that an edit or log names is unlinked.
// Threads: any.

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.Snapshots;
using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.State;

internal sealed class StoreState
{
    private readonly Dictionary<string, KeyspaceTree> _byName = new(StringComparer.Ordinal);
    private readonly List<KeyspaceTree?> _slots = [];
    private StoreFailedException? _failure;
    private Exception? _pauseCause;
    private LsmException? _compactionPause;
    private bool _closing;
    private bool _holdsWriters = true;
    private bool _isFailureTold;
    private int _isPauseTold;

    public StoreState(StoreServices services, ulong sequence)
    {
        Services = services;
        Published = new PublishedState(new ReadState([]), sequence);
        Events = new EventLog(services);
    }

    /// <summary>The lock. Waiters on it are woken whenever something they may wait for
    /// changed.</summary>
    public Gate Gate { get; } = new();

    public StoreServices Services { get; }

    public PublishedState Published { get; }

    public EventLog Events { get; }

    public SnapshotList Snapshots { get; } = new();

    /// <summary>Every keyspace; a struct to enumerate, because the write path does.</summary>
    public Dictionary<string, KeyspaceTree>.ValueCollection Trees => _byName.Values;

    /// <summary>The first failed write or sync; from then on the store only reads.</summary>
    public StoreFailedException? Failure => Volatile.Read(ref _failure);

    /// <summary>Whether a caller has got the failure as an exception.</summary>
    public bool IsFailureTold => Volatile.Read(ref _isFailureTold);

    public bool IsClosing => Volatile.Read(ref _closing);

    /// <summary>Whether writers wait for background work that is behind. Not from the moment that
    /// closing begins: it waits for accepted commits, and flushes them whatever is owed.</summary>
    public bool HoldsWriters => Volatile.Read(ref _holdsWriters);

    /// <summary>Why background work waits (the disk is full); null when it does not.</summary>
    public Exception? PauseCause => Volatile.Read(ref _pauseCause);

    /// <summary>Why no compaction begins (too little space is free); null when some may.
    /// </summary>
    public LsmException? CompactionPause => Volatile.Read(ref _compactionPause);

    public KeyspaceTree? Find(string name)
    {
        AssertInvariants();
        return _byName.GetValueOrDefault(name);
    }

    /// <summary>The slot that the next keyspace will take.</summary>
    public int NextSlot()
    {
        AssertInvariants();
        int free = _slots.IndexOf(null);
        return free >= 0 ? free : _slots.Count;
    }

    public void Add(KeyspaceTree tree)
    {
        AssertInvariants();
        Debug.Assert(ReferenceEquals(tree.Store, this), "a keyspace belongs to one store");
        _byName.Add(tree.Name, tree);
        if (tree.Slot == _slots.Count)
            _slots.Add(tree);
        else
            _slots[tree.Slot] = tree;
    }

    /// <summary>Takes a keyspace out; its parts die when their readers are gone.</summary>
    public void Remove(KeyspaceTree tree)
    {
        AssertInvariants();
        Debug.Assert(tree.Id != 0, "the default keyspace is never dropped");
        tree.MarkDropped();
        _byName.Remove(tree.Name);
        _slots[tree.Slot] = null;
        InstallReadState();
        tree.ReleaseAll();
    }

    /// <summary>Shows readers the trees as they are now.</summary>
    public void InstallReadState()
    {
        AssertInvariants();
        ReadOnlySpan<TreeView?> before = Published.Current.Views;
        var views = new TreeView?[_slots.Count];
        for (int i = 0; i < views.Length; i++)
        {
            if (_slots[i] is not { } tree)
                continue;
            TreeView? old = i < before.Length ? before[i] : null;
            if (old != null && Shows(old, tree))
            {
                old.AddReference();
                views[i] = old;
            }
            else
            {
                views[i] = tree.MakeView();
            }
        }
        Published.Install(new ReadState(views));
        Gate.PulseAll();
    }

    /// <summary>Live table bytes decide the read mode anew.</summary>
    public void TablesChanged()
    {
        AssertInvariants();
        Services.Tables.Decide(_byName.Values.Sum(static tree => tree.Version.TableBytes));
    }

    /// <summary>The oldest log that any keyspace still needs, at most the current one.</summary>
    public long OldestLog(long currentLog, LiveMemTable? except = null)
    {
        AssertInvariants();
        long oldest = currentLog;
        foreach (KeyspaceTree tree in _byName.Values)
            oldest = Math.Min(oldest, tree.OldestLog(except));
        return oldest;
    }

    /// <summary>Makes the store read-only for good. The first failure stays.</summary>
    public StoreFailedException Fail(Exception cause)
    {
        bool isFirst;
        using (Gate.Hold())
        {
            isFirst = _failure == null;
            _failure ??= cause as StoreFailedException ?? new StoreFailedException(
                "the store is read-only until it is reopened, because a write failed: "
                + cause.Message, cause);
            Services.Tables.StopUnlinking();
            Gate.PulseAll();
        }
        if (isFirst)
            Tell(StoreEventKind.Failure, _failure);
        return _failure;
    }

    /// <summary>A caller is about to get the failure as an exception.</summary>
    public void FailureTold()
    {
        Debug.Assert(Failure != null, "only what happened is told");
        Volatile.Write(ref _isFailureTold, true);
    }

    /// <summary>Makes the names of new files durable. A failure is final for the store.
    /// </summary>
    public void SyncDirectory()
    {
        Debug.Assert(!Gate.IsHeld, "no I/O under the store's lock");
        ThrowIfNotWritable();
        try
        {
            Services.Names.Run();
        }
        catch (LsmException e)
        {
            throw Fail(e);
        }
    }

    /// <summary>Background work waits for space, or goes on (null).</summary>
    public void Pause(Exception? cause)
    {
        using (Gate.Hold())
        {
            AssertInvariants();
            Volatile.Write(ref _pauseCause, cause);
            Gate.PulseAll();
        }
        // Being tried again every half second is no news.
        if (cause != null && Interlocked.Exchange(ref _isPauseTold, 1) == 0)
            Tell(StoreEventKind.Pause, cause);
    }

    /// <summary>Background work has succeeded; tells so if it was told that it waits.</summary>
    public void PauseIsOver()
    {
        if (Volatile.Read(ref _isPauseTold) != 0 && Interlocked.Exchange(ref _isPauseTold, 0) != 0)
            Tell(StoreEventKind.Resume, null);
    }

    /// <summary>No compaction begins for want of space, or some may (null). Requires: the lock
    /// is held.</summary>
    public void PauseCompaction(LsmException? cause)
    {
        AssertInvariants();
        bool wasPaused = _compactionPause != null;
        Volatile.Write(ref _compactionPause, cause);
        if (wasPaused == (cause != null))
            return;
        Tell(cause == null ? StoreEventKind.Resume : StoreEventKind.Pause, cause);
        Gate.PulseAll();
    }

    /// <summary>Throws what a caller who waits for a compaction must know.</summary>
    public void ThrowIfCompactionPaused()
    {
        if (CompactionPause is { } cause)
            throw new LsmException("background work is paused: " + cause.Message, cause);
    }

    /// <summary>Nobody is held back from now on. Requires: the lock is held.</summary>
    public void LetWritersThrough()
    {
        AssertInvariants();
        Volatile.Write(ref _holdsWriters, false);
        Gate.PulseAll();
    }

    public void BeginClosing()
    {
        using (Gate.Hold())
        {
            AssertInvariants();
            Volatile.Write(ref _closing, true);
            Gate.PulseAll();
        }
    }

    /// <summary>Throws when nothing may be written any more.</summary>
    public void ThrowIfNotWritable()
    {
        if (Failure is { } failure)
            ThrowFailed(failure);
    }

    /// <summary>Waits on the lock until the condition holds. Requires: the lock is held.
    /// Throws on failure, and while background work is paused for want of space.</summary>
    public void WaitFor(Func<bool> condition, CancellationToken cancellationToken)
    {
        AssertInvariants();
        CancellationTokenRegistration registration = cancellationToken.Register(() =>
        {
            using (Gate.Hold())
                Gate.PulseAll();
        });
        try
        {
            while (!condition())
            {
                ThrowIfNotWritable();
                cancellationToken.ThrowIfCancellationRequested();
                if (PauseCause is { } cause)
                    throw new LsmException("background work is paused: " + cause.Message, cause);
                Gate.Wait();
            }
        }
        finally
        {
            // Not Dispose, which would wait for a callback that waits for the lock held here.
            registration.Unregister();
        }
    }

    [Conditional("DEBUG")]
    public void AssertInvariants()
    {
        Debug.Assert(Gate.IsHeld, "the store's state is under its lock");
        int count = 0;
        foreach (KeyspaceTree? tree in _slots)
            count += tree != null ? 1 : 0;
        Debug.Assert(_byName.Count == count, "every keyspace has one slot");
        foreach (KeyspaceTree tree in _byName.Values)
            Debug.Assert(ReferenceEquals(_slots[tree.Slot], tree), "a keyspace has its slot");
    }

    private void Tell(StoreEventKind kind, Exception? error) => Events.Add(new StoreEvent
    {
        Kind = kind,
        Reason = error?.Message ?? "background work goes on",
        Error = error,
    });

    [DoesNotReturn]
    private static void ThrowFailed(StoreFailedException failure) =>
        throw new StoreFailedException(failure.Message, failure.InnerException);

    private static bool Shows(TreeView view, KeyspaceTree tree) =>
        view.KeyspaceId == tree.Id
        && ReferenceEquals(view.Active, tree.Active)
        && ReferenceEquals(view.Version, tree.Version)
        && view.Frozen.Length == tree.Frozen.Count;
}
