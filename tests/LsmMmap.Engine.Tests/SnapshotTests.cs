// Snapshots: all keyspaces as of one sequence, whatever happens afterwards.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class SnapshotTests : StoreTest
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Snapshot_LaterWrites_AreNotSeen(bool compact)
    {
        LsmStore store = Open();
        Keyspace other = store.GetKeyspace("other");
        store.Put([1], [1]);
        store.Put([2], [2]);
        other.Put([1], [3]);
        using Snapshot snapshot = store.CreateSnapshot();
        store.Put([1], [9]);
        store.Delete([2]);
        store.Put([3], [9]);
        other.Delete([1]);
        if (compact)
            store.Compact();

        Assert.Equal([1], snapshot.Get([1]));
        Assert.Equal([2], snapshot.Get([2]));
        Assert.False(snapshot.ContainsKey([3]));
        Assert.Equal([3], snapshot.Of(other).Get([1]));
        Assert.Equal([1], snapshot.Of(store.Default).Get([1]));
        Assert.Equal(2, Count(snapshot));
        Assert.Equal(1, Count(snapshot.Of(other)));
        Assert.Equal([9], store.Get([1]));
        Assert.Equal(2, Count(store));
    }

    [Fact]
    public void Snapshot_ManyVersions_EachSeesItsOwn()
    {
        LsmStore store = Open(new StoreOptions
        {
            DefaultKeyspace = { MemtableBytes = 64 << 10 },
        });
        var snapshots = new List<Snapshot>();
        for (int version = 0; version < 40; version++)
        {
            for (int i = 0; i < 50; i++)
                store.Put(Bytes.Number(i), Bytes.Value(1000 * version + i, 100));
            snapshots.Add(store.CreateSnapshot());
            if (version % 10 == 5)
                store.Compact();
        }
        store.Compact();
        for (int version = 0; version < 40; version++)
        {
            for (int i = 0; i < 50; i++)
            {
                Assert.Equal(
                    Bytes.Value(1000 * version + i, 100), snapshots[version].Get(Bytes.Number(i)));
            }
            Assert.Equal(50, Count(snapshots[version]));
            snapshots[version].Dispose();
        }
    }

    [Fact]
    public void Sequence_OfSnapshots_FollowsCommits()
    {
        LsmStore store = Open();
        using Snapshot empty = store.CreateSnapshot();
        long first = store.Put([1], [1]);
        using Snapshot one = store.CreateSnapshot();
        using Snapshot again = store.CreateSnapshot();
        long second = store.Put([1], [2]);
        Assert.True(empty.Sequence < first);
        Assert.InRange(one.Sequence, first, second - 1);
        Assert.InRange(again.Sequence, first, second - 1);
        Assert.Equal([1], one.Get([1]));
    }

    [Fact]
    public void Of_KeyspaceMadeLater_IsEmpty()
    {
        LsmStore store = Open();
        using Snapshot snapshot = store.CreateSnapshot();
        Keyspace later = store.GetKeyspace("later");
        later.Put([1], [1]);
        Assert.False(snapshot.Of(later).ContainsKey([1]));
        Assert.Equal(0, Count(snapshot.Of(later)));
    }

    [Fact]
    public void Of_DroppedKeyspace_ThrowsObjectDisposed()
    {
        LsmStore store = Open();
        Keyspace other = store.GetKeyspace("other");
        using Snapshot snapshot = store.CreateSnapshot();
        store.DropKeyspace("other");
        Assert.Throws<ObjectDisposedException>(() => snapshot.Of(other));
    }

    [Fact]
    public void Of_KeyspaceDroppedAndMadeAgain_IsEmpty()
    {
        LsmStore store = Open();
        store.GetKeyspace("other").Put([1], [1]);
        using Snapshot snapshot = store.CreateSnapshot();
        store.DropKeyspace("other");
        Keyspace again = store.GetKeyspace("other");
        Assert.Equal(0, Count(snapshot.Of(again)));
    }

    [Fact]
    public void Of_ForeignKeyspace_ThrowsArgument()
    {
        LsmStore store = Open();
        Keyspace foreign = Open(Folder["second"]).Default;
        using Snapshot snapshot = store.CreateSnapshot();
        Assert.ThrowsAny<ArgumentException>(() => snapshot.Of(foreign));
    }

    [Fact]
    public void Snapshot_OfReadOnlyStore_Reads()
    {
        LsmStore store = Open();
        store.Put([1], [1]);
        store.Dispose();
        using Snapshot snapshot = OpenReadOnly().CreateSnapshot();
        Assert.Equal([1], snapshot.Get([1]));
    }
}
