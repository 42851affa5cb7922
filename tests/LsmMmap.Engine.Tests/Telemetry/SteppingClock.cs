// A clock that goes on by a step whenever it is asked for a timestamp, so that every operation
// takes as long as a test wants.
// Threads: any.

namespace LsmMmap.Engine.Tests.Telemetry;

internal sealed class SteppingClock(TimeSpan step) : TimeProvider
{
    private static readonly DateTimeOffset s_start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Add(ref _ticks, step.Ticks);

    public override DateTimeOffset GetUtcNow() => s_start.AddTicks(Volatile.Read(ref _ticks));
}
