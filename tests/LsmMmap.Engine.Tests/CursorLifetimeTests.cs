// What a cursor sees and for how long: the moment of its making, through flush, compaction, drop,
// the end of its snapshot and of the store, until Refresh or Dispose.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class CursorLifetimeTests : StoreTest
{
    private const int Entries = 300;

    [Fact]
    public void Cursor_LaterWrites_AreSeenAfterRefreshOnly()
    {
        LsmStore store = Open();
        Fill(store, Entries);
        using Cursor cursor = store.CreateCursor();
        store.Put(Bytes.Number(5), [1]);
        store.Delete(Bytes.Number(6));
        store.Put(Bytes.Number(Entries), [1]);
        AssertSeesFill(cursor);
        cursor.Refresh();
        Assert.False(cursor.IsValid);
        Assert.True(cursor.MoveNext());
        Assert.Equal(Bytes.Number(0), cursor.Key.ToArray());
        Assert.True(cursor.Seek(Bytes.Number(5)));
        Assert.Equal([1], cursor.Value.ToArray());
        Assert.True(cursor.MoveNext());
        Assert.Equal(Bytes.Number(7), cursor.Key.ToArray());
        Assert.True(cursor.SeekToLast());
        Assert.Equal(Bytes.Number(Entries), cursor.Key.ToArray());
    }

    [Theory]
    [InlineData("flush")]
    [InlineData("compact")]
    [InlineData("dispose")]
    public void Cursor_InTheMiddle_OutlivesWhatHappensToTheStore(string what)
    {
        LsmStore store = Open();
        Fill(store, Entries);
        using Cursor cursor = store.CreateCursor();
        Assert.True(cursor.Seek(Bytes.Number(100)));
        for (int i = 0; i < Entries; i++)
            store.Delete(Bytes.Number(i));
        if (what == "flush")
            store.Flush();
        else if (what == "compact")
            store.Compact();
        else
            store.Dispose();
        Assert.Equal(Bytes.Value(100, 100), cursor.Value.ToArray());
        Assert.True(cursor.MoveNext());
        Assert.Equal(Bytes.Value(101, 100), cursor.Value.ToArray());
        AssertSeesFill(cursor);
    }

    [Fact]
    public void Cursor_OfTables_OutlivesCompactionAndStore()
    {
        LsmStore store = Open();
        Fill(store, Entries);
        store.Flush();
        using Cursor cursor = store.CreateCursor();
        Assert.True(cursor.Seek(Bytes.Number(100)));
        for (int i = 0; i < Entries; i++)
            store.Put(Bytes.Number(i), [1]);
        store.Compact();
        AssertSeesFill(cursor);
        store.Dispose();
        AssertSeesFill(cursor);
    }

    [Fact]
    public void Cursor_OfDroppedKeyspace_StillAnswersAndCannotRefresh()
    {
        LsmStore store = Open();
        Keyspace other = store.GetKeyspace("other");
        for (int i = 0; i < Entries; i++)
            other.Put(Bytes.Number(i), Bytes.Value(i, 100));
        other.Flush();
        using Cursor cursor = other.CreateCursor();
        store.DropKeyspace("other");
        AssertSeesFill(cursor);
        Assert.Throws<ObjectDisposedException>(cursor.Refresh);
    }

    [Fact]
    public void Refresh_AfterDisposeOfStore_ThrowsObjectDisposed()
    {
        LsmStore store = Open();
        Fill(store, Entries);
        using Cursor cursor = store.CreateCursor();
        store.Dispose();
        AssertSeesFill(cursor);
        Assert.Throws<ObjectDisposedException>(cursor.Refresh);
    }

    [Fact]
    public void Cursor_OfSnapshot_OutlivesItAndDoesNotChangeOnRefresh()
    {
        LsmStore store = Open();
        Fill(store, Entries);
        using Snapshot snapshot = store.CreateSnapshot();
        using Cursor cursor = snapshot.CreateCursor();
        for (int i = 0; i < Entries; i++)
            store.Put(Bytes.Number(i), [1]);
        cursor.Refresh();
        Assert.False(cursor.IsValid);
        AssertSeesFill(cursor);
        snapshot.Dispose();
        store.Compact();
        AssertSeesFill(cursor);
    }

    [Fact]
    public void Cursor_AfterDispose_IsNotValidAndRefusesTheRest()
    {
        LsmStore store = Open();
        Fill(store, 3);
        Cursor cursor = store.CreateCursor();
        Assert.True(cursor.MoveNext());
        cursor.Dispose();
        cursor.Dispose();
        Assert.False(cursor.IsValid);
        Assert.Throws<ObjectDisposedException>(() => cursor.Key.ToArray());
        Assert.Throws<ObjectDisposedException>(() => cursor.Value.ToArray());
        Assert.Throws<ObjectDisposedException>(() => cursor.MoveNext());
        Assert.Throws<ObjectDisposedException>(() => cursor.MovePrevious());
        Assert.Throws<ObjectDisposedException>(() => cursor.Seek([]));
        Assert.Throws<ObjectDisposedException>(() => cursor.SeekForPrevious([]));
        Assert.Throws<ObjectDisposedException>(() => cursor.SeekToFirst());
        Assert.Throws<ObjectDisposedException>(() => cursor.SeekToLast());
        Assert.Throws<ObjectDisposedException>(cursor.Refresh);
    }

    [Fact]
    public void Dispose_OfAnotherCursor_DoesNotTouchThisOne()
    {
        LsmStore store = Open();
        Fill(store, Entries);
        Cursor first = store.CreateCursor();
        Assert.True(first.MoveNext());
        first.Dispose();
        using Cursor second = store.CreateCursor();
        Assert.True(second.MoveNext());
        // A cursor may reuse what the first one left; the first one's handle must not reach it.
        first.Dispose();
        Assert.False(first.IsValid);
        Assert.True(second.IsValid);
        AssertSeesFill(second);
    }

    [Fact]
    public async Task Cursor_MovedBetweenThreads_GoesOn()
    {
        LsmStore store = Open();
        Fill(store, Entries);
        using Cursor cursor = store.CreateCursor();
        for (int i = 0; i < Entries; i++)
        {
            await Task.Run(() => Assert.True(cursor.MoveNext()));
            Assert.Equal(Bytes.Number(i), cursor.Key.ToArray());
        }
    }

    private static void AssertSeesFill(Cursor cursor)
    {
        int count = 0;
        for (bool valid = cursor.SeekToFirst(); valid; valid = cursor.MoveNext())
        {
            Assert.Equal(Bytes.Number(count), cursor.Key.ToArray());
            Assert.Equal(Bytes.Value(count, 100), cursor.Value.ToArray());
            count++;
        }
        Assert.Equal(Entries, count);
        for (bool valid = cursor.SeekToLast(); valid; valid = cursor.MovePrevious())
            Assert.Equal(Bytes.Number(--count), cursor.Key.ToArray());
        Assert.Equal(0, count);
    }
}
