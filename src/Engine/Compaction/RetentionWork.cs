// Drops what retention says, one keyspace after the other, and wakes the background threads when
// the next table gets too old.
//
// Here readers are shown the new version before the edit is durable, the other way round than
// everywhere else: in the hold of the lock in which no snapshot was seen to need the tables. A
// snapshot made later never knew them. If the edit then fails, the store has failed, and the next
// opening shows the tables again; they were the oldest, so nothing older comes back with them.
// The files go when the edit is durable and no reader holds them.
//
// Threads: under the store's lock but for what Next returns, which a background thread runs.

using System.Diagnostics;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Compaction;

internal sealed class RetentionWork(StoreState state, VersionCommitter committer) : IDisposable
{
    private readonly TimeProvider _clock = state.Services.Options.TimeProvider;
    private readonly WakeTimer _timer = new(state);
    private int _running;

    /// <summary>Whether a drop runs that readers see already and no edit may say yet.</summary>
    public bool IsRunning => _running > 0;

    /// <summary>Whether no drop runs or is due.</summary>
    public bool IsIdle => _running == 0 && !state.Trees.Any(tree => Due(tree).Count > 0);

    /// <summary>The next drop, taken out of its keyspace's version already; null when none is
    /// due. Then the background threads are woken when one is.</summary>
    public Func<bool>? Next()
    {
        // One at a time: the edits must become durable in the order in which tables went.
        if (_running > 0)
            return null;
        long expiryMs = long.MaxValue;
        foreach (KeyspaceTree tree in state.Trees)
        {
            if (tree.Options.Retention is not { } retention)
                continue;
            List<(int Level, Table Table)> due = Due(tree);
            if (due.Count > 0)
                return Begin(tree, due);
            expiryMs = Math.Min(expiryMs, RetentionLimit.NextExpiryMs(tree.Version, retention));
        }
        _timer.WakeAt(expiryMs);
        return null;
    }

    public void Dispose() => _timer.Dispose();

    private List<(int Level, Table Table)> Due(KeyspaceTree tree) =>
        tree.Options.Retention is { } retention
            ? RetentionLimit.Due(
                tree.Version, retention, state.Services.NowMs, state.Snapshots.ToArray())
            : [];

    private Func<bool> Begin(KeyspaceTree tree, List<(int Level, Table Table)> due)
    {
        AssertInvariants();
        // Its references keep the tables from being reclaimed before they are obsolete.
        TreeVersion before = tree.Version;
        before.AddReference();
        tree.Install(before.With(
            new HashSet<Table>(due.Select(static d => d.Table)), Array.Empty<(int, Table)>()));
        state.InstallReadState();
        state.TablesChanged();
        _running++;
        return () =>
        {
            try
            {
                return Run(tree, due);
            }
            finally
            {
                before.Release();
                using (state.Gate.Hold())
                {
                    _running--;
                    AssertInvariants();
                    state.Gate.PulseAll();
                }
            }
        };
    }

    private bool Run(KeyspaceTree tree, List<(int Level, Table Table)> due)
    {
        long start = _clock.GetTimestamp();
        var edit = new VersionEdit();
        edit.Remove(tree.Id, due);
        bool done = Commit(tree, edit);
        // A keyspace that was dropped meanwhile took only those along that it still had.
        foreach ((_, Table table) in due)
            table.MarkObsolete();
        if (!done)
            return false;
        StoreEvent happened = WorkEvents.OfDrop(
            tree, tree.Options.Retention is { } kept ? WorkEvents.Words(kept) : "retention", due,
            _clock.GetElapsedTime(start));
        state.Services.Counters.Dropped(happened.BytesDropped);
        state.Events.Add(happened);
        return true;
    }

    /// <summary>The tables are gone from sight already, so there is no going back.</summary>
    private bool Commit(KeyspaceTree tree, VersionEdit edit)
    {
        try
        {
            return committer.Commit(tree, edit, static () => { });
        }
        catch (Exception e) when (e is not StoreFailedException)
        {
            throw state.Fail(e);
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(state.Gate.IsHeld, "what runs is under the store's lock");
        Debug.Assert(_running >= 0, "a drop that ends was begun");
    }
}
