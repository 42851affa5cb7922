// The lock of the engine: a monitor that Thread.Interrupt cannot break. An exception in the
// middle of a commit would lose the right to lead, and every other writer with it, so an
// interrupt that comes while a thread waits here is kept for it: it is raised again when the
// gate is let go, and hits the first wait of the caller's own.
//
// With assertions on, a test may decide at every entry and wait who goes on (SchedulePoint). The
// gates of the whole process are left out of that: threads that no test knows of take them.
// Threads: any.

using System.Diagnostics;

namespace LsmMmap.Engine.Waiting;

internal sealed class Gate(bool isOfProcess = false)
{
    [ThreadStatic]
    private static bool t_wasInterrupted;

    /// <summary>Whether the calling thread holds it.</summary>
    public bool IsHeld => Monitor.IsEntered(this);

    /// <summary>Takes the gate: <c>using (gate.Hold())</c>.</summary>
    public Holding Hold()
    {
        if (!isOfProcess)
            SchedulePoint.BeforeEnter(this);
        if (!Monitor.TryEnter(this))
            EnterSlowly();
        return new Holding(this);
    }

    /// <summary>Lets go of the gate until it is pulsed, and takes it again. May return without a
    /// pulse, so it stands in a loop over its condition. Requires: held once.</summary>
    public void Wait(int timeoutMs = Timeout.Infinite)
    {
        bool isDone = false;
        if (!isOfProcess)
            SchedulePoint.Wait(this, timeoutMs != Timeout.Infinite, ref isDone);
        if (isDone)
            return;
        try
        {
            Monitor.Wait(this, timeoutMs);
        }
        catch (ThreadInterruptedException)
        {
            t_wasInterrupted = true;
        }
        Debug.Assert(IsHeld, "an interrupted wait has the gate again");
    }

    public void Pulse()
    {
        SchedulePoint.Pulse(this, all: false);
        Monitor.Pulse(this);
    }

    public void PulseAll()
    {
        SchedulePoint.Pulse(this, all: true);
        Monitor.PulseAll(this);
    }

    /// <summary>Raises what was kept. Outside of every wait of the engine.</summary>
    internal static void RaiseKeptInterrupt()
    {
        if (!t_wasInterrupted)
            return;
        t_wasInterrupted = false;
        Thread.CurrentThread.Interrupt();
    }

    /// <summary>An interrupt that a wait of the engine has swallowed.</summary>
    internal static void KeepInterrupt() => t_wasInterrupted = true;

    private void EnterSlowly()
    {
        while (true)
        {
            bool isTaken = false;
            try
            {
                Monitor.Enter(this, ref isTaken);
                return;
            }
            catch (ThreadInterruptedException)
            {
                t_wasInterrupted = true;
                if (isTaken)
                    return;
            }
        }
    }

    /// <summary>The time that the gate is held.</summary>
    internal readonly ref struct Holding(Gate gate)
    {
        public void Dispose()
        {
            Debug.Assert(gate.IsHeld, "a gate is let go by its holder");
            Monitor.Exit(gate);
            RaiseKeptInterrupt();
        }
    }
}
