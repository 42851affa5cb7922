// Keyspaces: names, creation, options, drop, and their life through a reopen.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class KeyspaceTests : StoreTest
{
    private const int RawBytes = 200 * 1_000;

    [Fact]
    public void GetKeyspace_NewName_CreatesAnEmptyOne()
    {
        LsmStore store = Open();
        store.Put([1], [1]);
        Keyspace other = store.GetKeyspace("other");
        Assert.Equal("other", other.Name);
        Assert.Equal(0, Count(other));
        other.Put([1], [2]);
        Assert.Equal([1], store.Get([1]));
        Assert.Equal([2], other.Get([1]));
        Assert.Equal([2], store.GetKeyspace("other").Get([1]));
        Assert.Equal(["default", "other"], store.KeyspaceNames.Order());
    }

    [Fact]
    public void Default_OfNewStore_IsNamedListedAndTheStoresOwn()
    {
        LsmStore store = Open();
        Assert.Equal("default", store.Default.Name);
        Assert.Equal(["default"], store.KeyspaceNames);
        store.Default.Put([1], [1]);
        Assert.Equal([1], store.Get([1]));
        Assert.Equal([1], store.GetKeyspace("default").Get([1]));
    }

    [Fact]
    public void DropKeyspace_Default_ThrowsInvalidOperation()
    {
        LsmStore store = Open();
        Assert.Throws<InvalidOperationException>(() => store.DropKeyspace("default"));
    }

    [Fact]
    public void DropKeyspace_Unknown_ThrowsKeyNotFound()
    {
        LsmStore store = Open();
        Assert.Throws<KeyNotFoundException>(() => store.DropKeyspace("other"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\nb")]
    [InlineData("\0")]
    [InlineData("\u007f")]
    public void GetKeyspace_IllegalName_ThrowsArgument(string name)
    {
        LsmStore store = Open();
        Assert.ThrowsAny<ArgumentException>(() => store.GetKeyspace(name));
        Assert.Equal(["default"], store.KeyspaceNames);
    }

    [Fact]
    public void GetKeyspace_NameLength_IsCountedInUtf8()
    {
        LsmStore store = Open();
        string longest = new('\u20AC', 85);
        store.GetKeyspace(longest).Put([1], [1]);
        store.GetKeyspace(new string('x', 255));
        Assert.ThrowsAny<ArgumentException>(() => store.GetKeyspace(new string('\u20AC', 86)));
        Assert.ThrowsAny<ArgumentException>(() => store.GetKeyspace(new string('x', 256)));
        store.Dispose();
        Assert.Equal([1], Open().GetKeyspace(longest).Get([1]));
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("a/b")]
    [InlineData("CURRENT")]
    [InlineData("..")]
    [InlineData(" ")]
    public void GetKeyspace_NameThatLooksLikeAPath_IsNeverAFile(string name)
    {
        LsmStore store = Open();
        Keyspace keyspace = store.GetKeyspace(name);
        keyspace.Put([1], [1]);
        keyspace.Flush();
        store.Dispose();
        Assert.Equal([1], Open().GetKeyspace(name).Get([1]));
        Assert.Equal([Home], Directory.GetFileSystemEntries(Folder.Path));
        Assert.Empty(Directory.GetDirectories(Home));
    }

    [Fact]
    public void DroppedKeyspace_EveryUse_ThrowsObjectDisposed()
    {
        LsmStore store = Open();
        Keyspace other = store.GetKeyspace("other");
        other.Put([1], [1]);
        store.DropKeyspace("other");
        Assert.Throws<ObjectDisposedException>(() => other.Get([1]));
        Assert.Throws<ObjectDisposedException>(() => other.ContainsKey([1]));
        Assert.Throws<ObjectDisposedException>(() => other.Put([1], [1]));
        Assert.Throws<ObjectDisposedException>(() => other.Delete([1]));
        Assert.Throws<ObjectDisposedException>(() => other.CreateCursor());
        Assert.Throws<ObjectDisposedException>(() => other.Flush());
        Assert.Throws<ObjectDisposedException>(() => other.Compact());
        Assert.Equal(["default"], store.KeyspaceNames);
        Assert.Throws<KeyNotFoundException>(() => store.DropKeyspace("other"));
    }

    [Fact]
    public void GetKeyspace_AfterDrop_IsANewEmptyOne()
    {
        LsmStore store = Open();
        Keyspace old = store.GetKeyspace("other");
        old.Put([1], [1]);
        old.Flush();
        old.Put([2], [2]);
        store.DropKeyspace("other");
        Keyspace again = store.GetKeyspace("other");
        Assert.Equal(0, Count(again));
        Assert.Throws<ObjectDisposedException>(() => old.Get([1]));
        again.Put([3], [3]);
        store.Dispose();
        Assert.Equal(1, Count(Open().GetKeyspace("other")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Keyspaces_AfterReopen_AreWhatTheyWere(bool killed)
    {
        LsmStore store = Open();
        store.GetKeyspace("kept").Put([1], [1]);
        store.GetKeyspace("empty");
        store.GetKeyspace("dropped").Put([1], [1]);
        store.DropKeyspace("dropped");
        store.Put([1], [2]);
        string home = killed ? ImageOfHome() : Home;
        store.Dispose();
        LsmStore again = Open(home);
        Assert.Equal(["default", "empty", "kept"], again.KeyspaceNames.Order());
        Assert.Equal([1], again.GetKeyspace("kept").Get([1]));
        Assert.Equal([2], again.Get([1]));
    }

    [Fact]
    public void DropKeyspace_WithTables_GivesTheSpaceBack()
    {
        LsmStore store = Open();
        Keyspace other = store.GetKeyspace("other");
        for (int i = 0; i < 100; i++)
            other.Put(Bytes.Number(i), Bytes.Value(i, 1_000));
        other.Flush();
        Assert.NotEmpty(StoreFiles.Tables(Home));
        store.DropKeyspace("other");
        Eventually.True(
            () => StoreFiles.Tables(Home).Length == 0, "the tables of a dropped keyspace vanish");
    }

    [Fact]
    public void GetKeyspace_OptionsGivenOnce_AreStored()
    {
        var compressed = new KeyspaceOptions { CompressionPerLevel = [Compression.Lz4] };
        LsmStore store = Open();
        store.GetKeyspace("packed", compressed);
        store.GetKeyspace("plain");
        store.Dispose();

        store = Open();
        Assert.True(TableBytesOf(store, "packed") < TableBytesOf(store, "plain") / 2);
        // Given for an existing one they apply from now on.
        store.GetKeyspace("plain", compressed);
        Assert.True(TableBytesOf(store, "plain") < RawBytes / 2);
    }

    [Fact]
    public void GetKeyspace_NewWithoutOptions_TakesTheDefaultKeyspaces()
    {
        LsmStore store = Open(new StoreOptions
        {
            DefaultKeyspace = { CompressionPerLevel = [Compression.Lz4] },
        });
        Assert.True(TableBytesOf(store, "default") < RawBytes / 2);
        Assert.True(TableBytesOf(store, "other") < RawBytes / 2);
    }

    /// <summary>What 200 entries of 1,000 equal bytes cost once they are compacted.</summary>
    private static long TableBytesOf(LsmStore store, string name)
    {
        Keyspace keyspace = store.GetKeyspace(name);
        for (int i = 0; i < 200; i++)
            keyspace.Delete(Bytes.Number(i));
        store.Compact();
        long before = store.GetStatistics().TableBytes;
        for (int i = 0; i < 200; i++)
            keyspace.Put(Bytes.Number(i), Bytes.Repeat(7, 1_000));
        store.Compact();
        long bytes = store.GetStatistics().TableBytes - before;
        Assert.True(bytes > 0);
        return bytes;
    }
}
