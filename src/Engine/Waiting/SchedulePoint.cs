// Where a test may decide which thread goes on. Between two points a thread touches shared state
// at most once, so whoever chooses at every point plays every order that a sequentially
// consistent machine could.
//
// In Release nothing of it is left. With assertions on, a point costs the look at one field of
// the thread, which is null everywhere but on threads that a test has made.
// Threads: any; the schedule belongs to the thread, and to the threads that it starts.

using System.Diagnostics;

namespace LsmMmap.Engine.Waiting;

/// <summary>Runs threads one at a time and is asked at every point who is next.</summary>
internal interface ISchedule
{
    /// <summary>The thread is about to touch what others touch.</summary>
    void Reach(string point);

    /// <summary>Returns when the gate is free. Nobody takes it before the caller does.</summary>
    void BeforeEnter(Gate gate);

    /// <summary>Lets go of the gate, sleeps until it is pulsed, and has it again.</summary>
    void Wait(Gate gate, bool hasTimeout);

    void Pulse(Gate gate, bool all);

    /// <summary>A thread is started: what it runs instead, or the same.</summary>
    Action Adopt(StoreThread thread, Action body);

    /// <summary>Returns when the thread has ended; false when it is not one of its own.</summary>
    bool Join(StoreThread thread);

    /// <summary>Takes a retired object instead of the process's reclaimer.</summary>
    bool TakeRetired(object item);
}

internal static class SchedulePoint
{
    [ThreadStatic]
    private static ISchedule? t_current;

    /// <summary>Who decides for this thread; null is the system.</summary>
    public static ISchedule? Current
    {
        get => t_current;
        set => t_current = value;
    }

    [Conditional("DEBUG")]
    public static void Reach(string point) => t_current?.Reach(point);

    [Conditional("DEBUG")]
    public static void BeforeEnter(Gate gate) => t_current?.BeforeEnter(gate);

    [Conditional("DEBUG")]
    public static void Wait(Gate gate, bool hasTimeout, ref bool isDone)
    {
        Debug.Assert(gate.IsHeld, "only the holder waits on a gate");
        if (t_current == null)
            return;
        t_current.Wait(gate, hasTimeout);
        isDone = true;
    }

    /// <summary>Under a schedule nobody waits by looking: no other thread runs meanwhile.
    /// </summary>
    [Conditional("DEBUG")]
    public static void Skip(ref bool isSkipped) => isSkipped = t_current != null;

    [Conditional("DEBUG")]
    public static void Pulse(Gate gate, bool all) => t_current?.Pulse(gate, all);

    [Conditional("DEBUG")]
    public static void Adopt(StoreThread thread, ref Action body) =>
        body = t_current?.Adopt(thread, body) ?? body;

    [Conditional("DEBUG")]
    public static void Join(StoreThread thread, ref bool isDone) =>
        isDone = t_current != null && t_current.Join(thread);

    [Conditional("DEBUG")]
    public static void Retire(object item, ref bool isTaken) =>
        isTaken = t_current != null && t_current.TakeRetired(item);
}
