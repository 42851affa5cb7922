// The end of a store: twice is fine, every use after it is ObjectDisposedException, and what was
// accepted is kept.

using System.Buffers;

namespace LsmMmap.Engine.Tests;

public sealed class DisposedStoreTests : StoreTest
{
    [Fact]
    public async Task Dispose_Twice_IsFine()
    {
        LsmStore store = Open();
        store.Put([1], [2]);
        store.Dispose();
        store.Dispose();
        await store.DisposeAsync();
    }

    [Fact]
    public async Task DisposeAsync_First_ClosesCleanly()
    {
        LsmStore store = Open();
        store.Put([1], [2], Durability.Buffered);
        await store.DisposeAsync();
        LsmStore again = Open();
        Assert.True(again.GetStatistics().Recovery.CleanlyClosed);
        Assert.Equal([2], again.Get([1]));
    }

    [Fact]
    public void Store_AfterDispose_RefusesEveryUse()
    {
        LsmStore store = Open();
        store.Put([1], [2]);
        using var batch = new WriteBatch();
        batch.Put([1], [3]);
        store.Dispose();

        AssertDisposed("Put", () => store.Put([1], [3]));
        AssertDisposed("Delete", () => store.Delete([1]));
        AssertDisposed("Write", () => store.Write(batch));
        AssertDisposed("GetKeyspace", () => store.GetKeyspace("other"));
        AssertDisposed("DropKeyspace", () => store.DropKeyspace("other"));
        AssertDisposed("CreateSnapshot", () => store.CreateSnapshot());
        AssertDisposed("FlushLog", () => store.FlushLog());
        AssertDisposed("Flush", () => store.Flush());
        AssertDisposed("Compact", () => store.Compact());
        AssertDisposed("WaitForIdle", () => store.WaitForIdle());
        AssertDisposed("GetStatistics", () => store.GetStatistics());
        AssertDisposed("CountResidentTableBytes", () => store.CountResidentTableBytes());
        AssertDisposed("Verify", () => store.Verify());
        AssertReadsAreRefused(store);
    }

    [Fact]
    public async Task WriteAsync_AfterDispose_Throws()
    {
        LsmStore store = Open();
        store.Dispose();
        using var batch = new WriteBatch();
        batch.Put([1], [3]);
        await Assert.ThrowsAsync<ObjectDisposedException>(
            async () => await store.WriteAsync(batch));
    }

    [Fact]
    public void Keyspace_AfterDisposeOfStore_RefusesEveryUse()
    {
        LsmStore store = Open();
        Keyspace keyspace = store.GetKeyspace("other");
        store.Dispose();
        AssertDisposed("Put", () => keyspace.Put([1], [3]));
        AssertDisposed("Delete", () => keyspace.Delete([1]));
        AssertDisposed("Flush", () => keyspace.Flush());
        AssertDisposed("Compact", () => keyspace.Compact());
        AssertReadsAreRefused(keyspace);
    }

    [Fact]
    public void Snapshot_AfterDisposeOfStore_RefusesEveryUse()
    {
        LsmStore store = Open();
        store.Put([1], [2]);
        Keyspace keyspace = store.Default;
        Snapshot snapshot = store.CreateSnapshot();
        KeyspaceSnapshot part = snapshot.Of(keyspace);
        store.Dispose();
        AssertReadsAreRefused(snapshot);
        AssertReadsAreRefused(part);
        AssertDisposed("Of", () => snapshot.Of(keyspace));
        snapshot.Dispose();
    }

    [Fact]
    public void Snapshot_AfterItsDispose_RefusesEveryUse()
    {
        LsmStore store = Open();
        store.Put([1], [2]);
        Snapshot snapshot = store.CreateSnapshot();
        KeyspaceSnapshot part = snapshot.Of(store.Default);
        snapshot.Dispose();
        snapshot.Dispose();
        AssertReadsAreRefused(snapshot);
        AssertReadsAreRefused(part);
        AssertDisposed("Of", () => snapshot.Of(store.Default));
    }

    private static void AssertReadsAreRefused(IReadView view)
    {
        AssertDisposed("Get", () => view.Get([1]));
        AssertDisposed("TryGet", () => view.TryGet([1], new byte[9], out _));
        AssertDisposed("TryGet(writer)", () => view.TryGet([1], new ArrayBufferWriter<byte>()));
        AssertDisposed("TryGetPinned", () => view.TryGetPinned([1], out _));
        AssertDisposed("GetPinned", () => view.GetPinned([1]).Dispose());
        AssertDisposed("GetAsync", () => view.GetAsync([1]).AsTask());
        AssertDisposed(
            "TryGetAsync", () => view.TryGetAsync([1], new ArrayBufferWriter<byte>()).AsTask());
        AssertDisposed("ContainsKey", () => view.ContainsKey([1]));
        AssertDisposed("CreateCursor", () => view.CreateCursor());
        AssertDisposed("Range", () => view.Range([], []).GetEnumerator().MoveNext());
        AssertDisposed("Prefix", () => view.Prefix([]).GetEnumerator().MoveNext());
    }

    private static void AssertDisposed(string member, Action use)
    {
        Exception? thrown = Record.Exception(use);
        Assert.True(
            thrown is ObjectDisposedException,
            $"{member}: {thrown?.GetType().Name ?? "nothing"} instead of ObjectDisposedException");
    }
}
