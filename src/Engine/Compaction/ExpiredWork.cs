// Drops tables of which every entry is over (ExpiredTables), and wakes the background threads when
// the next table is due, to be dropped or to be written again (ExpiredPicker).
//
// A drop relies on nothing older being left below. Retention hides tables before the edit that
// removes them is durable; while it does, nothing is dropped here, or a crash between the two edits
// could bring back what the dropped table hid.
// Threads: under the store's lock but for what Next returns, which a background thread runs.

using System.Diagnostics;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Compaction;

internal sealed class ExpiredWork(StoreState state, VersionCommitter committer) : IDisposable
{
    private readonly TimeProvider _clock = state.Services.Options.TimeProvider;
    private readonly WakeTimer _timer = new(state);
    private int _running;

    /// <summary>Whether no drop runs or is due.</summary>
    public bool IsIdle => _running == 0 && !state.Trees.Any(
        tree => ExpiredTables.Due(tree.Version, state.Services.NowMs).Count > 0);

    /// <summary>The next drop; null when none is due. Then the background threads are woken when
    /// one is.</summary>
    public Func<bool>? Next()
    {
        AssertInvariants();
        long nowMs = 0;
        long nextMs = long.MaxValue;
        foreach (KeyspaceTree tree in state.Trees)
        {
            if (!tree.Version.HasExpiring)
                continue;
            nowMs = nowMs == 0 ? state.Services.NowMs : nowMs;
            List<(int Level, Table Table)> due = ExpiredTables.Due(tree.Version, nowMs);
            if (due.Count > 0)
                return Begin(tree, due);
            nextMs = Math.Min(nextMs, ExpiredTables.NextDueMs(tree.Version, nowMs));
        }
        _timer.WakeAt(nextMs);
        return null;
    }

    public void Dispose() => _timer.Dispose();

    private Func<bool> Begin(KeyspaceTree tree, List<(int Level, Table Table)> due)
    {
        foreach ((_, Table table) in due)
            table.IsCompacting = true;
        // Its references keep the tables while they are told of.
        TreeVersion version = tree.Version;
        version.AddReference();
        _running++;
        return () =>
        {
            try
            {
                return Run(tree, due);
            }
            finally
            {
                version.Release();
                using (state.Gate.Hold())
                {
                    foreach ((_, Table table) in due)
                        table.IsCompacting = false;
                    tree.Covered.IsDue |= tree.Covered.IsHeldByWork;
                    tree.Covered.IsHeldByWork = false;
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
        bool done = committer.Commit(tree, edit, () =>
        {
            tree.Install(tree.Version.With(
                new HashSet<Table>(due.Select(static d => d.Table)), []));
            foreach ((_, Table table) in due)
                table.MarkObsolete();
        });
        if (!done)
            return false;
        state.Services.Counters.Expired(due.Sum(static d => d.Table.Info.Expiring.Count));
        state.Events.Add(WorkEvents.OfDrop(
            tree, "every entry is over", due, _clock.GetElapsedTime(start)));
        return true;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(state.Gate.IsHeld, "what runs is under the store's lock");
        Debug.Assert(_running >= 0, "a drop that ends was begun");
    }
}
