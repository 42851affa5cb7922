// Batches: what they hold, when they may be touched, and that they are applied whole.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class WriteBatchTests : StoreTest
{
    private const int KeyBytesMax = 65_535;

    [Fact]
    public void Write_SeveralEntries_AppliesThemInOrder()
    {
        LsmStore store = Open();
        using var batch = new WriteBatch();
        batch.Put([1], [1]).Put([2], [2]).Delete([1]).Put([3], [3]).Put([3], [4]);
        Assert.Equal(5, batch.Count);
        store.Write(batch);
        Assert.False(store.ContainsKey([1]));
        Assert.Equal([2], store.Get([2]));
        Assert.Equal([4], store.Get([3]));
    }

    [Fact]
    public void Write_Batch_ReturnsASequenceThatASnapshotCovers()
    {
        LsmStore store = Open();
        using Snapshot before = store.CreateSnapshot();
        using var batch = new WriteBatch();
        batch.Put([1], [1]).Put([2], [2]);
        long sequence = store.Write(batch);
        using Snapshot after = store.CreateSnapshot();
        Assert.True(before.Sequence < sequence);
        Assert.True(after.Sequence >= sequence);
        Assert.False(before.ContainsKey([2]));
        Assert.True(after.ContainsKey([2]));
    }

    [Theory]
    [InlineData(Durability.Buffered)]
    [InlineData(Durability.Flushed)]
    [InlineData(Durability.Synced)]
    public void Write_EmptyBatch_ReturnsTheLastSequence(Durability durability)
    {
        LsmStore store = Open();
        long sequence = store.Put([1], [1]);
        using var batch = new WriteBatch();
        Assert.Equal(sequence, store.Write(batch, durability));
        Assert.True(store.Put([1], [1]) > sequence);
    }

    [Fact]
    public void Write_AfterCommit_KeepsContentUntilClear()
    {
        LsmStore store = Open();
        using var batch = new WriteBatch();
        batch.Put([1], [1]);
        long first = store.Write(batch);
        Assert.Equal(1, batch.Count);
        store.Delete([1]);
        long second = store.Write(batch);
        Assert.True(second > first);
        Assert.Equal([1], store.Get([1]));
        batch.Clear();
        Assert.Equal(0, batch.Count);
        batch.Put([2], [2]);
        store.Write(batch);
        Assert.Equal([2], store.Get([2]));
    }

    [Fact]
    public void Write_SourceArraysChangedAfterwards_KeepsWhatWasPut()
    {
        LsmStore store = Open();
        byte[] key = [1];
        byte[] value = [2];
        using var batch = new WriteBatch();
        batch.Put(key, value);
        key[0] = 9;
        value[0] = 9;
        store.Write(batch);
        Assert.Equal([2], store.Get([1]));
        Assert.False(store.ContainsKey([9]));
    }

    [Fact]
    public void Write_OverKeyspaces_IsOneCommit()
    {
        LsmStore store = Open();
        Keyspace other = store.GetKeyspace("other");
        using var batch = new WriteBatch();
        batch.Put([1], [1]).Put(other, [1], [2]).Delete(other, [2]).Put(store.Default, [3], [3]);
        store.Write(batch);
        Assert.Equal([1], store.Get([1]));
        Assert.Equal([3], store.Get([3]));
        Assert.Equal([2], other.Get([1]));
        Assert.Equal(1, Count(other));
    }

    [Fact]
    public void Write_NullBatch_ThrowsArgumentNull()
    {
        LsmStore store = Open();
        Assert.Throws<ArgumentNullException>(() => store.Write(null!));
    }

    [Fact]
    public void Put_KeyTooLong_ThrowsNamingTheLimitAndAddsNothing()
    {
        LsmStore store = Open();
        using var batch = new WriteBatch();
        batch.Put([1], [1]);
        byte[] key = new byte[KeyBytesMax + 1];
        // The refusal may come when the entry is added or when the batch is written, but nothing
        // of the batch is written then.
        ArgumentException thrown = Assert.ThrowsAny<ArgumentException>(() =>
        {
            batch.Put(key, []);
            store.Write(batch);
        });
        AssertNames(KeyBytesMax, thrown.Message);
        Assert.Equal(0, Count(store));
    }

    [Fact]
    public void Write_BatchOfAnotherStoresKeyspace_ThrowsArgument()
    {
        LsmStore store = Open();
        Keyspace foreign = Open(Folder["second"]).GetKeyspace("other");
        store.GetKeyspace("other");
        using var batch = new WriteBatch();
        Assert.ThrowsAny<ArgumentException>(() =>
        {
            batch.Put([1], [1]).Put(foreign, [1], [1]);
            store.Write(batch);
        });
        Assert.Equal(0, Count(store));
        Assert.Equal(0, Count(foreign));
    }

    [Fact]
    public void Write_BatchThatNamesADroppedKeyspace_ThrowsAndAppliesNothing()
    {
        LsmStore store = Open();
        Keyspace other = store.GetKeyspace("other");
        using var batch = new WriteBatch();
        batch.Put([1], [1]).Put(other, [1], [1]);
        store.DropKeyspace("other");
        Assert.Throws<ObjectDisposedException>(() => store.Write(batch));
        Assert.False(store.ContainsKey([1]));
    }

    [Fact]
    public void Write_LargerThanTheMemoryBudget_IsAdmitted()
    {
        LsmStore store = Open(new StoreOptions
        {
            MemoryBudgetBytes = 1 << 20,
            DefaultKeyspace = { MemtableBytes = 64 << 10 },
        });
        using var batch = new WriteBatch();
        for (int i = 0; i < 64; i++)
            batch.Put(Bytes.Number(i), Bytes.Value(i, 64 << 10));
        Eventually.Returns(() => store.Write(batch), "a batch of four times the budget");
        Assert.Equal(64, Count(store));
        Assert.Equal(Bytes.Value(63, 64 << 10), store.Get(Bytes.Number(63)));
    }
}
