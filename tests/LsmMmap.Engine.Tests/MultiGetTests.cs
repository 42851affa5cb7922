// MultiGet by its contract; what it finds is compared with the model in ModelTests.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class MultiGetTests : StoreTest
{
    [Fact]
    public void MultiGet_KeysOfEveryPlace_AreFoundByTheirIndex()
    {
        using LsmStore store = Open(new StoreOptions { WalRecovery = WalRecovery.TornTail });
        Fill(store, 500);
        store.Compact();
        Fill(store, 500, from: 500);
        store.Flush();
        store.Delete(Bytes.Number(3));
        Fill(store, 100, from: 1000);
        using var batch = new ReadBatch();
        for (int i = 0; i < 1200; i++)
            Assert.Equal(i, batch.Add(Bytes.Number(i)));
        using ReadResults results = store.MultiGet(batch);
        Assert.Equal(1200, results.Count);
        for (int i = 0; i < 1200; i++)
        {
            Assert.Equal(i < 1100 && i != 3, results.Found(i));
            Assert.Equal(results.Found(i) ? Bytes.Value(i, 100) : [], results[i].ToArray());
        }
    }

    [Fact]
    public void MultiGet_NoKeys_FindsNothing()
    {
        LsmStore store = Open();
        using var batch = new ReadBatch();
        using ReadResults results = store.MultiGet(batch);
        Assert.Equal(0, results.Count);
    }

    [Fact]
    public void MultiGet_InASnapshot_SeesItsMoment()
    {
        LsmStore store = Open();
        store.Put("a"u8, "1"u8);
        using Snapshot snapshot = store.CreateSnapshot();
        store.Put("a"u8, "2"u8);
        using var batch = new ReadBatch();
        batch.Add("a"u8);
        using (ReadResults then = snapshot.MultiGet(batch))
            Assert.Equal("1"u8.ToArray(), then[0].ToArray());
        using (ReadResults now = store.MultiGet(batch))
            Assert.Equal("2"u8.ToArray(), now[0].ToArray());
        using (ReadResults then = snapshot.Of(store.Default).MultiGet(batch))
            Assert.Equal("1"u8.ToArray(), then[0].ToArray());
    }

    [Fact]
    public void Results_FlushCompactionAndDisposeOfTheStore_StayReadable()
    {
        LsmStore store = Open();
        Fill(store, 200);
        using var batch = new ReadBatch();
        for (int i = 0; i < 200; i++)
            batch.Add(Bytes.Number(i));
        using ReadResults results = store.MultiGet(batch);
        Fill(store, 200, valueBytes: 50);
        store.Compact();
        store.Dispose();
        for (int i = 0; i < 200; i++)
            Assert.Equal(Bytes.Value(i, 100), results[i].ToArray());
    }

    [Fact]
    public void Batch_WhoseResultsAreHeld_RefusesChanges()
    {
        LsmStore store = Open();
        using var batch = new ReadBatch();
        batch.Add("a"u8);
        ReadResults results = store.MultiGet(batch);
        Assert.Throws<InvalidOperationException>(() => batch.Add("b"u8));
        Assert.Throws<InvalidOperationException>(batch.Clear);
        Assert.Throws<InvalidOperationException>(() => store.MultiGet(batch).Dispose());
        results.Dispose();
        batch.Clear();
        Assert.Equal(0, batch.Count);
    }

    [Fact]
    public void Results_AfterDisposeOrOfAnEarlierRead_AreRefused()
    {
        LsmStore store = Open();
        using var batch = new ReadBatch();
        batch.Add("a"u8);
        ReadResults first = store.MultiGet(batch);
        first.Dispose();
        Assert.Equal(0, first.Count);
        AssertRefused(first);
        using ReadResults second = store.MultiGet(batch);
        AssertRefused(first);
        first.Dispose();
        Assert.False(second.Found(0));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void Results_IndexOutside_IsAnArgumentException(int index)
    {
        LsmStore store = Open();
        using var batch = new ReadBatch();
        batch.Add("a"u8);
        using ReadResults results = store.MultiGet(batch);
        bool thrown = false;
        try
        {
            _ = results[index];
        }
        catch (ArgumentOutOfRangeException)
        {
            thrown = true;
        }
        Assert.True(thrown);
    }

    [Fact]
    public void MultiGet_AfterDispose_Throws()
    {
        LsmStore store = Open();
        var batch = new ReadBatch();
        batch.Add("a"u8);
        batch.Dispose();
        batch.Dispose();
        Assert.Throws<ObjectDisposedException>(() => store.MultiGet(batch).Dispose());
        Assert.Throws<ObjectDisposedException>(() => batch.Add("b"u8));
        using var other = new ReadBatch();
        store.Dispose();
        Assert.Throws<ObjectDisposedException>(() => store.MultiGet(other).Dispose());
    }

    private static void AssertRefused(ReadResults results)
    {
        bool thrown = false;
        try
        {
            results.Found(0);
        }
        catch (ObjectDisposedException)
        {
            thrown = true;
        }
        Assert.True(thrown, "results that were given back answered");
    }
}
