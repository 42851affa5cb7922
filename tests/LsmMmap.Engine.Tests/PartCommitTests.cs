// Compactions of level 0 that commit part by part: what lies in a finished part is given back
// before the next one is written, and when a later part fails the store is none the worse, although
// entries then stand on two levels.

using LsmMmap.Engine.Files;
using LsmMmap.Engine.Lifetimes;
using LsmMmap.Engine.State;
using LsmMmap.Testing;
using LsmMmap.Testing.Crash;
using Xunit.Abstractions;

namespace LsmMmap.Engine.Tests;

public sealed class PartCommitTests(ITestOutputHelper output) : StoreTest
{
    private const int KeyCount = 6_000;

    private static readonly StoreOptions s_options = new()
    {
        BackgroundThreads = 1,
        DefaultKeyspace = new KeyspaceOptions { TableBytes = 64 << 10 },
    };

    [Fact]
    public void Compact_OfSeveralParts_GivesBackTablesBeforeItEnds()
    {
        var files = new TableCounter(LocalFileSystem.Instance);
        using LsmStore store = Track(LsmStore.Open(Home, s_options, files));
        Fill(store, files);
        store.WaitForIdle();
        Reclaimer.WaitUntilIdle();
        string[] before = StoreFiles.Tables(Home);
        files.AtCreate = _ =>
        {
            Reclaimer.WaitUntilIdle();
            return before.Count(File.Exists);
        };
        store.Compact();
        output.WriteLine($"of {before.Length} tables stood: {string.Join(' ', files.Seen)}");
        Assert.Equal(before.Length, files.Seen[0]);
        Assert.InRange(files.Seen[^1], 1, before.Length / 3);
        Assert.Equal(files.Seen.OrderDescending(), files.Seen);
    }

