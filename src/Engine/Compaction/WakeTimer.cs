// Wakes the background threads when something becomes due by the clock. Waking them too early does
// no harm: they look, and set it anew.
// Threads: under the store's lock, but for Dispose and what the timer calls.

using System.Diagnostics;
using LsmMmap.Engine.State;

namespace LsmMmap.Engine.Compaction;

internal sealed class WakeTimer(StoreState state) : IDisposable
{
    private const int HeldBackMs = 1000;

    // A timer knows 49 days at most, and a clock may be set.
    private const long WaitMaxMs = 24L * 3600 * 1000;

    private ITimer? _timer;
    private bool _isDisposed;

    /// <summary>Wakes them at a time, in milliseconds of Unix time, in place of the time given
    /// before; long max means never. What is due already and still there is held back, by a
    /// snapshot as a rule, and is looked at again in a second.</summary>
    public void WakeAt(long atMs)
    {
        AssertInvariants();
        if (_isDisposed || (atMs == long.MaxValue && _timer == null))
            return;
        _timer ??= state.Services.Options.TimeProvider.CreateTimer(
            static timer => ((WakeTimer)timer!).Wake(), this, Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        long nowMs = state.Services.NowMs;
        long waitMs = atMs <= nowMs ? HeldBackMs
            : atMs > nowMs + WaitMaxMs ? WaitMaxMs : atMs - nowMs;
        _timer.Change(
            atMs == long.MaxValue
                ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(waitMs),
            Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        using (state.Gate.Hold())
        {
            AssertInvariants();
            _isDisposed = true;
            _timer?.Dispose();
        }
    }

    private void Wake()
    {
        using (state.Gate.Hold())
        {
            AssertInvariants();
            state.Gate.PulseAll();
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants() =>
        Debug.Assert(state.Gate.IsHeld, "the timer is set under the store's lock");
}
