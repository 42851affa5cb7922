// Whether an entry is alive, and the moving of deadlines by reads.
//
// A value is not rewritten when it is read. Its record stays in the store for sixteen windows, and
// a small record beside it, the touch, says until when it lives. To read a sliding entry is
//
//   the first sixteenth of a window after its writing   one lookup
//   later                                               two lookups
//   and where the deadline moves by a sixteenth or more the write of a touch
//
// so a read moves the deadline to at least 15/16 of the window from now, never beyond the whole of
// it, and an entry that is read all the time costs at most sixteen small writes a window. When the
// next deadline would be beyond the stay of the record, it is written again instead.
// Threads: any. Of two reads at once the later one may lose its touch to the earlier one, which
// moves the deadline by as much as lies between them.

using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace LsmMmap.Extensions.Caching;

internal sealed class SlidingWindows(EntryWriter writer, TimeProvider clock, ILogger log)
{
    private const int StepsPerWindow = 16;

    /// <summary>Judges a record that the store has shown, and notes that it was read. False when
    /// it is over, or not of this version; else the value begins behind the head.</summary>
    public bool TryRead(scoped in CacheKey key, ReadOnlySpan<byte> stored, out int headBytes)
    {
        headBytes = 0;
        if (!EntryHead.TryRead(stored, out EntryHead head))
        {
            TellUnknown();
            return false;
        }
        headBytes = head.Bytes;
        return !head.IsSliding || IsAlive(key, head);
    }

    /// <summary>Logs a record that is not of this version.</summary>
    public void TellUnknown() => CacheLog.Unknown(log);

    private bool IsAlive(scoped in CacheKey key, in EntryHead head)
    {
        Debug.Assert(head.IsSliding, "only a sliding entry has a deadline of its own");
        long nowTicks = clock.GetUtcNow().UtcTicks;
        long nextTicks = Expiration.DeadlineOfRead(head, nowTicks);
        long stepTicks = Math.Max(1, head.WindowTicks / StepsPerWindow);
        if (nextTicks - head.DeadlineTicks < stepTicks)
            return nowTicks < head.DeadlineTicks;
        long deadlineTicks = Math.Max(head.DeadlineTicks, writer.TouchedDeadline(key, head));
        if (nowTicks >= deadlineTicks)
            return false;
        if (nextTicks - deadlineTicks >= stepTicks)
            Move(key, head, nextTicks, nowTicks);
        return true;
    }

    private void Move(scoped in CacheKey key, in EntryHead head, long deadlineTicks, long nowTicks)
    {
        Debug.Assert(deadlineTicks > nowTicks, "an entry that lives is moved to live on");
        try
        {
            if (deadlineTicks <= head.StayTicks)
                writer.Touch(key, head, deadlineTicks);
            else
                writer.Renew(key, head, nowTicks);
        }
        catch (LsmException failure)
        {
            // The value was read, and is right. A store that has failed goes on reading.
            CacheLog.NotMoved(log, failure);
        }
    }
}
