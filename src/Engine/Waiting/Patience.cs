// A wait that is mostly over sooner than a thread falls asleep and is woken, which takes 30 us and
// more on a virtual machine: it looks again and again for a while, and lets others have the
// processor in between. Who has waited in vain goes to sleep.
//
// Where every processor has other work, letting go of one may cost a whole turn of the scheduler,
// some milliseconds, while a sleeper would have been woken at once. After such a turn nobody looks
// for a while, and for twice as long when looking again soon meets another one. One alone means
// little: the machine below a virtual one takes such turns too.
// Threads: any.

using System.Diagnostics;

namespace LsmMmap.Engine.Waiting;

internal sealed class Patience
{
    private const int LooksBetweenYields = 10;
    private const int SpinsBetweenLooks = 3;

    private static readonly long s_longTurnTicks = Stopwatch.Frequency / 1_000;
    private static readonly long s_restTicksMin = Stopwatch.Frequency / 500;
    private static readonly long s_restTicksMax = Stopwatch.Frequency / 60;

    private long _restTicks = s_restTicksMin;
    private long _restUntil;

    /// <summary>Looks at <paramref name="word"/>, which another thread writes, until it is at
    /// least so much. False when it was not for as long as that, or is not and nobody looks now.
    /// </summary>
    public bool Await(ref int word, int least, long limitTicks)
    {
        Debug.Assert(limitTicks >= 0, "nobody waits into the past");
        bool isSkipped = false;
        SchedulePoint.Skip(ref isSkipped);
        long now = Stopwatch.GetTimestamp();
        bool looks = !isSkipped && now >= Volatile.Read(ref _restUntil);
        long end = looks ? now + limitTicks : now;
        while (now < end)
        {
            for (int i = 0; i < LooksBetweenYields; i++)
            {
                if (Volatile.Read(ref word) >= least)
                    return true;
                Thread.SpinWait(SpinsBetweenLooks);
            }
            long before = Stopwatch.GetTimestamp();
            Thread.Yield();
            now = Stopwatch.GetTimestamp();
            if (now - before > s_longTurnTicks)
            {
                RestFrom(now);
                break;
            }
        }
        return Volatile.Read(ref word) >= least;
    }

    /// <summary>From that moment on sleeping is better, for a while. Who comes second at the same
    /// moment makes it longer, which does no harm.</summary>
    internal void RestFrom(long now)
    {
        long rest = Volatile.Read(ref _restTicks);
        bool isSoon = now - Volatile.Read(ref _restUntil) < 2 * rest;
        rest = isSoon ? Math.Min(2 * rest, s_restTicksMax) : s_restTicksMin;
        Volatile.Write(ref _restTicks, rest);
        Volatile.Write(ref _restUntil, now + rest);
    }
}
