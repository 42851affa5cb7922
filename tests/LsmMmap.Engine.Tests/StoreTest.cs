// What most test classes share: a folder, the stores opened in it, and a few ways to fill them.
// xunit makes one object per test, so nothing here outlives a test.

using LsmMmap.Engine.Lifetimes;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public abstract class StoreTest : IDisposable
{
    private readonly List<LsmStore> _stores = [];

    protected TemporaryFolder Folder { get; } = new();

    /// <summary>The directory of the store under test; it does not exist before Open.</summary>
    protected string Home => Folder["store"];

    public virtual void Dispose()
    {
        // A pin that a test forgets would make reads of later tests on this thread copy.
        Assert.Equal(0, ReaderSlots.HeldByThisThread);
        foreach (LsmStore store in _stores)
            store.Dispose();
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens the store in <see cref="Home"/>; the test's end disposes it.</summary>
    protected LsmStore Open(StoreOptions? options = null) => Open(Home, options);

    protected LsmStore Open(string directory, StoreOptions? options = null)
    {
        LsmStore store = LsmStore.Open(directory, options);
        _stores.Add(store);
        return store;
    }

    /// <summary>A store that was opened otherwise; the test's end disposes it.</summary>
    private protected LsmStore Track(LsmStore store)
    {
        _stores.Add(store);
        return store;
    }

    /// <summary>A store whose clock stands until the test moves it, and a rate: they hold
    /// compactions, and no flush.</summary>
    protected LsmStore OpenPaced(TimeProvider clock, int memtableBytes) => Open(new StoreOptions
    {
        TimeProvider = clock,
        BackgroundBytesPerSecond = 64 << 10,
        DefaultKeyspace = { MemtableBytes = memtableBytes },
    });

    protected LsmStore OpenReadOnly()
    {
        LsmStore store = LsmStore.OpenReadOnly(Home);
        _stores.Add(store);
        return store;
    }

    /// <summary>What the kill of this process would leave of the store in Home.</summary>
    protected string ImageOfHome(string name = "image")
    {
        StoreFiles.Copy(Home, Folder[name]);
        return Folder[name];
    }

    /// <summary>Keys 0..count-1 as eight bytes, each with the value that follows from it.</summary>
    protected static void Fill(LsmStore store, int count, int valueBytes = 100, int from = 0)
    {
        for (int i = from; i < from + count; i++)
            store.Put(Bytes.Number(i), Bytes.Value(i, valueBytes));
    }

    /// <summary>Until compactions wait for space, while level 0 has room: once it is full, that is
    /// what stops writers, and says so.</summary>
    protected static void AwaitPause(LsmStore store) => Eventually.True(
        () => store.GetStatistics().PauseReason != null, "compactions wait for space");

    /// <summary>The keys of a view, in the order in which a cursor meets them.</summary>
    protected static List<string> Keys(IReadView view)
    {
        List<string> keys = [];
        foreach (KeyValueView entry in view.Range([], []))
            keys.Add(System.Text.Encoding.UTF8.GetString(entry.Key));
        return keys;
    }

    protected static int Count(IReadView view)
    {
        int count = 0;
        foreach (KeyValueView _ in view.Range([], []))
            count++;
        return count;
    }

    /// <summary>Whether a message names a number, with or without separators.</summary>
    protected static void AssertNames(long number, string message) =>
        Assert.Contains(
            number.ToString(), message.Replace(",", "", StringComparison.Ordinal),
            StringComparison.Ordinal);
}
