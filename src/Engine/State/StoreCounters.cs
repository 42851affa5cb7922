// Counters that only grow. Each is added to by its own path with an interlocked add off the read
// path; statistics read them without a lock.

using System.Diagnostics;

namespace LsmMmap.Engine.State;

internal sealed class StoreCounters
{
    private readonly long[] _stallTicksPerReason =
        new long[Enum.GetValues<StallReason>().Length];
    private long _userBytes;
    private long _logBytes;
    private long _tableBytes;
    private long _stallCount;
    private long _stallTicks;
    private long _eventCallbackFailures;
    private long _droppedBytes;
    private long _flushCount;
    private long _compactionCount;
    private long _trivialMoveCount;
    private long _undisposedCount;
    private long _scrubbedBytes;
    private long _scrubPasses;
    private long _scrubDamages;
    private CorruptionException? _lastScrubDamage;

    public long UserBytes => Volatile.Read(ref _userBytes);

    public long LogBytes => Volatile.Read(ref _logBytes);

    public long TableBytes => Volatile.Read(ref _tableBytes);

    public long StallCount => Volatile.Read(ref _stallCount);

    public TimeSpan StallTime => TimeSpan.FromTicks(Volatile.Read(ref _stallTicks));

    public long FlushCount => Volatile.Read(ref _flushCount);

    public long CompactionCount => Volatile.Read(ref _compactionCount);

    public long TrivialMoveCount => Volatile.Read(ref _trivialMoveCount);

    public long UndisposedCount => Volatile.Read(ref _undisposedCount);

    /// <summary>By the write leader alone, so a plain write publishes the sum.</summary>
    public void Wrote(long userBytes, long logBytes)
    {
        Debug.Assert(logBytes > 0, "a record has bytes");
        Volatile.Write(ref _userBytes, _userBytes + userBytes);
        Volatile.Write(ref _logBytes, _logBytes + logBytes);
    }

    public void Stalled(TimeSpan time, StallReason reason)
    {
        Interlocked.Increment(ref _stallCount);
        Interlocked.Add(ref _stallTicks, time.Ticks);
        Interlocked.Add(ref _stallTicksPerReason[(int)reason], time.Ticks);
    }

    /// <summary>How long writes were held back, by reason; reasons that there were.</summary>
    public Dictionary<StallReason, TimeSpan> StallTimes()
    {
        var times = new Dictionary<StallReason, TimeSpan>();
        foreach (StallReason reason in Enum.GetValues<StallReason>())
        {
            long ticks = Volatile.Read(ref _stallTicksPerReason[(int)reason]);
            if (ticks > 0)
                times.Add(reason, TimeSpan.FromTicks(ticks));
        }
        return times;
    }

    public long EventCallbackFailures => Volatile.Read(ref _eventCallbackFailures);

    public void EventCallbackFailed() => Interlocked.Increment(ref _eventCallbackFailures);

    public long DroppedBytes => Volatile.Read(ref _droppedBytes);

    /// <summary>Tables were dropped because of retention.</summary>
    public void Dropped(long tableBytes)
    {
        Debug.Assert(tableBytes > 0, "a table has bytes");
        Interlocked.Add(ref _droppedBytes, tableBytes);
    }

    public void Flushed(long tableBytes)
    {
        Debug.Assert(tableBytes > 0, "a table has bytes");
        Interlocked.Increment(ref _flushCount);
        Interlocked.Add(ref _tableBytes, tableBytes);
    }

    public void Compacted(long tableBytes, bool isTrivialMove)
    {
        Debug.Assert(!isTrivialMove || tableBytes == 0, "a move writes no table");
        Interlocked.Increment(ref _compactionCount);
        if (isTrivialMove)
            Interlocked.Increment(ref _trivialMoveCount);
        Interlocked.Add(ref _tableBytes, tableBytes);
    }

    public long ScrubbedBytes => Volatile.Read(ref _scrubbedBytes);

    public long ScrubPasses => Volatile.Read(ref _scrubPasses);

    public long ScrubDamages => Volatile.Read(ref _scrubDamages);

    public CorruptionException? LastScrubDamage => Volatile.Read(ref _lastScrubDamage);

    /// <summary>By the scrub alone, as the two below.</summary>
    public void Scrubbed(int bytes)
    {
        Debug.Assert(bytes > 0, "a piece has bytes");
        Volatile.Write(ref _scrubbedBytes, _scrubbedBytes + bytes);
    }

    public void ScrubPassed() => Volatile.Write(ref _scrubPasses, _scrubPasses + 1);

    /// <summary>The damage is there to be looked at before it is counted.</summary>
    public void ScrubFound(CorruptionException damage)
    {
        Volatile.Write(ref _lastScrubDamage, damage);
        Volatile.Write(ref _scrubDamages, _scrubDamages + 1);
    }

    public void Undisposed() => Interlocked.Increment(ref _undisposedCount);
}