    // An entry of a finished part has no sequence, and looked older than the range tombstone of
    // level 0 that it is newer than: its table was dropped as covered, and the compaction's end
    // took the other copy.
    [Fact]
    public void Compact_WhileCoveredTablesAreLookedFor_KeepsWhatHasComeDown()
    {
        var files = new TableCounter(LocalFileSystem.Instance);
        using LsmStore store = Track(LsmStore.Open(Home, s_options, files));
        for (int key = 0; key < KeyCount; key++)
            store.Put(Bytes.Number(key), Bytes.Value(key, 300));
        store.Compact();
        // No table of the last level is covered, but what is made of large values will be.
        for (int key = 0; key < KeyCount; key += 100)
            store.DeleteRange(Bytes.Number(key + 5), Bytes.Number(key + 95));
        for (int key = 0; key < KeyCount; key++)
            store.Put(Bytes.Number(key), Bytes.Value(key + 1, 3_000));
        store.Flush();
        CoveredState looks = store.Default.Tree.Covered;
        files.AtCreate = number =>
        {
            if (number == 60)
            {
                // Another tombstone, so that the background thread looks.
                files.AtCreate = null;
                store.DeleteRange(Bytes.Number(KeyCount), Bytes.Number(KeyCount + 1));
                store.Flush();
                Eventually.True(() => !looks.IsDue && !looks.IsRunning, "tables are looked for");
            }
            return number;
        };
        store.Compact();
        Assert.Null(files.AtCreate);
        for (int key = 0; key < KeyCount; key++)
            Assert.Equal(Bytes.Value(key + 1, 3_000), store.Get(Bytes.Number(key)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Compact_ThatFailsInALaterPart_LosesNothingAndCanBeDoneAgain(bool holdsSnapshot)
    {
        output.WriteLine(Seeds.Describe(Seeds.Base));
        int failed = 0;
        for (int refused = 1; refused < 100; refused += 2)
        {
            var model = new SortedDictionary<int, byte[]>();
            string home = Path.Combine(Home, $"{holdsSnapshot}{refused}");
            var random = new Random(Seeds.Base + refused);
            if (!FailAt(refused, home, model, random, holdsSnapshot))
                break;
            failed++;
            using LsmStore store = Track(LsmStore.Open(home, s_options));
            Check(store, model, random);
            Assert.Equal(0, store.Verify().DamageCount);
            store.DeleteRange(Bytes.Number(10), Bytes.Number(20));
            for (int key = 10; key < 20; key++)
                model.Remove(key);
            store.Compact();
            Check(store, model, random);
        }
        Assert.InRange(failed, 6, 49);
    }

    private bool FailAt(
        int refused, string home, SortedDictionary<int, byte[]> model, Random random,
        bool holdsSnapshot)
    {
        var files = new TableCounter(LocalFileSystem.Instance);
        using LsmStore store = Track(LsmStore.Open(home, s_options, files));
        Write(store, model, random, 2 * KeyCount);
        store.Compact();
        Write(store, model, random, KeyCount / 2);
        using Snapshot? snapshot = holdsSnapshot ? store.CreateSnapshot() : null;
        var then = new SortedDictionary<int, byte[]>(model);
        Write(store, model, random, KeyCount / 2);
        store.Flush();
        files.AtCreate = count => count < refused
            ? 0 : throw new LsmException("no more tables");
        bool hasFailed = Record.Exception(() => store.Compact()) is LsmException;
        Check(store, model, random);
        if (snapshot != null)
            Check(snapshot, then, random);
        return hasFailed;
    }

    private static void Write(
        LsmStore store, SortedDictionary<int, byte[]> model, Random random, int count)
    {
        for (int i = 0; i < count; i++)
        {
            int key = random.Next(KeyCount);
            switch (random.Next(40))
            {
                case 0:
                    int end = Math.Min(KeyCount, key + random.Next(20));
                    if (end == key)
                        break;
                    store.DeleteRange(Bytes.Number(key), Bytes.Number(end));
                    for (int gone = key; gone < end; gone++)
                        model.Remove(gone);
                    break;
                case < 6:
                    store.Delete(Bytes.Number(key));
                    model.Remove(key);
                    break;
                default:
                    model[key] = Bytes.Value(random.Next(), 300);
                    store.Put(Bytes.Number(key), model[key]);
                    break;
            }
        }
    }

    private static void Check(
        IReadView view, SortedDictionary<int, byte[]> model, Random random)
    {
        for (int key = 0; key < KeyCount; key++)
            Assert.Equal(model.GetValueOrDefault(key), view.Get(Bytes.Number(key)));
        int[] keys = [.. model.Keys];
        using Cursor cursor = view.CreateCursor();
        int at = 0;
        Assert.True(cursor.SeekToFirst());
        for (int step = 0; step < 4 * keys.Length; step++)
        {
            Assert.Equal(Bytes.Number(keys[at]), cursor.Key.ToArray());
            Assert.Equal(model[keys[at]], cursor.Value.ToArray());
            bool forward = at == 0 || (at < keys.Length - 1 && random.Next(3) > 0);
            at += forward ? 1 : -1;
            Assert.True(forward ? cursor.MoveNext() : cursor.MovePrevious());
        }
    }

    private static void Fill(LsmStore store, TableCounter files)
    {
        var model = new SortedDictionary<int, byte[]>();
        Write(store, model, new Random(1), 3 * KeyCount);
        store.Compact();
        Write(store, model, new Random(2), KeyCount / 2);
        store.Flush();
        files.AtCreate = null;
    }

    /// <summary>Asked at every file that is made, with its number.</summary>
    private sealed class TableCounter(IFileSystem inner) : ForwardingFileSystem(inner)
    {
        private int _count;

        public Func<int, int>? AtCreate { get; set; }

        public List<int> Seen { get; } = [];

        public override DurableFile Create(string path, long reservedBytes = 0)
        {
            if (AtCreate is { } ask)
                Seen.Add(ask(++_count));
            return base.Create(path, reservedBytes);
        }
    }
}
