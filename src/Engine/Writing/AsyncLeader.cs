// The one background thread behind WriteAsync, started by the first. It leads when a commit
// without a waiting thread is at the head of the queue, and it syncs and completes the Synced
// commits of every group. Never a pool thread: a pool that is busy with the awaiters would keep
// the commits that they wait for from being written.
// Threads: Lead, Add and Wake by the holder of the queue's gate or lead; Run on its own thread.

using System.Diagnostics;
using LsmMmap.Engine.Waiting;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Writing;

internal sealed class AsyncLeader
{
    private readonly WriteQueue _queue;
    private readonly Gate _gate = new();
    private readonly StoreThread _thread;
    private List<AsyncNode> _unsynced = [];
    private List<AsyncNode> _syncing = [];
    private bool _leads;
    private bool _stop;

    public AsyncLeader(WriteQueue queue)
    {
        _queue = queue;
        _thread = StoreThread.Start("LsmMmap async commits", Run);
    }

    /// <summary>The lead is this thread's now.</summary>
    public void Lead()
    {
        using (_gate.Hold())
        {
            AssertInvariants();
            _leads = true;
            _gate.Pulse();
        }
    }

    /// <summary>An applied commit that waits for its sync.</summary>
    public void Add(AsyncNode node)
    {
        using (_gate.Hold())
        {
            AssertInvariants();
            _unsynced.Add(node);
        }
    }

    public void Wake()
    {
        using (_gate.Hold())
        {
            AssertInvariants();
            _gate.Pulse();
        }
    }

    /// <summary>Finishes what was added and ends the thread.</summary>
    public void Stop()
    {
        using (_gate.Hold())
        {
            AssertInvariants();
            _stop = true;
            _gate.Pulse();
        }
        _thread.Join();
    }

    private void Run()
    {
        while (true)
        {
            bool leads;
            using (_gate.Hold())
            {
                AssertInvariants();
                while (!_leads && _unsynced.Count == 0 && !_stop)
                    _gate.Wait();
                leads = _leads;
                if (!leads && _unsynced.Count == 0)
                    return;
                _leads = false;
            }
            if (leads)
                _queue.Lead(null);
            SyncAndComplete();
        }
    }

    private void SyncAndComplete()
    {
        using (_gate.Hold())
        {
            AssertInvariants();
            (_unsynced, _syncing) = (_syncing, _unsynced);
        }
        if (_syncing.Count == 0)
            return;
        Exception? error = null;
        try
        {
            LogPosition target = default;
            foreach (AsyncNode node in _syncing)
                target = node.SyncTarget.CompareTo(target) > 0 ? node.SyncTarget : target;
            _queue.Sync(target);
        }
        catch (LsmException e)
        {
            error = e;
        }
        foreach (AsyncNode node in _syncing)
        {
            node.Error = error;
            node.Complete();
        }
        _syncing.Clear();
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_gate.IsHeld, "what waits is under the gate");
        Debug.Assert(_queue.Log != null, "the queue outlives its thread");
    }
}
