// A clock that stands still until a test moves it. Timers fire inside Advance, on its thread.
// Threads: every member may be called from any thread.

namespace LsmMmap.Testing;

public sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
            return _now;
    }

    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    public override ITimer CreateTimer(
        TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        lock (_lock)
            _timers.Add(timer);
        return timer;
    }

    public void Advance(TimeSpan by)
    {
        List<ManualTimer> due = [];
        lock (_lock)
        {
            _now += by;
            foreach (ManualTimer timer in _timers)
            {
                if (timer.IsDueAt(_now))
                    due.Add(timer);
            }
        }
        // Outside the lock: a callback may ask for the time or make another timer.
        foreach (ManualTimer timer in due)
            timer.Fire();
    }

    private void Remove(ManualTimer timer)
    {
        lock (_lock)
            _timers.Remove(timer);
    }

    private sealed class ManualTimer(
        ManualTimeProvider clock, TimerCallback callback, object? state) : ITimer
    {
        private DateTimeOffset _due = DateTimeOffset.MaxValue;
        private TimeSpan _period = Timeout.InfiniteTimeSpan;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            bool never = dueTime == Timeout.InfiniteTimeSpan;
            _due = never ? DateTimeOffset.MaxValue : clock.GetUtcNow() + dueTime;
            _period = period;
            return true;
        }

        public bool IsDueAt(DateTimeOffset now)
        {
            if (now < _due)
                return false;
            bool once = _period == Timeout.InfiniteTimeSpan || _period == TimeSpan.Zero;
            _due = once ? DateTimeOffset.MaxValue : now + _period;
            return true;
        }

        public void Fire() => callback(state);

        public void Dispose() => clock.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
