// The model is the judge, so its one subtle part, the cursor, is judged here by hand-made cases.

using LsmMmap.Testing;
using LsmMmap.Testing.Model;

namespace LsmMmap.Engine.Tests;

public sealed class ModelCursorTests
{
    private static ModelView ViewOf(params string[] keys)
    {
        ModelView view = ModelView.Empty;
        foreach (string key in keys)
            view = view.Put(Bytes.Of(key), []);
        return view;
    }

    private static ModelCursor CursorOver(ModelView view, string lower = "", string upper = "") =>
        new(view, Bytes.Of(lower), Bytes.Of(upper));

    [Fact]
    public void MoveNext_NewCursor_VisitsAllInOrderAndEnds()
    {
        ModelCursor cursor = CursorOver(ViewOf("b", "a", "ab"));
        List<string> seen = [];
        while (cursor.MoveNext())
            seen.Add(Bytes.Show(cursor.Entry.Key));
        Assert.Equal(["[61]", "[6162]", "[62]"], seen);
        Assert.False(cursor.MoveNext());
        Assert.True(cursor.MovePrevious());
        Assert.Equal("[62]", Bytes.Show(cursor.Entry.Key));
    }

    [Theory]
    [InlineData("b", "c", "b")]
    [InlineData("a", "c", "b")]
    [InlineData("c", "c", null)]
    public void Seek_WithBounds_StaysInside(string key, string upper, string? expected)
    {
        ModelCursor cursor = CursorOver(ViewOf("a", "b", "c"), "b", upper);
        Assert.Equal(expected is not null, cursor.Seek(Bytes.Of(key)));
        if (expected is not null)
            Assert.Equal(Bytes.Of(expected), cursor.Entry.Key);
    }

    [Theory]
    [InlineData("b", "b")]
    [InlineData("bb", "b")]
    [InlineData("z", "c")]
    [InlineData("0", null)]
    public void SeekForPrevious_AnyKey_FindsLastAtOrBefore(string key, string? expected)
    {
        ModelCursor cursor = CursorOver(ViewOf("a", "b", "c"));
        Assert.Equal(expected is not null, cursor.SeekForPrevious(Bytes.Of(key)));
        if (expected is not null)
            Assert.Equal(Bytes.Of(expected), cursor.Entry.Key);
    }

    [Fact]
    public void Bounds_LowerAboveUpper_AreEmpty()
    {
        ModelCursor cursor = CursorOver(ViewOf("a", "b", "c"), "c", "a");
        Assert.False(cursor.MoveNext());
        Assert.False(cursor.MovePrevious());
        Assert.False(cursor.Seek(Bytes.Of("b")));
        Assert.False(cursor.SeekForPrevious(Bytes.Of("b")));
    }
}
