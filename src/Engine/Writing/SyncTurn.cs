// Synced commits that are applied and not on disk yet, and whose turn it is to sync. One sync
// serves all that wait when it begins; those that come meanwhile wait for the next.
//
// A thread sleeps once for its commit, until it is on disk, and not first for the group and then
// for the sync: with more writers than cores it is the wakings that cost. The turn is handed to a
// thread that waits, before anybody else is woken, so that the disk is idle for no longer than
// that takes. A lone writer hands itself the turn, and syncs on its own thread.
//
// Invariants: while somebody waits somebody has the turn. Who gets the turn waits himself, and
// stays among the waiting until he takes them all.
// Threads: Collect and Admit by the leader, before it passes the lead on; Take by the thread of
// the node.

using System.Diagnostics;
using LsmMmap.Engine.Waiting;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Writing;

internal sealed class SyncTurn(WriteQueue queue)
{
    private readonly Gate _gate = new();
    private readonly List<ThreadNode> _collected = [];
    private List<ThreadNode> _waiting = [];
    private bool _isTaken;

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
        using (_gate.Hold())
        {
            AssertInvariants();
            Debug.Assert(_isTaken && _waiting.Contains(own), "the turn is one's who waits");
            (_waiting, own.Served) = (served, _waiting);
            served = own.Served;
        }
        Exception? error = Sync(served);
        ThreadNode? next = null;
        using (_gate.Hold())
        {
            AssertInvariants();
            if (_waiting.Count > 0)
                next = _waiting[0];
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
