// The files of a case on disk, and the ends of a damaged store: what it throws while it compacts or
// closes is typed, or has a typed damage for its cause. Threads: one.


namespace LsmMmap.Fuzz.Tests;

internal static class StoreDisk
{
    public static void Write(string home, SortedDictionary<string, byte[]> files)
    {
        Directory.CreateDirectory(home);
        foreach ((string name, byte[] content) in files)
            File.WriteAllBytes(Path.Combine(home, name), content);
    }

    public static void Remove(string home) => Directory.Delete(home, recursive: true);

    /// <summary>Opens once more and reads everything.</summary>
    public static void ReadAgain(FuzzCase the, StoreJudge judge, Func<LsmStore> open)
    {
        LsmStore? store = null;
        if (!FuzzCase.Attempt(() => store = open()))
            return;
        using var closing = new ClosingStore(store!);
        new StoreReads(the, store!, judge).All();
    }

    /// <summary>Runs work that may fail because of damage, then or earlier.</summary>
    public static void Attempt(Action work)
    {
        try
        {
            work();
        }
        catch (LsmException e)
        {
            Exception? cause = e;
            while (cause is not (null or CorruptionException or FormatVersionException))
                cause = cause.InnerException;
            FuzzCase.Check(cause != null, $"a failure without damage as its cause: {e}");
        }
    }
}

/// <summary>Closes a store whose last flush may meet the damage.</summary>
internal sealed class ClosingStore(LsmStore store) : IDisposable
{
    public void Dispose() => StoreDisk.Attempt(store.Dispose);
}
