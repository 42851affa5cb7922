// Group commit. One writer at a time leads: it takes the commits that wait, writes them to the
// log as one record with one write call, applies them to the memtables, publishes the sequence,
// and hands the lead on. One of those that asked for Synced then syncs for all who wait
// (SyncTurn), while the next group is already written.
//
// A commit is visible when its group is published; a Synced one may thus be seen by others a
// moment before it is durable. An uncontended commit stays on its thread and queues nothing.
// Commits of one thread, asynchronous ones too, are applied in call order: the queue is first in,
// first out, and nobody passes a waiting commit.
//
// The lead is the right to touch the log, the memtables and the set of keyspaces. It is held by a
// synchronous writer, by the background thread that WriteAsync starts, or by RunAlone.
//
// Threads: any. The gate guards the queue and the lead; no I/O happens under it.

using System.Diagnostics;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Waiting;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Writing;

internal sealed class WriteQueue
{
    private const int GroupBytesMax = 1 << 20;

    // A group is written and applied in less, as a rule.
    private static readonly long s_groupTicks = Stopwatch.Frequency / 20_000;

    private readonly Gate _gate = new();
    private readonly Patience _patience = new();
    private readonly Queue<CommitNode> _queue = [];
    private readonly List<CommitNode> _group = [];
    private readonly GroupCommit _commit;
    private readonly SyncTurn _syncs;
    private AsyncLeader? _asyncLeader;
    private int _waitingAlone;
    private bool _isLed;
    private bool _isClosed;

    public WriteQueue(StoreState state, LogSegments log, KeyspaceTree defaultTree)
    {
        Log = log;
        State = state;
        _commit = new GroupCommit(state, log, defaultTree);
        _syncs = new SyncTurn(this, _patience);
    }

    public LogSegments Log { get; }

    public StoreState State { get; }

    /// <summary>Commits a batch and returns the sequence of its last entry.</summary>
    public long Commit(BatchBuffer batch, Durability durability)
    {
        ThreadNode node = ThreadNode.Current;
        node.Prepare(batch, durability);
        node.Arm();
        bool leads;
        using (_gate.Hold())
        {
            AssertInvariants();
            ThrowIfClosed();
            leads = !_isLed && _queue.Count == 0 && _waitingAlone == 0;
            if (leads)
                _isLed = true;
            else
                _queue.Enqueue(node);
        }
        Turn turn = leads ? Turn.Lead : WaitForTurn(node);
        if (turn == Turn.Lead)
        {
            Lead(leads ? node : null);
            turn = node.AwaitsSync ? WaitForTurn(node) : Turn.Done;
        }
        if (turn == Turn.Sync)
            _syncs.Take(node);
        if (node.Error is { } error)
            throw Told(Rethrown(error));
        return (long)node.Sequence;
    }

    private Turn WaitForTurn(ThreadNode node) => node.WaitForTurn(
        _patience, node.Durability == Durability.Synced ? _syncs.AwakeTicks : s_groupTicks);

    /// <summary>As Commit, without a waiting thread. <paramref name="onCompleted"/> runs before
    /// the awaiter does, and not at all when this throws.</summary>
    public ValueTask<long> CommitAsync(
        BatchBuffer batch, Durability durability, Action<object> onCompleted,
        object onCompletedState, CancellationToken cancellationToken)
    {
        AsyncNode node = AsyncNode.Rent(State);
        node.Prepare(batch, durability);
        ValueTask<long> task = node.Start(onCompleted, onCompletedState);
        node.WatchFor(cancellationToken);
        try
        {
            Enqueue(node);
        }
        catch (ObjectDisposedException) when (!node.TryTakeBack())
        {
            // The token was faster: the task already says so.
        }
        return task;
    }

    /// <summary>Gives Buffered commits to the operating system.</summary>
    public void HandOver() => RunAlone(HandOverAlone);

    /// <summary>The same with the lead already held.</summary>
    public void HandOverAlone()
    {
        try
        {
            Log.HandOver();
        }
        catch (LsmException e)
        {
            throw State.Fail(e);
        }
    }

    private void Enqueue(AsyncNode node)
    {
        using (_gate.Hold())
        {
            AssertInvariants();
            ThrowIfClosed();
            _asyncLeader ??= new AsyncLeader(this);
            _queue.Enqueue(node);
            if (!_isLed)
                PassLead();
        }
    }

    /// <summary>Runs an action with the lead held: nothing is written meanwhile.</summary>
    public void RunAlone(Action action)
    {
        using (_gate.Hold())
        {
            AssertInvariants();
            _waitingAlone++;
            while (_isLed)
                _gate.Wait();
            _waitingAlone--;
            _isLed = true;
        }
        try
        {
            action();
        }
        finally
        {
            LetGoOfLead();
        }
    }

    private void LetGoOfLead()
    {
        using (_gate.Hold())
        {
            AssertInvariants();
            PassLead();
        }
    }

    /// <summary>Freezes memtables that hold something, one keyspace's or all. By RunAlone.
    /// </summary>
    public void Freeze(KeyspaceTree? only)
    {
        try
        {
            if (only == null)
                _commit.Stall.FreezeAll();
            else
                _commit.Stall.Freeze(only);
        }
        catch (LsmException e) when (!IoFailure.IsExhausted(e) || Log.IsBroken)
        {
            throw State.Fail(e);
        }
    }

