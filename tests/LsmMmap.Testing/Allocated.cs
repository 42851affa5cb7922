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
    public static long FewestBytes(Action action) => FewestBytesOfMade(() => action);

    /// <summary>The same where each run needs something of its own, so that all of them do the
    /// same: it is made, and warmed, by what returns the action.</summary>
    public static long FewestBytesOfMade(Func<Action> make)
    {
        make()();
        long fewest = long.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            Action action = make();
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            fewest = Math.Min(fewest, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return fewest;
    }
}
