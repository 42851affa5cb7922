// Compactions that several threads merge: the result is that of one thread, for every reader, and
// when one part fails the store holds what it held.

using System.Collections.Concurrent;
using LsmMmap.Engine.Files;
using LsmMmap.Testing;
using LsmMmap.Testing.Crash;
using Xunit.Abstractions;

namespace LsmMmap.Engine.Tests;

public sealed class CompactionPartTests(ITestOutputHelper output) : StoreTest
{
    private const int KeyCount = 12_000;
    private const string PartThread = "LsmMmap compaction part";

    private static readonly StoreOptions s_options = new()
    {
        BackgroundThreads = 4,
        DefaultKeyspace = new KeyspaceOptions { TableBytes = 64 << 10 },
    };

    [Fact]
    public void Compact_WithFreeThreads_IsSharedAndLosesNothing()
    {
        output.WriteLine(Seeds.Describe(Seeds.Base));
        var random = new Random(Seeds.Base);
        var files = new WriterNames(LocalFileSystem.Instance);
        using LsmStore store = Track(LsmStore.Open(Home, s_options, files));
        var now = new Dictionary<int, byte[]>();
        Write(store, now, random, count: 3 * KeyCount);
        store.Compact();
        Write(store, now, random, count: KeyCount);
        DeleteRange(store, now, KeyCount / 3, KeyCount / 2);
        var then = new Dictionary<int, byte[]>(now);
        using Snapshot snapshot = store.CreateSnapshot();
        Write(store, now, random, count: KeyCount);
        DeleteRange(store, now, KeyCount / 4, 2 * KeyCount / 5);
        store.Flush();
        files.Names.Clear();
        files.AwaitsParts = true;
        store.Compact();
        Assert.Contains(PartThread, files.Names);
        for (int key = 0; key < KeyCount; key++)
        {
            Assert.Equal(now.GetValueOrDefault(key), store.Get(Bytes.Number(key)));
            Assert.Equal(then.GetValueOrDefault(key), snapshot.Get(Bytes.Number(key)));
        }
        Assert.Equal(now.Count, Count(store));
        Assert.Equal(then.Count, Count(snapshot));
        Assert.Equal(0, store.Verify().DamageCount);
    }

    [Fact]
    public void Compact_WhenOnePartFails_LeavesNoTableThatIsNotInTheTree()
    {
        var files = new WriterNames(LocalFileSystem.Instance);
        using LsmStore store = Track(LsmStore.Open(Home, s_options, files));
        var now = new Dictionary<int, byte[]>();
        Write(store, now, new Random(1), count: 3 * KeyCount);
        store.Compact();
        Write(store, now, new Random(2), count: KeyCount);
        store.Flush();
        files.RefusedName = PartThread;
        files.AwaitsParts = true;
        LsmException failure = Assert.ThrowsAny<LsmException>(() => store.Compact());
        Assert.Contains(PartThread, failure.Message);
        Eventually.True(
            () => StoreFiles.Tables(Home).Length == store.GetStatistics().TableCount,
            "what other parts made and did not commit is gone");
        Assert.Equal(now.Count, Count(store));
        Assert.Empty(Directory.GetFiles(Home, "*.tmp"));
        files.RefusedName = null;
        files.AwaitsParts = false;
        store.Compact();
        Assert.Equal(now.Count, Count(store));
    }

    private static void Write(
        LsmStore store, Dictionary<int, byte[]> model, Random random, int count)
    {
        for (int i = 0; i < count; i++)
        {
            int key = random.Next(KeyCount);
            if (random.Next(8) == 0)
            {
                store.Delete(Bytes.Number(key));
                model.Remove(key);
                continue;
            }
            byte[] value = Bytes.Value(random.Next(), 100);
            store.Put(Bytes.Number(key), value);
            model[key] = value;
        }
    }

    private static void DeleteRange(LsmStore store, Dictionary<int, byte[]> model, int from, int to)
    {
        store.DeleteRange(Bytes.Number(from), Bytes.Number(to));
        for (int key = from; key < to; key++)
            model.Remove(key);
    }

    /// <summary>Knows which threads make tables, refuses those of one name, and lets the caller
    /// make none before another thread has tried: parts go to whoever is first.</summary>
    private sealed class WriterNames(IFileSystem inner) : ForwardingFileSystem(inner)
    {
        private readonly TaskCompletionSource _partBegan = new();
        private volatile string? _refused;

        public ConcurrentBag<string> Names { get; } = [];

        public bool AwaitsParts { get; set; }

        public string? RefusedName
        {
            get => _refused;
            set => _refused = value;
        }

        public override DurableFile Create(string path, long reservedBytes = 0)
        {
            string name = Thread.CurrentThread.Name ?? "";
            Names.Add(name);
            if (name == PartThread)
                _partBegan.TrySetResult();
            else if (AwaitsParts)
                Assert.True(_partBegan.Task.Wait(TimeSpan.FromSeconds(30)), "parts are shared");
            return name == _refused
                ? throw new LsmException($"no file for {name}")
                : base.Create(path, reservedBytes);
        }
    }
}
