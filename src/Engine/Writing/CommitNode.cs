// One commit that waits for its turn: a batch, its durability, and how its writer learns the
// outcome. A synchronous writer owns one node per thread and sleeps on it; a WriteAsync has a
// pooled node that completes a ValueTask.
//
// States: Queued -> Joined (the leader has taken it) -> done; Queued -> Cancelled. The two ways
// out of Queued exclude each other by compare-and-swap, so a cancelled commit leaves no trace and
// a joined one can no longer be cancelled.
// Threads: fields are the owner's before it is queued and the leader's until it is done.

using System.Diagnostics;
using LsmMmap.Engine.Waiting;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Writing;

internal abstract class CommitNode
{
    private const int Queued = 0;
    private const int Joined = 1;
    private const int Cancelled = 2;

    private int _state;

    public BatchBuffer Batch { get; private set; } = null!;

    /// <summary>Encoded bytes of the batch. Kept here because the batch itself is its owner's
    /// again at the moment a cancellation wins.</summary>
    public int EntriesBytes { get; private set; }

    public Durability Durability { get; private set; }

    /// <summary>Up to where the log must be synced for the commit to be on disk.</summary>
    public LogPosition SyncTarget { get; set; }

    /// <summary>The outcome: the sequence of the commit's last entry.</summary>
    public ulong Sequence { get; set; }

    /// <summary>The outcome when it is not a sequence.</summary>
    public Exception? Error { get; set; }

    public bool IsCancelled => Volatile.Read(ref _state) == Cancelled;

    public void Prepare(BatchBuffer batch, Durability durability)
    {
        Batch = batch;
        EntriesBytes = batch.Entries.Length;
        Durability = durability;
        Sequence = 0;
        Error = null;
        Volatile.Write(ref _state, Queued);
    }

    /// <summary>By the leader: false when the commit was cancelled first.</summary>
    public bool TryJoin()
    {
        SchedulePoint.Reach("join");
        return Interlocked.CompareExchange(ref _state, Joined, Queued) == Queued;
    }

    /// <summary>By a cancellation: false when the commit is on its way.</summary>
    public bool TryCancel()
    {
        SchedulePoint.Reach("cancel");
        return Interlocked.CompareExchange(ref _state, Cancelled, Queued) == Queued;
    }

    /// <summary>The commit has the durability asked for, or has failed.</summary>
    public abstract void Complete();
}

/// <summary>What a thread that waits for its commit is woken for.</summary>
internal enum Turn
{
    None,

    /// <summary>It leads: its commit is at the head of the queue.</summary>
    Lead,

    /// <summary>It syncs, for itself and all who wait for that.</summary>
    Sync,

    /// <summary>The commit is what it is to be, or has failed.</summary>
    Done,
}

/// <summary>The node of a thread that waits for its commit.</summary>
internal sealed class ThreadNode : CommitNode
{
    [ThreadStatic]
    private static ThreadNode? t_current;

    private readonly Gate _gate = new();

    // A Turn; an int because others look at it without the gate.
    private int _turn;

    /// <summary>The node of the calling thread; a thread makes one commit at a time.</summary>
    public static ThreadNode Current => t_current ??= new ThreadNode();

    /// <summary>Whether the leader has put it among those who wait for a sync.</summary>
    public bool AwaitsSync { get; set; }

    /// <summary>Room for those whom the thread syncs for; empty between its turns.</summary>
    public List<ThreadNode> Served { get; set; } = [];

    public void Arm()
    {
        _turn = (int)Turn.None;
        AwaitsSync = false;
    }

    /// <summary>Waits until there is something to do, and takes that as begun: awake for so
    /// long, and then asleep.</summary>
    public Turn WaitForTurn(Patience patience, long awakeTicks)
    {
        patience.Await(ref _turn, (int)Turn.None + 1, awakeTicks);
        using (_gate.Hold())
        {
            AssertInvariants();
            while (_turn == (int)Turn.None)
                _gate.Wait();
            var turn = (Turn)_turn;
            _turn = (int)Turn.None;
            return turn;
        }
    }

    /// <summary>The thread at the head of the queue becomes the leader.</summary>
    public void Lead() => Set(Turn.Lead);

    /// <summary>The thread is the next to sync.</summary>
    public void Sync() => Set(Turn.Sync);

    public override void Complete() => Set(Turn.Done);

    private void Set(Turn turn)
    {
        using (_gate.Hold())
        {
            AssertInvariants();
            Volatile.Write(ref _turn, (int)turn);
            _gate.Pulse();
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants() =>
        Debug.Assert(_gate.IsHeld, "the turn is under the node's lock");
}