    /// <summary>Syncs the log through a position; a failure is final for the store.</summary>
    public void Sync(LogPosition target)
    {
        try
        {
            Log.SyncThrough(target);
        }
        catch (LsmException e)
        {
            throw State.Fail(e);
        }
    }

    /// <summary>After a sync that no commit follows, a small record says up to where the log is
    /// on disk, so that damage to those bytes is told from a torn tail. With others under way the
    /// next record says it.</summary>
    internal void NoteSync()
    {
        using (_gate.Hold())
        {
            AssertInvariants();
            if (_isLed || _queue.Count > 0 || _waitingAlone > 0 || _isClosed)
                return;
            _isLed = true;
        }
        try
        {
            if (State.Failure == null)
                Log.NoteSync();
        }
        catch (LsmException e)
        {
            // The commit itself is on disk; the store is read-only from here on.
            State.Fail(e);
        }
        finally
        {
            LetGoOfLead();
        }
    }

    /// <summary>Refuses new commits and waits until the accepted ones are done.</summary>
    public void Close()
    {
        AsyncLeader? asyncLeader;
        using (_gate.Hold())
        {
            AssertInvariants();
            _isClosed = true;
            while (_isLed || _queue.Count > 0)
                _gate.Wait();
            asyncLeader = _asyncLeader;
        }
        asyncLeader?.Stop();
    }

    /// <summary>Takes commits off the queue as one group, commits them and passes the lead on.
    /// Requires: the lead is held. The own node is the first of the group and not queued.
    /// </summary>
    internal void Lead(CommitNode? own)
    {
        List<CommitNode> group = _group;
        try
        {
            TakeGroup(own, group);
            if (group.Count > 0)
                _commit.Run(group);
        }
        catch (Exception e)
        {
            // No commit may look done that is not.
            foreach (CommitNode node in group)
                node.Error ??= State.Fail(e);
        }
        finally
        {
            CommitGroupDone(own, group);
        }
    }

    private void TakeGroup(CommitNode? own, List<CommitNode> group)
    {
        Debug.Assert(group.Count == 0, "the last group was let go");
        long bytes = 0;
        if (own != null)
        {
            own.TryJoin();
            group.Add(own);
            bytes = own.EntriesBytes;
        }
        using (_gate.Hold())
        {
            AssertInvariants();
            while (_queue.TryPeek(out CommitNode? node))
            {
                if (group.Count > 0 && bytes + node.EntriesBytes > GroupBytesMax)
                    break;
                _queue.Dequeue();
                if (!node.TryJoin())
                    continue;
                group.Add(node);
                bytes += node.EntriesBytes;
            }
        }
    }

    private void CommitGroupDone(CommitNode? own, List<CommitNode> group)
    {
        AsyncLeader? syncs = null;
        foreach (CommitNode node in group)
        {
            bool mustSync = node is { Durability: Durability.Synced, Error: null };
            if (mustSync && node is AsyncNode asyncNode)
                (syncs = _asyncLeader!).Add(asyncNode);
            else if (mustSync)
                _syncs.Collect((ThreadNode)node);
            else if (!ReferenceEquals(node, own))
                node.Complete();
        }
        _syncs.Admit();
        group.Clear();
        using (_gate.Hold())
        {
            AssertInvariants();
            syncs?.Wake();
            PassLead();
        }
    }

    /// <summary>Gives the lead to whoever is at the head of the queue. Under the gate.</summary>
    private void PassLead()
    {
        _isLed = false;
        // A waiting RunAlone goes first, else a steady stream of commits would starve it.
        while (_waitingAlone == 0 && _queue.TryPeek(out CommitNode? head))
        {
            if (head.IsCancelled)
            {
                _queue.Dequeue();
                continue;
            }
            _isLed = true;
            if (head is ThreadNode thread)
                thread.Lead();
            else
                _asyncLeader!.Lead();
            break;
        }
        if (_waitingAlone > 0 || _isClosed)
            _gate.PulseAll();
    }

    private Exception Told(Exception error)
    {
        if (error is StoreFailedException)
            State.FailureTold();
        return error;
    }

    private void ThrowIfClosed()
    {
        ObjectDisposedException.ThrowIf(_isClosed, typeof(WriteQueue));
    }

    /// <summary>The error of a group belongs to several threads; each throws its own.</summary>
    private static Exception Rethrown(Exception error) => error switch
    {
        StoreFailedException failed =>
            new StoreFailedException(failed.Message, failed.InnerException),
        ObjectDisposedException disposed => new ObjectDisposedException(disposed.ObjectName),
        LsmException lsm => new LsmException(lsm.Message, lsm.InnerException),
        _ => error,
    };

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_gate.IsHeld, "queue and lead are under the gate");
        bool waits = false;
        foreach (CommitNode node in _queue)
            waits |= !node.IsCancelled;
        Debug.Assert(
            _isLed || _waitingAlone > 0 || !waits, "a waiting commit always has a leader");
    }
}
