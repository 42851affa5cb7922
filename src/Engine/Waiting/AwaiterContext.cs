// Where an awaiter of WriteAsync or GetAsync wants to go on: its synchronization context or its
// task scheduler, as they were when it began to wait. Both are code of the caller, which may run
// what it is given at once or block, so only a thread of the pool may call them.
// Threads: captured on the awaiter's, posted from the pool.

using System.Diagnostics;
using System.Threading.Tasks.Sources;

namespace LsmMmap.Engine.Waiting;

internal sealed class AwaiterContext
{
    private readonly Action<object?> _continuation;
    private readonly object? _state;
    private readonly SynchronizationContext? _context;
    private readonly TaskScheduler? _scheduler;

    private AwaiterContext(
        Action<object?> continuation, object? state, SynchronizationContext? context,
        TaskScheduler? scheduler)
    {
        Debug.Assert((context == null) != (scheduler == null), "one of the two leads");
        _continuation = continuation;
        _state = state;
        _context = context;
        _scheduler = scheduler;
    }

    /// <summary>The OnCompleted of a pooled source. Who completes it runs no line of the awaiter's:
    /// not its continuation, and not the Post of its synchronization context or its task scheduler
    /// either. A pool thread posts instead.</summary>
    public static void OnCompleted<TResult>(
        ref ManualResetValueTaskSourceCore<TResult> source, Action<object?> continuation,
        object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        const ValueTaskSourceOnCompletedFlags Scheduled =
            ValueTaskSourceOnCompletedFlags.UseSchedulingContext;
        if ((flags & Scheduled) != 0 && Capture(continuation, state) is { } context)
            source.OnCompleted(PostTo, context, token, flags & ~Scheduled);
        else
            source.OnCompleted(continuation, state, token, flags & ~Scheduled);
    }

    /// <summary>The continuation of the pool: its state is what Capture returned.</summary>
    private static Action<object?> PostTo { get; } =
        static state => ((AwaiterContext)state!).Post();

    /// <summary>What the calling thread runs under; null when that is the pool.</summary>
    private static AwaiterContext? Capture(Action<object?> continuation, object? state)
    {
        if (SynchronizationContext.Current is { } context
            && context.GetType() != typeof(SynchronizationContext))
            return new AwaiterContext(continuation, state, context, null);
        TaskScheduler scheduler = TaskScheduler.Current;
        return scheduler == TaskScheduler.Default
            ? null : new AwaiterContext(continuation, state, null, scheduler);
    }

    private void Post()
    {
        if (_context != null)
        {
            _context.Post(new SendOrPostCallback(_continuation), _state);
            return;
        }
        var task = new Task(_continuation, _state);
        task.Start(_scheduler!);
    }
}
