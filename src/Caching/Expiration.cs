// From the options of a Set to the head of its record.
//
// Of two absolute expirations the earlier one counts. The record of a sliding entry stays in the
// store for several windows, so that moving the deadline needs no rewriting of the value; the head
// says how long. Sums that leave the calendar are "never".
// Threads: pure functions.

using System.Diagnostics;
using Microsoft.Extensions.Caching.Distributed;

namespace LsmMmap.Extensions.Caching;

internal static class Expiration
{
    public const long Never = long.MaxValue;

    /// <summary>Windows that the record of a sliding entry stays in the store. An entry that is
    /// read all the time is rewritten once in about as many windows less one; the bytes of one that
    /// is not read any more are lost to the disk for as long.</summary>
    public const int StayWindows = 16;

    /// <summary>The head of an entry that is set now.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Its absolute expiration is not in the future.
    /// </exception>
    public static EntryHead Head(
        DistributedCacheEntryOptions options, TimeSpan? slidingByDefault, long nowTicks, long stamp)
    {
        if (options.AbsoluteExpiration is { } absolute && absolute.UtcTicks <= nowTicks)
            throw new ArgumentOutOfRangeException(
                nameof(options), absolute,
                "The absolute expiration value must be in the future.");
        long absoluteTicks = options.AbsoluteExpiration?.UtcTicks ?? Never;
        if (options.AbsoluteExpirationRelativeToNow is { } relative)
            absoluteTicks = Math.Min(absoluteTicks, Later(nowTicks, relative.Ticks));
        TimeSpan? window = options.SlidingExpiration
            ?? (absoluteTicks == Never ? slidingByDefault : null);
        if (window == null)
            return new EntryHead { StayTicks = absoluteTicks };
        var head = new EntryHead
        {
            WindowTicks = window.Value.Ticks,
            AbsoluteTicks = absoluteTicks,
            Stamp = stamp,
        };
        return Renewed(head, nowTicks);
    }

    /// <summary>The head of a sliding entry that is written now.</summary>
    public static EntryHead Renewed(EntryHead head, long nowTicks)
    {
        Debug.Assert(head.WindowTicks > 0, "only a sliding entry is renewed");
        long windowTicks = head.WindowTicks;
        long stayTicks = windowTicks > Never / StayWindows
            ? Never : Later(nowTicks, windowTicks * StayWindows);
        EntryHead renewed = head with
        {
            DeadlineTicks = DeadlineOfRead(head, nowTicks),
            StayTicks = Math.Min(stayTicks, head.AbsoluteTicks),
        };
        Debug.Assert(renewed.DeadlineTicks <= renewed.StayTicks, "the store keeps what lives");
        return renewed;
    }

    /// <summary>The deadline that a read moves to.</summary>
    public static long DeadlineOfRead(in EntryHead head, long nowTicks)
    {
        Debug.Assert(head.IsSliding, "no read moves the deadline of a plain entry");
        return Math.Min(Later(nowTicks, head.WindowTicks), head.AbsoluteTicks);
    }

    private static long Later(long nowTicks, long byTicks)
    {
        Debug.Assert(byTicks > 0, "the options refuse expirations that are not positive");
        return byTicks > DateTime.MaxValue.Ticks - nowTicks ? Never : nowTicks + byTicks;
    }
}
