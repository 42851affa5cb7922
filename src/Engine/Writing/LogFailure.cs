// The first write or sync that failed of the logs of one opening, or of the directory that names
// them. It is final: what a file holds after a failed write is not known, and after a failed sync
// the system may have dropped what a second one would report as safe. So no log is touched again.
//
// Whoever comes after the first failure names it, because that thread may be the first to tell
// the store, which keeps the cause for good.
// Threads: any. A write may begin while a sync fails and the other way round, because neither
// thread can know; a sync has ended before anybody is told of a failed write.

using System.Diagnostics;
using LsmMmap.Engine.State;

namespace LsmMmap.Engine.Writing;

internal sealed class LogFailure(StoreServices services)
{
    private Exception? _first;

    public bool IsSet => First != null;

    private Exception? First => Volatile.Read(ref _first) ?? services.Names.Failure;

    /// <summary>Only the first is kept.</summary>
    public void Note(Exception e)
    {
        Interlocked.CompareExchange(ref _first, e, null);
        Debug.Assert(IsSet, "what was noted stays");
    }

    /// <summary>Before each touch of a log. Asked before a write too, because a leader may have
    /// looked at the store's failure just before another thread's sync failed.</summary>
    public void ThrowIfSet()
    {
        if (IsSet)
            Throw();
    }

    /// <summary>What is asked for cannot be had any more.</summary>
    public void Throw() =>
        throw new LsmException("an earlier write or sync of the log failed", First);
}
