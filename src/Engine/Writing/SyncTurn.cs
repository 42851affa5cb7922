// Synced commits that are applied and not on disk yet, and whose turn it is to sync. One sync
// serves all that wait when it begins; those that come meanwhile wait for the next.
//
// A thread sleeps once for its commit, until it is on disk, and not first for the group and then
// for the sync: with more writers than cores it is the wakings that cost. The turn is handed to a
// thread that waits, before anybody else is woken, so that the disk is idle for no longer than
// that takes. A lone writer hands itself the turn, and syncs on its own thread.
//
// Who has the turn waits for an eighth of a sync for those of the last round, who were just served
// and mostly come again: writers that commit one after the other share every sync then, and do
// not take turns at it. Nobody else is waited for, and who stays away is waited for once.
//
// Invariants: while somebody waits somebody has the turn. Who gets the turn waits himself, and
// stays among the waiting until he takes them all.
// Threads: Collect and Admit by the leader, before it passes the lead on; Take by the thread of
// the node.

using System.Diagnostics;
using LsmMmap.Engine.Waiting;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Writing;

internal sealed class SyncTurn(WriteQueue queue, Patience patience)
{
    // Of the time that a sync takes.
    private const int LingerPart = 8;

    private static readonly long s_awakeTicksMax = Stopwatch.Frequency / 2_000;
    private static readonly long s_lingerTicksMax = Stopwatch.Frequency / 10_000;

    private readonly Gate _gate = new();
    private readonly List<ThreadNode> _collected = [];
    private List<ThreadNode> _waiting = [];
    private bool _isTaken;
    private int _waitingCount; // of _waiting, for looks without the gate
    private int _expectedCount;
    private long _syncTicks;

    /// <summary>How long it pays to stay awake for a sync: what two take, and not at all on a
    /// disk so slow that the waking is nothing beside it.</summary>
    public long AwakeTicks
    {
        get
        {
            long ticks = Volatile.Read(ref _syncTicks);
            return ticks > s_awakeTicksMax ? 0 : Math.Min(2 * ticks, s_awakeTicksMax);
        }
    }

    private long LingerTicks =>
        Math.Min(Volatile.Read(ref _syncTicks) / LingerPart, s_lingerTicksMax);

    /// <summary>An applied commit of the group, which waits from <see cref="Admit"/> on. Nobody
    /// is woken here: whoever is may use its node again at once, for another commit.</summary>
    public void Collect(ThreadNode node)
    {
        Debug.Assert(node.Durability == Durability.Synced, "only who asked waits");
        node.AwaitsSync = true;
        _collected.Add(node);
    }

    /// <summary>Lets the commits of a group wait. If nobody syncs the turn goes to the first,
    /// which is the leader's own, if that is one.</summary>
    public void Admit()
    {
        if (_collected.Count == 0)
            return;
        ThreadNode? first = null;
        using (_gate.Hold())
        {
            AssertInvariants();
            _waiting.AddRange(_collected);
            Volatile.Write(ref _waitingCount, _waiting.Count);
            if (!_isTaken)
                first = _collected[0];
            _isTaken = true;
            _collected.Clear();
        }
        first?.Sync();
    }

    /// <summary>Syncs for all who wait; the node has been given the turn. The outcome of its own
    /// commit is in it.</summary>
    public void Take(ThreadNode own)
    {
        List<ThreadNode> served = own.Served;
        Debug.Assert(served.Count == 0, "whoever was served is gone");
        patience.Await(ref _waitingCount, _expectedCount, LingerTicks);
        using (_gate.Hold())
        {
            AssertInvariants();
            Debug.Assert(_isTaken && _waiting.Contains(own), "the turn is one's who waits");
            (_waiting, own.Served) = (served, _waiting);
            served = own.Served;
            Volatile.Write(ref _waitingCount, 0);
        }
        long began = Stopwatch.GetTimestamp();
        Exception? error = Sync(served);
        Volatile.Write(ref _syncTicks, Stopwatch.GetTimestamp() - began);
        ThreadNode? next = null;
        using (_gate.Hold())
        {
            AssertInvariants();
            if (_waiting.Count > 0)
                next = _waiting[0];
            _expectedCount = served.Count + _waiting.Count;
            _isTaken = next != null;
        }
        next?.Sync();
        foreach (ThreadNode node in served)
        {
            node.Error = error;
            if (!ReferenceEquals(node, own))
                node.Complete();
        }
        served.Clear();
        if (next == null && error == null)
            queue.NoteSync();
    }

    private Exception? Sync(List<ThreadNode> served)
    {
        try
        {
            LogPosition target = default;
            foreach (ThreadNode node in served)
                target = node.SyncTarget > target ? node.SyncTarget : target;
            queue.Sync(target);
            return null;
        }
        catch (Exception e)
        {
            // Whatever it is: nobody may wait for ever, and no commit may look durable.
            return e as StoreFailedException ?? queue.State.Fail(e);
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_gate.IsHeld, "who waits is under the gate");
        Debug.Assert(_isTaken || _waiting.Count == 0, "while one waits one has the turn");
    }
}
