// What a compaction makes of tables that are being read is touched before readers come to it; of
// others it is left alone.

using LsmMmap.Engine.Files;
using LsmMmap.Engine.Tests.Regression;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Format;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class WarmOutputsTests : StoreTest
{
    private const int KeyCount = 4_000;

    private readonly FaultyFiles _files = new();

    [Theory]
    [InlineData(1, true)]
    [InlineData(400, false)]
    public void Compact_OfTablesThatAreRead_TouchesWhatItWrites(int keysApart, bool isTouched)
    {
        using LsmStore store = Open(Compression.None);
        CheckAll(store, keysApart);
        store.Compact();
        Assert.NotEmpty(TablesOf(store));
        Assert.All(TablesOf(store), table => Assert.Equal(isTouched, table.IsOpen));
        CheckAll(store);
    }

    [Fact]
    public void Compact_OfWarmTablesThatNobodyReads_LetsThemGoCold()
    {
        using LsmStore store = Open(Compression.None);
        CheckAll(store);
        store.Compact();
        Assert.All(TablesOf(store), static table => Assert.True(table.IsOpen));
        for (int key = 0; key < KeyCount; key++)
            store.Put(Bytes.Number(key), Bytes.Value(key, 300));
        store.Flush();
        store.Compact();
        Assert.All(TablesOf(store), static table => Assert.False(table.IsOpen));
    }

    [Fact]
    public void Compact_OfCompressedTables_RemembersNoTouch()
    {
        using LsmStore store = Open(Compression.Lz4);
        CheckAll(store);
        store.Compact();
        Assert.All(TablesOf(store), static table => Assert.False(table.IsOpen));
    }

    // An output that nobody has asked for yet is no reason to end a compaction for want of file
    // descriptors.
    [Fact]
    public void Compact_WhoseOutputCannotBeOpenedNow_SucceedsAllTheSame()
    {
        using LsmStore store = Open(Compression.None);
        CheckAll(store);
        int refused = 0;
        _files.MakeTable = (path, _, _) =>
        {
            refused++;
            throw IoFailure.Of("open", path, new IOException("Too many open files", 24));
        };
        store.Compact();
        Assert.Equal(TablesOf(store).Length, refused);
        _files.MakeTable = null;
        CheckAll(store);
    }

    [Fact]
    public void Compact_WhoseOutputIsSpoiled_KeepsItsInputs()
    {
        using LsmStore store = Open(Compression.None);
        CheckAll(store);
        Table[] inputs = TablesOf(store);
        _files.MakeTable = (path, bytes, map) =>
        {
            _files.MakeTable = null;
            StoreFiles.Flip(path, TableLayout.PageBytes + 100);
            return LocalFileSystem.Instance.OpenTable(path, bytes, map);
        };
        Assert.Throws<CorruptionException>(() => store.Compact());
        Assert.Equal(inputs, TablesOf(store));
        CheckAll(store);
        store.Compact();
        CheckAll(store);
    }

    private static void CheckAll(LsmStore store, int keysApart = 1)
    {
        for (int key = 0; key < KeyCount; key += keysApart)
            Assert.Equal(Bytes.Value(key, 300), store.Get(Bytes.Number(key)));
    }

    private LsmStore Open(Compression compression)
    {
        LsmStore store = Track(LsmStore.Open(Home, new StoreOptions
        {
            BackgroundThreads = 1,
            ReadMode = ReadMode.Direct,
            DefaultKeyspace = new KeyspaceOptions
            {
                TableBytes = 256 << 10,
                CompressionPerLevel = [compression],
            },
        }, _files));
        for (int key = 0; key < KeyCount; key++)
            store.Put(Bytes.Number(key), Bytes.Value(key, 300));
        store.Flush();
        return store;
    }

    private static Table[] TablesOf(LsmStore store) =>
        [.. store.Default.Tree.Version.AllTables()];
}
