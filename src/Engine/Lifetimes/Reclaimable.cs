// A thing with native memory behind it that readers use without a lock: a read state, a
// memtable, a table. It lives while it is referenced (counted, by those who keep it for long) or
// pinned (published in a reader slot, by those who need it for one call).
//
// Invariants: the count starts at one, for the creator; at zero the object is retired and can
// never be referenced again; Reclaim runs once, on the reclaimer's thread, when no slot names
// the id any more.
// Threads: any.

using System.Diagnostics;
using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.Lifetimes;

internal abstract class Reclaimable
{
    private static long s_lastId;

    private int _references = 1;

    /// <summary>Never zero, never used twice in a process.</summary>
    public long Id { get; } = Interlocked.Increment(ref s_lastId);

    /// <summary>Whether a counted reference is left; true may be past a moment later.</summary>
    public bool IsReferenced => Volatile.Read(ref _references) > 0;

    /// <summary>Requires: the caller knows that the count is above zero.</summary>
    public void AddReference()
    {
        int count = Interlocked.Increment(ref _references);
        Debug.Assert(count > 1, "a retired object was referenced again");
    }

    /// <summary>False when the object is already retired. Requires: the caller has it
    /// pinned.</summary>
    public bool TryAddReference()
    {
        SchedulePoint.Reach("reference: read");
        int count = Volatile.Read(ref _references);
        while (count > 0)
        {
            SchedulePoint.Reach("reference: swap");
            int seen = Interlocked.CompareExchange(ref _references, count + 1, count);
            if (seen == count)
                return true;
            count = seen;
        }
        return false;
    }

    public void Release()
    {
        SchedulePoint.Reach("release");
        int count = Interlocked.Decrement(ref _references);
        Debug.Assert(count >= 0, "released once too often");
        if (count == 0)
            Reclaimer.Retire(this);
    }

    /// <summary>Frees what the object owns. Must not throw.</summary>
    protected internal abstract void Reclaim();
}
