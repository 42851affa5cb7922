// What an action allocates, for tests of paths that must allocate nothing. Tests of rooms below the
// engine compile this file themselves.
// Threads: the caller's alone is counted.

namespace LsmMmap.Testing;

internal static class Allocated
{
    private const int Rounds = 5;

    /// <summary>The least that one of five runs allocates, after one that warms up. A collection
    /// that another test causes can put the unused rest of the thread's allocation block on one
    /// run's account, never on each.</summary>
    public static long FewestBytes(Action action)
    {
        action();
        long fewest = long.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            fewest = Math.Min(fewest, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return fewest;
    }
}
