// How fast background work may write: a bucket of bytes that fills at the rate and holds a quarter
// of a second of it at most. A compaction waits until the bucket is not in debt, then takes what it
// wrote. A flush takes without waiting, because writers wait for flushes, and so goes first: what
// it takes is missing to compactions. Of a flush larger than the rate can follow, ten seconds'
// worth are taken and no more, so that compactions are put off and never given up.
//
// Who waits lets go of the store's lock and is woken by a timer, or by whatever wakes the other
// waiters there: closing, a dropped keyspace. It then looks whether its work is still wanted.
// Threads: any.

using System.Diagnostics;
using LsmMmap.Engine.State;

namespace LsmMmap.Engine.Compaction;

internal sealed class WritePace : IDisposable
{
    private const double SavedSecondsMax = 0.25;
    private const double DebtSecondsMax = 10;

    private static readonly TimeSpan s_waitMin = TimeSpan.FromMilliseconds(1);

    private readonly StoreState _state;
    private readonly TimeProvider _clock;
    private readonly ITimer _timer;
    private readonly double _bytesPerSecond;
    private double _balance;
    private long _filledAt;

    private WritePace(StoreState state)
    {
        _state = state;
        _clock = state.Services.Options.TimeProvider;
        _bytesPerSecond = state.Services.Options.BackgroundBytesPerSecond;
        Debug.Assert(_bytesPerSecond > 0, "a pace has a rate");
        _filledAt = _clock.GetTimestamp();
        _timer = _clock.CreateTimer(
            static pace => ((WritePace)pace!).Wake(), this, Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
    }

    /// <summary>The pace of a store that asks for one.</summary>
    public static WritePace? Of(StoreState state) =>
        state.Services.Options.BackgroundBytesPerSecond > 0 ? new WritePace(state) : null;

    /// <summary>A flush has written so much.</summary>
    public void Charge(long bytes)
    {
        using (_state.Gate.Hold())
        {
            Fill();
            _balance = Math.Max(
                _balance - bytes, Math.Min(_balance, -DebtSecondsMax * _bytesPerSecond));
        }
    }

    /// <summary>A compaction writes so much; returns when it may go on.</summary>
    public void Pay(long bytes, Action throwIfUnwanted, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.Register(Wake);
        using (_state.Gate.Hold())
        {
            Fill();
            while (_balance < 0)
            {
                throwIfUnwanted();
                TimeSpan wait = TimeSpan.FromSeconds(-_balance / _bytesPerSecond);
                _timer.Change(wait < s_waitMin ? s_waitMin : wait, Timeout.InfiniteTimeSpan);
                _state.Gate.Wait();
                Fill();
            }
            _balance -= bytes;
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Fill()
    {
        Debug.Assert(_state.Gate.IsHeld, "the bucket is under the store's lock");
        long now = _clock.GetTimestamp();
        double filled = _clock.GetElapsedTime(_filledAt, now).TotalSeconds * _bytesPerSecond;
        _balance = Math.Min(_balance + filled, SavedSecondsMax * _bytesPerSecond);
        _filledAt = now;
    }

    private void Wake()
    {
        using (_state.Gate.Hold())
            _state.Gate.PulseAll();
    }
}
