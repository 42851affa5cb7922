// A WriteAsync on its way. Pooled, so that a commit allocates nothing; the continuation runs on
// the pool, never on the thread that completes the commit.
// Threads: as CommitNode; the awaiter uses it once, and GetResult gives it back.

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Tasks.Sources;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Telemetry;
using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.Writing;

internal sealed class AsyncNode : CommitNode, IValueTaskSource<long>
{
    private const int PooledMax = 4096;

    private static readonly ConcurrentQueue<AsyncNode> s_pool = [];

    private ManualResetValueTaskSourceCore<long> _source;
    private CancellationTokenRegistration _registration;
    private Action<object>? _onCompleted;
    private object? _onCompletedState;
    private bool _isWatched;
    private bool _mayBeTouched;

    private StoreState? _store;

    // Set when the commit is timed.
    private StoreTelemetry? _timing;
    private long _begun;
    private long _ended;

    private AsyncNode() => _source.RunContinuationsAsynchronously = true;

    public static AsyncNode Rent(StoreState state)
    {
        AsyncNode node = s_pool.TryDequeue(out AsyncNode? pooled) ? pooled : new AsyncNode();
        node._store = state;
        StoreTelemetry telemetry = state.Services.Telemetry;
        if (telemetry.TimesCommits)
        {
            node._timing = telemetry;
            node._begun = telemetry.Now;
        }
        return node;
    }

    /// <summary>The task; <paramref name="onCompleted"/> runs before the awaiter does.</summary>
    public ValueTask<long> Start(
        Action<object> onCompleted, object onCompletedState)
    {
        _onCompleted = onCompleted;
        _onCompletedState = onCompletedState;
        return new ValueTask<long>(this, _source.Version);
    }

    /// <summary>Until the commit joins a group, the token takes it back.</summary>
    public void WatchFor(CancellationToken cancellationToken)
    {
        _isWatched = cancellationToken.CanBeCanceled;
        if (_isWatched)
        {
            _registration = cancellationToken.UnsafeRegister(static (state, token) =>
            {
                var node = (AsyncNode)state!;
                if (!node.TryCancel())
                    return;
                node.Error = new OperationCanceledException(token);
                node.Finish();
            }, this);
        }
    }

    /// <summary>The queue refused the commit. False when the token was faster.</summary>
    public bool TryTakeBack()
    {
        bool isOurs = TryCancel();
        // A token may live long; it should not keep the node and its batch.
        if (isOurs)
            _registration.Unregister();
        return isOurs;
    }

    public override void Complete()
    {
        // Unregister does not wait for a callback under way: that one has lost the race to
        // TryCancel, or Complete would not have been called. But it may not have come to TryCancel
        // yet, and must then not find the node at its next use.
        _mayBeTouched = _isWatched && !_registration.Unregister();
        Finish();
    }

    public long GetResult(short token)
    {
        // A token of an earlier use throws here too. In neither case is the node the caller's to
        // give back.
        if (_source.GetStatus(token) == ValueTaskSourceStatus.Pending)
            throw new InvalidOperationException("the commit has not completed; await it");
        if (Error is StoreFailedException)
            _store!.FailureTold();
        StoreTelemetry? timing = _timing;
        (long begun, long ended, Durability durability, Exception? error) =
            (_begun, _ended, Durability, Error);
        try
        {
            return _source.GetResult(token);
        }
        finally
        {
            _source.Reset();
            _registration = default;
            _store = null;
            _timing = null;
            SchedulePoint.Reach("pool node");
            // A cancelled node may still stand in the queue and must not come back as another.
            if (!IsCancelled && !_mayBeTouched && s_pool.Count < PooledMax)
                s_pool.Enqueue(this);
            // The awaiter's thread: a listener may take its time, and this node is no longer ours.
            timing?.Committed(begun, ended, durability, error);
        }
    }

    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    // The leader completes commits while others wait for it, so it must not run the awaiter.
    public void OnCompleted(
        Action<object?> continuation, object? state, short token,
        ValueTaskSourceOnCompletedFlags flags) =>
        AwaiterContext.OnCompleted(ref _source, continuation, state, token, flags);

    private void Finish()
    {
        Debug.Assert(_onCompleted != null, "a commit is started before it ends");
        _onCompleted!(_onCompletedState!);
        if (_timing is { } timing)
            _ended = timing.Now;
        if (Error is { } error)
            _source.SetException(error);
        else
            _source.SetResult((long)Sequence);
    }
}
