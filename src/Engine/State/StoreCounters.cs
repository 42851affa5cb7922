// Counters that only grow. Each is added to by its own path with an interlocked add off the read
// path; statistics read them without a lock.

using System.Diagnostics;
using LsmMmap.Engine.Telemetry;

namespace LsmMmap.Engine.State;

internal sealed class StoreCounters
{
    private readonly long[] _stallTicksPerReason =
        new long[Enum.GetValues<StallReason>().Length];
    private readonly long[] _stallsPerReason = new long[Enum.GetValues<StallReason>().Length];
    private long _userBytes;
    private long _logBytes;
    private long _commits;
    private long _entries;
    private long _deletes;
    private long _rangeDeletes;
    private long _tableBytes;
    private long _stallTicks;
    private long _eventCallbackFailures;
    private long _droppedBytes;
    private long _expiredCount;
    private long _flushCount;
    private long _flushBytes;
    private long _flushTicks;
    private long _compactionCount;
    private long _compactionReadBytes;
    private long _compactionBytes;
    private long _compactionTicks;
    private long _dropCount;
    private long _trivialMoveCount;
    private long _undisposedCount;
    private long _scrubbedBytes;
    private long _scrubPasses;
    private long _scrubDamages;
    private CorruptionException? _lastScrubDamage;

    public long UserBytes => Volatile.Read(ref _userBytes);

    public long LogBytes => Volatile.Read(ref _logBytes);

    public long TableBytes => Volatile.Read(ref _tableBytes);

    /// <summary>What was written, by kind.</summary>
    public EntryCounts Entries => new(
        Volatile.Read(ref _commits), Volatile.Read(ref _entries), Volatile.Read(ref _deletes),
        Volatile.Read(ref _rangeDeletes));

    /// <summary>What background work has done and what it took.</summary>
    public WorkCounts Work => new(
        Volatile.Read(ref _flushBytes), TimeSpan.FromTicks(Volatile.Read(ref _flushTicks)),
        Volatile.Read(ref _compactionReadBytes), Volatile.Read(ref _compactionBytes),
        TimeSpan.FromTicks(Volatile.Read(ref _compactionTicks)), Volatile.Read(ref _dropCount));

    public long StallCount => StallCounts().Sum();

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

    /// <summary>Likewise.</summary>
    public void Committed(int commits, int entries, int deletes, int rangeDeletes)
    {
        Debug.Assert(deletes + rangeDeletes <= entries, "a delete is an entry");
        Volatile.Write(ref _commits, _commits + commits);
        Volatile.Write(ref _entries, _entries + entries);
        Volatile.Write(ref _deletes, _deletes + deletes);
        Volatile.Write(ref _rangeDeletes, _rangeDeletes + rangeDeletes);
    }

    public void Stalled(TimeSpan time, StallReason reason)
    {
        Interlocked.Increment(ref _stallsPerReason[(int)reason]);
        Interlocked.Add(ref _stallTicks, time.Ticks);
        Interlocked.Add(ref _stallTicksPerReason[(int)reason], time.Ticks);
    }

    /// <summary>How often writes were held back, by reason.</summary>
    public long[] StallCounts()
    {
        long[] counts = new long[_stallsPerReason.Length];
        for (int i = 0; i < counts.Length; i++)
            counts[i] = Volatile.Read(ref _stallsPerReason[i]);
        return counts;
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

    public long ExpiredCount => Volatile.Read(ref _expiredCount);

    /// <summary>Entries were dropped because they were over.</summary>
    public void Expired(long entries)
    {
        Debug.Assert(entries >= 0, "what was dropped stays so");
        if (entries > 0)
            Interlocked.Add(ref _expiredCount, entries);
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

    /// <summary>Background work is over.</summary>
    public void Happened(StoreEvent happened)
    {
        switch (happened.Kind)
        {
            case StoreEventKind.Flush:
                Interlocked.Add(ref _flushBytes, happened.BytesWritten);
                Interlocked.Add(ref _flushTicks, happened.Duration.Ticks);
                break;
            case StoreEventKind.Compaction:
                Interlocked.Add(ref _compactionReadBytes, happened.BytesRead);
                Interlocked.Add(ref _compactionBytes, happened.BytesWritten);
                Interlocked.Add(ref _compactionTicks, happened.Duration.Ticks);
                break;
            case StoreEventKind.Drop:
                Interlocked.Increment(ref _dropCount);
                break;
            default:
                break;
        }
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
