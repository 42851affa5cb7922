// What has survived when a call returns. A kill of the process is played by copying the files of
// the open store: the copy holds what the operating system holds, and nothing of this process.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class DurabilityTests : StoreTest
{
    [Theory]
    [InlineData(null)]
    [InlineData(Durability.Flushed)]
    [InlineData(Durability.Synced)]
    public void Put_FlushedOrSynced_SurvivesTheProcess(Durability? durability)
    {
        LsmStore store = Open();
        for (int i = 0; i < 100; i++)
        {
            store.Put(Bytes.Number(i), Bytes.Value(i, 100), durability);
            if (i == 0)
                Assert.Equal(1, Count(Open(ImageOfHome("first"))));
        }
        Assert.Equal(100, Count(Open(ImageOfHome())));
    }

    [Fact]
    public void Put_NoLevelGiven_TakesTheStoresDefault()
    {
        LsmStore store = Open(new StoreOptions { DefaultDurability = Durability.Synced });
        store.Put([1], [1]);
        Assert.Equal(1, Count(Open(ImageOfHome())));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void FlushLog_AfterBuffered_MakesThemSurviveTheProcess(bool toDisk)
    {
        LsmStore store = Open();
        PutBuffered(store, 50);
        store.FlushLog(toDisk);
        Assert.Equal(50, Count(Open(ImageOfHome())));
    }

    [Theory]
    [InlineData(Durability.Flushed)]
    [InlineData(Durability.Synced)]
    public void Put_AfterBuffered_CarriesThemAlong(Durability durability)
    {
        LsmStore store = Open();
        PutBuffered(store, 50);
        store.Put(Bytes.Number(50), [], durability);
        Assert.Equal(51, Count(Open(ImageOfHome())));
    }

    [Fact]
    public void Write_EmptyBatchAfterBuffered_HonoursItsDurability()
    {
        LsmStore store = Open();
        PutBuffered(store, 50);
        using var batch = new WriteBatch();
        store.Write(batch, Durability.Flushed);
        Assert.Equal(50, Count(Open(ImageOfHome())));
    }

    [Fact]
    public void Dispose_AfterBuffered_KeepsThem()
    {
        LsmStore store = Open(new StoreOptions { DefaultDurability = Durability.Buffered });
        Fill(store, 500);
        store.Dispose();
        Assert.Equal(500, Count(Open()));
    }

    [Fact]
    public void Put_Buffered_IsVisibleAtOnce()
    {
        LsmStore store = Open();
        store.Put([1], [1], Durability.Buffered);
        Assert.Equal([1], store.Get([1]));
        using Cursor cursor = store.CreateCursor();
        Assert.True(cursor.MoveNext());
    }

    [Fact]
    public void ProcessKilled_AfterFlushedPuts_KeepsAllOfThem()
    {
        using OtherProcess other = OtherProcess.Start("write", Home, "Flushed", "2000");
        other.Kill();
        LsmStore store = Open();
        Assert.False(store.GetStatistics().Recovery.CleanlyClosed);
        for (int i = 0; i < 2_000; i++)
            Assert.Equal(Bytes.Value(i, 100), store.Get(Bytes.Number(i)));
    }

    [Fact]
    public void ProcessKilled_AfterBufferedPuts_KeepsAPrefix()
    {
        using OtherProcess other = OtherProcess.Start("write", Home, "Buffered", "2000");
        other.Kill();
        LsmStore store = Open();
        int count = Count(store);
        for (int i = 0; i < count; i++)
            Assert.Equal(Bytes.Value(i, 100), store.Get(Bytes.Number(i)));
    }

    [Fact]
    public async Task Writes_DurabilityZero_ThrowAndWriteNothing()
    {
        LsmStore store = Open();
        using var batch = new WriteBatch();
        batch.Put([1], [1]);
        const Durability None = 0;
        Assert.Throws<ArgumentOutOfRangeException>(() => store.Put([1], [1], None));
        Assert.Throws<ArgumentOutOfRangeException>(() => store.Delete([1], None));
        Assert.Throws<ArgumentOutOfRangeException>(() => store.Write(batch, None));
        Assert.Throws<ArgumentOutOfRangeException>(() => store.Default.Put([1], [1], None));
        Assert.Throws<ArgumentOutOfRangeException>(() => store.Default.Delete([1], None));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            async () => await store.WriteAsync(batch, None));
        Assert.Equal(0, Count(store));
        // The refused batch is still its owner's.
        batch.Put([2], [2]);
        store.Write(batch);
        Assert.Equal(2, Count(store));
    }

    private static void PutBuffered(LsmStore store, int count)
    {
        for (int i = 0; i < count; i++)
            store.Put(Bytes.Number(i), Bytes.Value(i, 100), Durability.Buffered);
    }
}
