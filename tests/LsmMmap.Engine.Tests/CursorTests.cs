// Moving a cursor: where a new one stands, both directions, both ends, every kind of seek.

using System.Text;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class CursorTests : StoreTest
{
    /// <summary>Where the entries lie: in the memtable, in one table, or spread over all.</summary>
    public enum Layout
    {
        Memtable,
        Table,
        Mixed,
    }

    public static TheoryData<Layout> Layouts => [Layout.Memtable, Layout.Table, Layout.Mixed];

    [Theory]
    [MemberData(nameof(Layouts))]
    public void NewCursor_StandsNowhere_AndEntersFromEitherEnd(Layout layout)
    {
        LsmStore store = OpenWith(layout, "a", "b", "c");
        using Cursor forward = store.CreateCursor();
        Assert.False(forward.IsValid);
        AssertHasNoEntry(forward);
        Assert.True(forward.MoveNext());
        Assert.Equal("a", KeyOf(forward));
        using Cursor backward = store.CreateCursor();
        Assert.True(backward.MovePrevious());
        Assert.Equal("c", KeyOf(backward));
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Move_PastAnEnd_OppositeMoveReturnsToThatEnd(Layout layout)
    {
        LsmStore store = OpenWith(layout, "a", "b", "c");
        using Cursor cursor = store.CreateCursor();
        Assert.Equal(["a", "b", "c"], Walk(cursor, forward: true));
        for (int i = 0; i < 3; i++)
        {
            Assert.False(cursor.MoveNext());
            Assert.False(cursor.IsValid);
            AssertHasNoEntry(cursor);
        }
        Assert.Equal(["c", "b", "a"], Walk(cursor, forward: false));
        for (int i = 0; i < 3; i++)
            Assert.False(cursor.MovePrevious());
        AssertHasNoEntry(cursor);
        Assert.True(cursor.MoveNext());
        Assert.Equal("a", KeyOf(cursor));
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Move_TurningRound_VisitsTheNeighbour(Layout layout)
    {
        LsmStore store = OpenWith(layout, "a", "b", "c", "d");
        using Cursor cursor = store.CreateCursor();
        Assert.True(cursor.Seek(Bytes.Of("b")));
        Assert.True(cursor.MoveNext());
        Assert.Equal("c", KeyOf(cursor));
        Assert.True(cursor.MovePrevious());
        Assert.Equal("b", KeyOf(cursor));
        Assert.True(cursor.MovePrevious());
        Assert.Equal("a", KeyOf(cursor));
        Assert.True(cursor.MoveNext());
        Assert.Equal("b", KeyOf(cursor));
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void SeekToFirstAndLast_FromAnywhere_GoToTheEnds(Layout layout)
    {
        LsmStore store = OpenWith(layout, "a", "b", "c");
        using Cursor cursor = store.CreateCursor();
        Assert.True(cursor.SeekToLast());
        Assert.Equal("c", KeyOf(cursor));
        Assert.True(cursor.SeekToFirst());
        Assert.Equal("a", KeyOf(cursor));
        Assert.False(cursor.MovePrevious());
        Assert.True(cursor.SeekToLast());
        Assert.False(cursor.MoveNext());
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Seek_AnyKey_FindsFirstAtOrAfter(Layout layout)
    {
        LsmStore store = OpenWith(layout, "b", "bb", "d");
        using Cursor cursor = store.CreateCursor();
        AssertSeek(cursor, "", "b");
        AssertSeek(cursor, "a", "b");
        AssertSeek(cursor, "b", "b");
        AssertSeek(cursor, "ba", "bb");
        AssertSeek(cursor, "bb", "bb");
        AssertSeek(cursor, "c", "d");
        AssertSeek(cursor, "d", "d");
        AssertSeek(cursor, "d\0", null);
        Assert.True(cursor.MovePrevious());
        Assert.Equal("d", KeyOf(cursor));
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void SeekForPrevious_AnyKey_FindsLastAtOrBefore(Layout layout)
    {
        LsmStore store = OpenWith(layout, "b", "bb", "d");
        using Cursor cursor = store.CreateCursor();
        AssertSeekForPrevious(cursor, "z", "d");
        AssertSeekForPrevious(cursor, "d", "d");
        AssertSeekForPrevious(cursor, "c", "bb");
        AssertSeekForPrevious(cursor, "bb", "bb");
        AssertSeekForPrevious(cursor, "ba", "b");
        AssertSeekForPrevious(cursor, "b", "b");
        AssertSeekForPrevious(cursor, "a", null);
        Assert.True(cursor.MoveNext());
        Assert.Equal("b", KeyOf(cursor));
        AssertSeekForPrevious(cursor, "", null);
    }

    [Fact]
    public void Seek_KeyLongerThanAnyLegalOne_GoesByOrder()
    {
        LsmStore store = Open();
        store.Put([1], []);
        store.Put([2], []);
        byte[] long1 = [1, .. new byte[70_000]];
        using Cursor cursor = store.CreateCursor();
        Assert.True(cursor.Seek(long1));
        Assert.Equal([2], cursor.Key.ToArray());
        Assert.True(cursor.SeekForPrevious(long1));
        Assert.Equal([1], cursor.Key.ToArray());
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Cursor_OverDeletes_SkipsThem(Layout layout)
    {
        LsmStore store = OpenWith(layout, "a", "b", "c", "d", "e");
        store.Delete(Bytes.Of("a"));
        store.Delete(Bytes.Of("c"));
        store.Delete(Bytes.Of("e"));
        using Cursor cursor = store.CreateCursor();
        Assert.Equal(["b", "d"], Walk(cursor, forward: true));
        Assert.Equal(["d", "b"], Walk(cursor, forward: false));
        AssertSeek(cursor, "c", "d");
        AssertSeekForPrevious(cursor, "c", "b");
        AssertSeek(cursor, "e", null);
        AssertSeekForPrevious(cursor, "a", null);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Cursor_EmptyStore_HasNoEntry(bool deletesOnly)
    {
        LsmStore store = Open();
        if (deletesOnly)
        {
            store.Delete([1]);
            store.Flush();
            store.Delete([2]);
        }
        using Cursor cursor = store.CreateCursor();
        Assert.False(cursor.MoveNext());
        Assert.False(cursor.MovePrevious());
        Assert.False(cursor.SeekToFirst());
        Assert.False(cursor.SeekToLast());
        Assert.False(cursor.Seek([]));
        Assert.False(cursor.SeekForPrevious([255]));
        AssertHasNoEntry(cursor);
    }

    [Fact]
    public void Cursor_ValuesOfEverySize_AreWhole()
    {
        LsmStore store = Open();
        int[] sizes = [0, 1, 511, 512, 513, 4_095, 4_096, 4_097, 65_535, 65_536, 65_537, 300_000];
        for (int i = 0; i < sizes.Length; i++)
            store.Put(Bytes.Number(i), Bytes.Value(i, sizes[i]));
        store.Compact();
        using Cursor cursor = store.CreateCursor();
        for (int i = 0; i < sizes.Length; i++)
        {
            Assert.True(cursor.MoveNext());
            Assert.Equal(Bytes.Value(i, sizes[i]), cursor.Value.ToArray());
        }
    }

    private LsmStore OpenWith(Layout layout, params string[] keys)
    {
        LsmStore store = Open();
        for (int i = 0; i < keys.Length; i++)
        {
            // In the mixed layout every key has an older version in another table.
            if (layout == Layout.Mixed)
                store.Put(Bytes.Of(keys[keys.Length - 1 - i]), Bytes.Of("old"));
            if (layout == Layout.Mixed && i % 2 == 0)
                store.Flush();
        }
        foreach (string key in keys)
            store.Put(Bytes.Of(key), Bytes.Of(key));
        if (layout == Layout.Table)
            store.Compact();
        return store;
    }

    private static string KeyOf(Cursor cursor)
    {
        Assert.True(cursor.IsValid);
        Assert.Equal(cursor.Key.ToArray(), cursor.Value.ToArray());
        return Encoding.UTF8.GetString(cursor.Key);
    }

    private static List<string> Walk(Cursor cursor, bool forward)
    {
        List<string> seen = [];
        while (forward ? cursor.MoveNext() : cursor.MovePrevious())
            seen.Add(KeyOf(cursor));
        return seen;
    }

    private static void AssertSeek(Cursor cursor, string key, string? expected)
    {
        Assert.Equal(expected is not null, cursor.Seek(Bytes.Of(key)));
        Assert.Equal(expected, cursor.IsValid ? KeyOf(cursor) : null);
    }

    private static void AssertSeekForPrevious(Cursor cursor, string key, string? expected)
    {
        Assert.Equal(expected is not null, cursor.SeekForPrevious(Bytes.Of(key)));
        Assert.Equal(expected, cursor.IsValid ? KeyOf(cursor) : null);
    }

    private static void AssertHasNoEntry(Cursor cursor)
    {
        Assert.Throws<InvalidOperationException>(() => cursor.Key.ToArray());
        Assert.Throws<InvalidOperationException>(() => cursor.Value.ToArray());
    }
}
