// The last events of a store, and the thread that tells them to a callback. Whoever has an event
// puts it into a ring and goes on; the callback runs on a thread of its own, in order, so that it
// may take its time and use the store, whoever made the event and whatever was held then. Who
// falls behind by a whole ring misses events, and sees it by their numbers.
//
// The lock is the last of all: nothing is called under it.
// Threads: any.

using System.Diagnostics;
using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.State;

internal sealed class EventLog(StoreServices services)
{
    public const int Capacity = 256;

    private readonly StoreOptions _options = services.Options;
    private readonly Gate _gate = new(isOfProcess: true);
    private readonly StoreEvent?[] _ring = new StoreEvent?[Capacity];
    private StoreThread? _thread;
    private int _threadId;
    private long _last;
    private long _told;
    private bool _isStopped;

    /// <summary>Whether the calling thread is the callback's.</summary>
    public bool IsTelling => Volatile.Read(ref _threadId) == Environment.CurrentManagedThreadId;

    /// <summary>Begins to tell the callback, when there is one.</summary>
    public void Start()
    {
        Debug.Assert(_thread == null, "the thread is started once");
        if (_options.OnEvent is { } callback)
            _thread = StoreThread.Start(
                "LsmMmap events", () => Tell(callback), isOfProcess: true);
    }

    /// <summary>Returns when the callback has been told everything that it did not miss; at once
    /// when it is the callback that asks.</summary>
    public void Stop()
    {
        using (_gate.Hold())
        {
            AssertInvariants();
            _isStopped = true;
            _gate.PulseAll();
        }
        if (!IsTelling)
            _thread?.Join();
    }

    public void Add(StoreEvent happened)
    {
        Debug.Assert(happened.Number == 0, "an event is added once");
        happened.Time = _options.TimeProvider.GetUtcNow();
        using (_gate.Hold())
        {
            AssertInvariants();
            happened.Number = ++_last;
            _ring[_last % Capacity] = happened;
            _gate.PulseAll();
        }
        services.Counters.Happened(happened);
        services.Telemetry.Happened(happened);
    }

    /// <summary>Those kept that have a larger number, in order.</summary>
    public List<StoreEvent> After(long number)
    {
        var events = new List<StoreEvent>();
        using (_gate.Hold())
        {
            AssertInvariants();
            long before = Math.Max(0, Math.Max(Math.Min(number, _last), _last - Capacity));
            for (long n = before + 1; n <= _last; n++)
                events.Add(_ring[n % Capacity]!);
        }
        return events;
    }

    private void Tell(Action<StoreEvent> callback)
    {
        Volatile.Write(ref _threadId, Environment.CurrentManagedThreadId);
        while (true)
        {
            using (_gate.Hold())
            {
                AssertInvariants();
                while (_told == _last && !_isStopped)
                    _gate.Wait();
                if (_told == _last)
                    return;
            }
            foreach (StoreEvent happened in After(_told))
            {
                _told = happened.Number;
                try
                {
                    callback(happened);
                }
                catch (Exception)
                {
                    services.Counters.EventCallbackFailed();
                }
            }
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_gate.IsHeld, "the ring is under its lock");
        Debug.Assert(_last == 0 || _ring[_last % Capacity]?.Number == _last, "by number");
    }
}
