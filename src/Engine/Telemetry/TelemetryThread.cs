// Tells event listeners and trace listeners what was posted. They are code of the caller and are
// called by whoever writes the event, so nobody who leads commits, holds a lock or runs a flush may
// do that: a listener that writes to the store would wait for the very thread it stopped. They
// post instead, which takes a moment, and this thread tells, in order, under no lock.
//
// Nothing is posted unless somebody listens, so the thread does not exist until then. Who listens
// slowly misses posts; they are counted.
// Threads: any may post. One of the process tells.

using System.Diagnostics;
using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.Telemetry;

internal static class TelemetryThread
{
    public const int Capacity = 1024;

    private static readonly Gate s_gate = new(isOfProcess: true);
    private static readonly Queue<Action> s_posts = [];
    private static bool s_isStarted;
    private static bool s_isTelling;
    private static long s_lostCount;

    /// <summary>Posts that nobody was told of, because listeners were slow or threw.</summary>
    public static long LostCount => Volatile.Read(ref s_lostCount);

    public static void Post(Action post)
    {
        using (s_gate.Hold())
        {
            AssertInvariants();
            if (s_posts.Count == Capacity || !TryStartUnderGate())
            {
                s_lostCount++;
                return;
            }
            s_posts.Enqueue(post);
            s_gate.PulseAll();
        }
    }

    /// <summary>Waits until everything posted so far is told. For tests.</summary>
    public static void WaitUntilIdle()
    {
        using (s_gate.Hold())
        {
            AssertInvariants();
            while (s_posts.Count > 0 || s_isTelling)
                s_gate.Wait();
        }
    }

    private static bool TryStartUnderGate()
    {
        if (s_isStarted)
            return true;
        try
        {
            StoreThread.Start("LsmMmap telemetry", Run, isOfProcess: true);
            s_isStarted = true;
        }
        catch (OutOfMemoryException)
        {
            // The system has no thread to give. What posts is worth more than what it tells.
        }
        return s_isStarted;
    }

    private static void Run()
    {
        while (true)
        {
            Action post = Take();
            try
            {
                post();
            }
            catch (Exception)
            {
                using (s_gate.Hold())
                    s_lostCount++;
            }
        }
    }

    private static Action Take()
    {
        using (s_gate.Hold())
        {
            AssertInvariants();
            s_isTelling = false;
            if (s_posts.Count == 0)
                s_gate.PulseAll();
            while (s_posts.Count == 0)
                s_gate.Wait();
            s_isTelling = true;
            return s_posts.Dequeue();
        }
    }

    [Conditional("DEBUG")]
    private static void AssertInvariants()
    {
        Debug.Assert(s_gate.IsHeld, "posts are under their lock");
        Debug.Assert(s_isStarted || s_posts.Count == 0, "what is posted will be told");
    }
}
