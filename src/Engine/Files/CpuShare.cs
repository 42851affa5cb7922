// How much of the processors a thread of the store's own gets when there are more threads than
// processors. .NET sets no priorities on Linux, so compaction would take turns with the threads
// that read and write, each turn of it 4 ms that a commit may wait.
//
// Linux: setpriority with 0 is about the calling thread. Elsewhere nothing happens.
// Threads: any, each for itself. Source: setpriority(2), sched(7).

using System.Diagnostics;
using System.Runtime.InteropServices;

namespace LsmMmap.Engine.Files;

internal static class CpuShare
{
    // Each step is a fifth less: a thread at 5 gets a quarter of a contended processor.
    private const int BackgroundNice = 5;
    private const int OfProcess = 0;

    /// <summary>The calling thread gives way to those of the program. Failure changes nothing.
    /// </summary>
    public static void GiveWay()
    {
        Debug.Assert(
            !Thread.CurrentThread.IsThreadPoolThread, "a thread of the pool is not the store's");
        if (OperatingSystem.IsLinux())
            _ = Unix.SetPriority(OfProcess, 0, BackgroundNice);
    }

    private static class Unix
    {
        [DllImport("libc", EntryPoint = "setpriority")]
        internal static extern int SetPriority(int which, uint who, int nice);
    }
}
