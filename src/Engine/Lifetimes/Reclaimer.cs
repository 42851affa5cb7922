// Frees retired objects when no reader slot names them any more. One thread for the whole
// process, so that a pinned value or a cursor may outlive its store; started before the first
// store opens. Unmapping happens here too, off every reader's and writer's path.
//
// What is still pinned is looked at again after a pause that grows from 1 to 64 ms: disposing a
// pinned value costs two nanoseconds because it signals nobody.
// Threads: Retire from any thread; everything else on the reclaimer's own.

using System.Diagnostics;
using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.Lifetimes;

internal static class Reclaimer
{
    private const int DelayMsMin = 1;
    private const int DelayMsMax = 64;

    private static readonly Gate s_gate = new(isOfProcess: true);
    private static readonly Gate s_timersGate = new(isOfProcess: true);
    private static readonly HashSet<ITimer> s_timers = [];
    private static List<Reclaimable> s_retired = [];
    private static bool s_started;
    private static bool s_idle;

    /// <summary>Takes an object whose last counted reference is gone.</summary>
    public static void Retire(Reclaimable item)
    {
        Debug.Assert(!item.IsReferenced, "only what nobody references is retired");
        bool isTaken = false;
        SchedulePoint.Retire(item, ref isTaken);
        if (isTaken)
            return;
        using (s_gate.Hold())
        {
            AssertInvariants();
            s_retired.Add(item);
            StartUnderGate();
            s_gate.PulseAll();
        }
    }

    /// <summary>Starts the thread if nobody has. A store does so before it opens: later the
    /// system may have no thread left to give, and what is retired then must still go.</summary>
    public static void Start()
    {
        using (s_gate.Hold())
        {
            AssertInvariants();
            StartUnderGate();
        }
    }

    private static void StartUnderGate()
    {
        if (s_started)
            return;
        StoreThread.Start("LsmMmap reclaimer", Run, isOfProcess: true);
        s_started = true;
    }

    /// <summary>Runs an action once after a delay; for what a finalizer may not do at
    /// once.</summary>
    public static void RunLater(TimeProvider clock, TimeSpan delay, Action action)
    {
        Debug.Assert(delay > TimeSpan.Zero, "what runs later does not run at once");
        ITimer? timer = null;
        using (s_timersGate.Hold())
        {
            AssertTimerInvariants();
            timer = clock.CreateTimer(
                _ =>
                {
                    using (s_timersGate.Hold())
                    {
                        AssertTimerInvariants();
                        if (!s_timers.Remove(timer!))
                            return;
                    }
                    timer!.Dispose();
                    action();
                },
                null, delay, Timeout.InfiniteTimeSpan);
            s_timers.Add(timer);
        }
    }

    /// <summary>Waits until everything retired so far, and what that retires, is freed or still
    /// pinned. For tests and for a store that wants its files gone.</summary>
    public static void WaitUntilIdle()
    {
        using (s_gate.Hold())
        {
            AssertInvariants();
            while (s_started && !(s_idle && s_retired.Count == 0))
                s_gate.Wait();
        }
    }

    private static void Run()
    {
        var waiting = new List<Reclaimable>();
        var pinned = new HashSet<long>();
        int delayMs = DelayMsMin;
        while (true)
        {
            bool fresh = TakeRetired(ref waiting, delayMs);
            delayMs = fresh ? DelayMsMin : Math.Min(delayMs * 2, DelayMsMax);
            ReclaimUnpinned(waiting, pinned);
        }
    }

    /// <summary>One look at all rows: reclaims what none names and keeps the rest in the list.
    /// The set is room for the ids. Requires: what is in the list was retired before the call.
    /// </summary>
    internal static void ReclaimUnpinned(List<Reclaimable> waiting, HashSet<long> pinned)
    {
        Interlocked.MemoryBarrierProcessWide();
        pinned.Clear();
        SchedulePoint.Reach("reclaim: read all slots");
        ReaderSlots.CollectPinned(pinned);
        int kept = 0;
        for (int i = 0; i < waiting.Count; i++)
        {
            SchedulePoint.Reach("reclaim: free");
            if (pinned.Contains(waiting[i].Id))
                waiting[kept++] = waiting[i];
            else
                waiting[i].Reclaim();
        }
        Debug.Assert(kept <= waiting.Count, "what is kept was waiting");
        waiting.RemoveRange(kept, waiting.Count - kept);
    }

    /// <summary>Sleeps until there is something to look at; true when it is new.</summary>
    private static bool TakeRetired(ref List<Reclaimable> waiting, int delayMs)
    {
        using (s_gate.Hold())
        {
            AssertInvariants();
            if (s_retired.Count == 0)
            {
                s_idle = true;
                s_gate.PulseAll();
                if (waiting.Count > 0)
                    s_gate.Wait(delayMs);
                while (waiting.Count == 0 && s_retired.Count == 0)
                    s_gate.Wait();
                s_idle = false;
            }
            bool fresh = s_retired.Count > 0;
            if (waiting.Count == 0)
                (waiting, s_retired) = (s_retired, waiting);
            else
                waiting.AddRange(s_retired);
            s_retired.Clear();
            return fresh;
        }
    }

    [Conditional("DEBUG")]
    private static void AssertInvariants() =>
        Debug.Assert(s_gate.IsHeld, "the retired list is under its lock");

    [Conditional("DEBUG")]
    private static void AssertTimerInvariants() =>
        Debug.Assert(s_timersGate.IsHeld, "timers that still run are under their lock");
}
