// The first write or sync that failed of the logs of one opening. It is final: what a file holds
// after a failed write is not known, and after a failed sync the system may have dropped what a
// second one would report as safe. So no log in use is touched again.
//
// Whoever comes after the first failure names it, because that thread may be the first to tell
// the store, which keeps the cause for good.
// Threads: any. A write may begin while a sync fails and the other way round, because neither
// thread can know; a sync has ended before anybody is told of a failed write.

using System.Diagnostics;

namespace LsmMmap.Engine.Writing;

internal sealed class LogFailure
{
    private Exception? _first;

    public bool IsSet => Volatile.Read(ref _first) != null;

    /// <summary>Only the first is kept.</summary>
    public void Note(Exception e)
    {
        Interlocked.CompareExchange(ref _first, e, null);
        Debug.Assert(IsSet, "what was noted stays");
    }

    /// <summary>Before a log is touched. Asked before a write too, because a leader may have
    /// looked at the store's failure just before another thread's sync failed.</summary>
    public void ThrowIfSet()
    {
        if (IsSet)
            Throw(null);
    }

    /// <summary>What is asked for cannot be had any more, for this cause when no log has failed.
    /// </summary>
    public void Throw(Exception? otherCause) => throw new LsmException(
        "an earlier write or sync of the log failed", Volatile.Read(ref _first) ?? otherCause);
}
