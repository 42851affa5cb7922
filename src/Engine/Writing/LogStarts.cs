// Where each log of an opening begins, counted in bytes over all of them: how much of them is
// there from one log on. The write leader asks for itself without a lock, anybody else under the
// lock of the logs, and each has its own list, which it shortens as the older logs fall away.
//
// Invariant: both lists ascend, and end with the log being written.
// Threads: as each member says.

using System.Diagnostics;

namespace LsmMmap.Engine.Writing;

internal sealed class LogStarts
{
    private readonly Queue<(long Number, long Start)> _leaders = [];
    private readonly List<(long Number, long Start)> _needed = [];
    private long _closedBytes;

    public LogStarts(long firstNumber)
    {
        _leaders.Enqueue((firstNumber, 0));
        _needed.Add((firstNumber, 0));
    }

    /// <summary>The log being written has ended with so many bytes. By the leader under the lock.
    /// </summary>
    public void Next(long number, long closedBytes)
    {
        Debug.Assert(number > _needed[^1].Number, "log numbers ascend");
        _closedBytes += closedBytes;
        _leaders.Enqueue((number, _closedBytes));
        _needed.Add((number, _closedBytes));
    }

    /// <summary>Bytes from this log on to an offset of the one being written. By the leader, who
    /// never asks for an older one again.</summary>
    public long BytesSince(long logNumber, long offset)
    {
        while (_leaders.Peek().Number < logNumber)
            _leaders.Dequeue();
        return _closedBytes + offset - _leaders.Peek().Start;
    }

    /// <summary>The same of the oldest log that is needed. Under the lock; an older one is never
    /// asked for again.</summary>
    public long NeededBytes(long oldestLog, long offset)
    {
        long current = _needed[^1].Number;
        _needed.RemoveAll(log => log.Number < oldestLog && log.Number < current);
        Debug.Assert(_needed.Count > 0, "the log being written is always needed");
        return _needed[^1].Start + offset - _needed[0].Start;
    }
}
