// A thread of the store's own, and how it is waited for. Waiting for its end cannot be broken by
// Thread.Interrupt, as no wait of the engine can.
// Threads: Join from any.

using System.Diagnostics;

namespace LsmMmap.Engine.Waiting;

internal sealed class StoreThread
{
    private readonly Thread _thread;

    private StoreThread(string name, Action body, bool isBackground, bool isOfProcess,
        ThreadPriority priority)
    {
        if (!isOfProcess)
            SchedulePoint.Adopt(this, ref body);
        _thread = new Thread(() => body())
        {
            IsBackground = isBackground,
            Name = name,
            Priority = priority,
        };
    }

    /// <summary>Starts a thread; one of the process serves all stores, so no test that
    /// happens to start it decides about it.</summary>
    public static StoreThread Start(
        string name, Action body, bool isBackground = true, bool isOfProcess = false,
        ThreadPriority priority = ThreadPriority.Normal)
    {
        Debug.Assert(name.StartsWith("LsmMmap", StringComparison.Ordinal), "threads name us");
        var thread = new StoreThread(name, body, isBackground, isOfProcess, priority);
        // What flows with the caller's context ends with its call, not with our thread.
        thread._thread.UnsafeStart();
        return thread;
    }

    /// <summary>Waits until the thread has ended.</summary>
    public void Join()
    {
        bool isDone = false;
        SchedulePoint.Join(this, ref isDone);
        while (!isDone)
        {
            try
            {
                _thread.Join();
                isDone = true;
            }
            catch (ThreadInterruptedException)
            {
                Gate.KeepInterrupt();
            }
        }
        Gate.RaiseKeptInterrupt();
    }
}
