// Keeps what the store has let go of, mappings and memory of memtables, as ranges without any
// right, so that whoever touches one of them ends the process for certain, where a range that was
// really given back would often be in use again by then and read as something else.
//
// The oldest ranges are given back when there are so many that the system's limit on mappings
// would come near.
// Threads: any.

using LsmMmap.Engine.Files;
using LsmMmap.Engine.Memory;

namespace LsmMmap.Real.Child;

internal static class DeadRanges
{
    private const int RangesMax = 8_000;

    private static readonly Lock s_gate = new();
    private static readonly Queue<Action> s_dead = new();
    private static readonly Dictionary<nint, long> s_chunks = [];
    private static long s_count;

    /// <summary>How many ranges have been made inaccessible.</summary>
    public static long Count => Interlocked.Read(ref s_count);

    /// <summary>Before the first store of the process is opened.</summary>
    public static void Install()
    {
        TableFile.GiveMappingsTo(static (address, bytes, owner) => Bury(
            address, Pages(bytes), owner.Dispose));
        Arena.TakeMemoryFrom(Allocate, Free);
    }

    private static long Pages(long bytes) =>
        (bytes + NativeCalls.PageBytes - 1) & -NativeCalls.PageBytes;

    private static void Bury(nint address, long bytes, Action giveBack)
    {
        NativeCalls.ReplaceByNothing(address, bytes);
        Interlocked.Increment(ref s_count);
        Action? oldest = null;
        lock (s_gate)
        {
            s_dead.Enqueue(giveBack);
            if (s_dead.Count > RangesMax)
                oldest = s_dead.Dequeue();
        }
        oldest?.Invoke();
    }

    private static nint Allocate(nuint bytes)
    {
        long pages = Pages((long)bytes);
        nint address = NativeCalls.AllocatePages(pages);
        lock (s_gate)
            s_chunks.Add(address, pages);
        return address;
    }

    private static void Free(nint address)
    {
        long bytes;
        lock (s_gate)
            s_chunks.Remove(address, out bytes);
        Bury(address, bytes, () => NativeCalls.FreePages(address, bytes));
    }
}
