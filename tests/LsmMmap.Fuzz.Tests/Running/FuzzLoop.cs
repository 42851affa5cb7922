// The child's side of a run: case after case, each with its number in the black box first, and
// with an eye on what it allocates. Ends at the first bad case. One thread.

using LsmMmap.Testing;

namespace LsmMmap.Fuzz.Tests;

internal static class FuzzLoop
{
    /// <summary>No file here is larger than a few hundred KiB, so no read needs this much.
    /// </summary>
    private const long AllocatedBytesMax = 64L << 20;

    public static int Run(
        string fuzz, long first, long count, BlackBox box, TextWriter output)
    {
        int seed = Seeds.Base;
        bool isLoud = count == 1;
        IFuzz target = FuzzList.Make(fuzz, seed, box);
        try
        {
            for (long number = first; number < first + count; number++)
            {
                var the = new FuzzCase(seed, fuzz, number, isLoud ? output : null);
                box.Case = number;
                if (!TryRun(target, the, output))
                    return 1;
                box.Done++;
            }
            return 0;
        }
        finally
        {
            (target as IDisposable)?.Dispose();
        }
    }

    private static bool TryRun(IFuzz target, FuzzCase the, TextWriter output)
    {
        long before = GC.GetTotalAllocatedBytes();
        try
        {
            target.Run(the);
        }
        catch (Exception e)
        {
            output.WriteLine($"case {the.Number}: {the.Words}");
            output.WriteLine(e is FuzzFindException ? e.Message : e);
            return false;
        }
        long allocated = GC.GetTotalAllocatedBytes() - before;
        if (allocated <= AllocatedBytesMax)
            return true;
        output.WriteLine($"case {the.Number}: {the.Words}");
        output.WriteLine($"it allocated {allocated} bytes");
        return false;
    }
}
