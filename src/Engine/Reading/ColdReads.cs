// The threads that wait for the disk on behalf of GetAsync, so that no thread of the pool does.
// They serve all stores of the process, are started as requests find none idle, up to as many as
// a disk has use for, and end after some seconds without work.
//
// A positioned read has no asynchronous form here that page-cached files profit from, so a wait is
// a thread. What it costs is a switch to it and one from it, a tenth of what the disk takes.
// Threads: any may queue. The gate guards the queue and the counts, never a read.
// Source: pending reads of FASTER; the pool of libuv.

using System.Diagnostics;
using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.Reading;

internal static class ColdReads
{
    /// <summary>Reads that wait at once: what keeps a solid-state disk busy.</summary>
    public const int ThreadsMax = 32;

    private const int IdleMs = 10_000;

    private static readonly Gate s_gate = new(isOfProcess: true);
    private static ReadRequest? s_first;
    private static ReadRequest? s_last;
    private static int s_queued;
    private static int s_threads;

    // Threads that wait for a request, the woken ones that have not come round to it included.
    private static int s_idle;

    /// <summary>Hands a request to a thread that may wait.</summary>
    /// <exception cref="OutOfMemoryException">The system gave no thread, and none is there.
    /// </exception>
    public static void Queue(ReadRequest request)
    {
        using (s_gate.Hold())
        {
            AssertInvariants();
            Append(request);
            if (s_queued <= s_idle)
                s_gate.Pulse();
            else if (s_threads < ThreadsMax)
                StartThread();
        }
    }

    /// <summary>Requires: the gate, and a request in the queue.</summary>
    private static void StartThread()
    {
        s_threads++;
        try
        {
            StoreThread.Start("LsmMmap read", Serve, isOfProcess: true);
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            s_threads--;
            if (s_threads > 0)
                return;
            // Nobody would ever serve it. It is alone: without threads nothing waits here.
            Take();
            throw;
        }
    }

    private static void Serve()
    {
        while (Next() is { } request)
            request.Run();
    }

    /// <summary>The next request; null when none came for a while.</summary>
    private static ReadRequest? Next()
    {
        using (s_gate.Hold())
        {
            AssertInvariants();
            s_idle++;
            long start = Stopwatch.GetTimestamp();
            double leftMs = IdleMs;
            while (s_first == null && leftMs >= 1)
            {
                s_gate.Wait((int)leftMs);
                leftMs = IdleMs - Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }
            s_idle--;
            if (s_first != null)
                return Take();
            s_threads--;
            return null;
        }
    }

    private static void Append(ReadRequest request)
    {
        Debug.Assert(request.Next == null, "a request is queued once");
        if (s_last == null)
            s_first = request;
        else
            s_last.Next = request;
        s_last = request;
        s_queued++;
    }

    private static ReadRequest Take()
    {
        Debug.Assert(s_queued > 0, "what is taken was queued");
        ReadRequest request = s_first!;
        s_first = request.Next;
        request.Next = null;
        s_queued--;
        if (s_first == null)
            s_last = null;
        return request;
    }

    [Conditional("DEBUG")]
    private static void AssertInvariants()
    {
        Debug.Assert(s_gate.IsHeld, "the queue is under its lock");
        Debug.Assert((s_first == null) == (s_queued == 0), "the count is the queue's");
        Debug.Assert(s_idle <= s_threads, "idle threads are threads");
    }
}
