// What a compaction makes of tables that are being read is touched before readers come to it; of
// others it is left alone.

using LsmMmap.Engine.Versions;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class WarmOutputsTests : StoreTest
{
    private const int KeyCount = 4_000;

    [Theory]
    [InlineData(1, true)]
    [InlineData(400, false)]
    public void Compact_OfTablesThatAreRead_TouchesWhatItWrites(int keysApart, bool isTouched)
    {
        using LsmStore store = Open(Compression.None);
        for (int key = 0; key < KeyCount; key += keysApart)
            Assert.Equal(Bytes.Value(key, 300), store.Get(Bytes.Number(key)));
        store.Compact();
        Assert.NotEmpty(TablesOf(store));
        Assert.All(TablesOf(store), table => Assert.Equal(
            isTouched, table.IsOpen && table.Reader.IsMostlyTouched));
        for (int key = 0; key < KeyCount; key++)
            Assert.Equal(Bytes.Value(key, 300), store.Get(Bytes.Number(key)));
    }

    [Fact]
    public void Compact_OfCompressedTables_RemembersNoTouch()
    {
        using LsmStore store = Open(Compression.Lz4);
        for (int key = 0; key < KeyCount; key++)
            Assert.Equal(Bytes.Value(key, 300), store.Get(Bytes.Number(key)));
        store.Compact();
        Assert.All(TablesOf(store), static table => Assert.False(table.IsOpen));
    }

    private LsmStore Open(Compression compression)
    {
        LsmStore store = Track(LsmStore.Open(Home, new StoreOptions
        {
            ReadMode = ReadMode.Direct,
            DefaultKeyspace = new KeyspaceOptions
            {
                TableBytes = 256 << 10,
                CompressionPerLevel = [compression],
            },
        }));
        for (int key = 0; key < KeyCount; key++)
            store.Put(Bytes.Number(key), Bytes.Value(key, 300));
        store.Flush();
        return store;
    }

    private static Table[] TablesOf(LsmStore store) =>
        [.. store.Default.Tree.Version.AllTables()];
}
