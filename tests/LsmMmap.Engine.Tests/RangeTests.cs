// Bounds of cursors, and the two foreach forms: Range and Prefix, forward and reversed.

using System.Text;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class RangeTests : StoreTest
{
    [Theory]
    [InlineData("", "", "a b c d")]
    [InlineData("b", "", "b c d")]
    [InlineData("", "c", "a b")]
    [InlineData("b", "d", "b c")]
    [InlineData("aa", "cc", "b c")]
    [InlineData("b", "b", "")]
    [InlineData("d", "b", "")]
    [InlineData("x", "", "")]
    public void Range_AnyEnds_CoversFromInclusiveToExclusive(string from, string to, string keys)
    {
        LsmStore store = OpenWith("a", "b", "c", "d");
        string[] expected = keys.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        for (int round = 0; round < 2; round++)
        {
            Assert.Equal(expected, Listed(store.Range(Bytes.Of(from), Bytes.Of(to))));
            Assert.Equal(
                expected.Reverse(), Listed(store.Range(Bytes.Of(from), Bytes.Of(to)).Reversed()));
            AssertCursor(store, from, to, expected);
            store.Compact();
        }
    }

    [Theory]
    [InlineData("", "a ab abc b ba")]
    [InlineData("a", "a ab abc")]
    [InlineData("ab", "ab abc")]
    [InlineData("abcd", "")]
    [InlineData("b", "b ba")]
    [InlineData("c", "")]
    public void Prefix_Any_CoversEveryKeyThatStartsWithIt(string prefix, string keys)
    {
        LsmStore store = OpenWith("a", "ab", "abc", "b", "ba");
        string[] expected = keys.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(expected, Listed(store.Prefix(Bytes.Of(prefix))));
        Assert.Equal(expected.Reverse(), Listed(store.Prefix(Bytes.Of(prefix)).Reversed()));
    }

    [Fact]
    public void Prefix_OfBytesFF_HasNoUpperEndToMiss()
    {
        LsmStore store = Open();
        store.Put([0xFE, 0xFF], []);
        store.Put([0xFF], []);
        store.Put([0xFF, 0xFF], []);
        store.Put([0xFF, 0xFF, 0xFF, 0x00], []);
        Assert.Equal(3, CountOf(store.Prefix([0xFF])));
        Assert.Equal(2, CountOf(store.Prefix([0xFF, 0xFF])));
        Assert.Equal(2, CountOf(store.Prefix([0xFF, 0xFF]).Reversed()));
        Assert.Equal(1, CountOf(store.Prefix([0xFE, 0xFF])));
    }

    [Fact]
    public void Reversed_Twice_IsForward()
    {
        LsmStore store = OpenWith("a", "b", "c");
        Assert.Equal(["a", "b", "c"], Listed(store.Range([], []).Reversed().Reversed()));
    }

    [Fact]
    public void Range_StateIsTakenInGetEnumerator_NotBefore()
    {
        LsmStore store = OpenWith("a");
        RangeEnumerable range = store.Range([], []);
        store.Put(Bytes.Of("b"), Bytes.Of("b"));
        RangeEnumerable.Enumerator enumerator = range.GetEnumerator();
        store.Put(Bytes.Of("c"), Bytes.Of("c"));
        List<string> seen = [];
        while (enumerator.MoveNext())
            seen.Add(Encoding.UTF8.GetString(enumerator.Current.Key));
        enumerator.Dispose();
        Assert.Equal(["a", "b"], seen);
        Assert.Equal(["a", "b", "c"], Listed(range));
    }

    [Fact]
    public void Range_BoundsChangedDuringTheWalk_AreThoseOfGetEnumerator()
    {
        LsmStore store = OpenWith("a", "b", "c", "d");
        byte[] from = Bytes.Of("b");
        byte[] to = Bytes.Of("d");
        List<string> seen = [];
        foreach (KeyValueView entry in store.Range(from, to))
        {
            from[0] = (byte)'a';
            to[0] = (byte)'z';
            seen.Add(Encoding.UTF8.GetString(entry.Key));
        }
        Assert.Equal(["b", "c"], seen);
    }

    [Fact]
    public void CursorOptions_ChangedAfterCreateCursor_AreNotNoticed()
    {
        LsmStore store = OpenWith("a", "b", "c", "d");
        byte[] lower = Bytes.Of("b");
        byte[] upper = Bytes.Of("d");
        var options = new CursorOptions { LowerBound = lower, UpperBound = upper };
        using Cursor cursor = store.CreateCursor(options);
        lower[0] = (byte)'a';
        upper[0] = (byte)'z';
        options.UpperBound = default;
        Assert.True(cursor.MoveNext());
        Assert.Equal(Bytes.Of("b"), cursor.Key.ToArray());
        Assert.True(cursor.SeekToLast());
        Assert.Equal(Bytes.Of("c"), cursor.Key.ToArray());
        cursor.Refresh();
        Assert.True(cursor.SeekToLast());
        Assert.Equal(Bytes.Of("c"), cursor.Key.ToArray());
    }

    [Fact]
    public void Seek_OutsideTheBounds_StaysInside()
    {
        LsmStore store = OpenWith("a", "b", "c", "d");
        using Cursor cursor = store.CreateCursor(
            new CursorOptions { LowerBound = Bytes.Of("b"), UpperBound = Bytes.Of("d") });
        Assert.True(cursor.Seek(Bytes.Of("a")));
        Assert.Equal(Bytes.Of("b"), cursor.Key.ToArray());
        Assert.False(cursor.MovePrevious());
        Assert.True(cursor.SeekForPrevious(Bytes.Of("z")));
        Assert.Equal(Bytes.Of("c"), cursor.Key.ToArray());
        Assert.False(cursor.MoveNext());
        Assert.False(cursor.Seek(Bytes.Of("d")));
        Assert.False(cursor.SeekForPrevious(Bytes.Of("a")));
        Assert.True(cursor.MoveNext());
        Assert.Equal(Bytes.Of("b"), cursor.Key.ToArray());
    }

    [Fact]
    public void Range_LeftEarly_CanBeStartedAgain()
    {
        LsmStore store = OpenWith("a", "b", "c");
        for (int i = 0; i < 1_000; i++)
        {
            foreach (KeyValueView entry in store.Range([], []))
            {
                Assert.Equal((byte)'a', entry.Key[0]);
                break;
            }
        }
    }

    private LsmStore OpenWith(params string[] keys)
    {
        LsmStore store = Open();
        foreach (string key in keys)
            store.Put(Bytes.Of(key), Bytes.Of(key));
        return store;
    }

    private static void AssertCursor(LsmStore store, string from, string to, string[] expected)
    {
        using Cursor cursor = store.CreateCursor(
            new CursorOptions { LowerBound = Bytes.Of(from), UpperBound = Bytes.Of(to) });
        List<string> seen = [];
        while (cursor.MoveNext())
            seen.Add(Encoding.UTF8.GetString(cursor.Key));
        Assert.Equal(expected, seen);
        seen.Clear();
        while (cursor.MovePrevious())
            seen.Add(Encoding.UTF8.GetString(cursor.Key));
        Assert.Equal(expected.Reverse(), seen);
    }

    private static List<string> Listed(RangeEnumerable range)
    {
        List<string> keys = [];
        foreach (KeyValueView entry in range)
        {
            Assert.True(entry.Key.SequenceEqual(entry.Value));
            keys.Add(Encoding.UTF8.GetString(entry.Key));
        }
        return keys;
    }

    private static int CountOf(RangeEnumerable range)
    {
        int count = 0;
        foreach (KeyValueView _ in range)
            count++;
        return count;
    }
}
