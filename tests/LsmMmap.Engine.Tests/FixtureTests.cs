// Stores that older versions wrote. tests/Fixtures/v1 is of 0.1.0, before range deletes: tables of
// format 1 on two levels and in two keyspaces, and a log whose commits are in no table yet.

using System.Globalization;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class FixtureTests : StoreTest
{
    [Fact]
    public void Open_StoreOfVersion1_ReadsAllOfIt()
    {
        using LsmStore store = OpenFixture();
        AssertContent(store);
        Assert.Equal("1"u8.ToArray(), store.GetKeyspace("other").Get("one"u8));
        Assert.Equal(0, store.Verify().DamageCount);
    }

    [Fact]
    public void OpenReadOnly_StoreOfVersion1_ReadsAllOfIt()
    {
        StoreFiles.Copy(Fixture, Home);
        using LsmStore store = OpenReadOnly();
        AssertContent(store);
    }

    [Fact]
    public void DeleteRange_InStoreOfVersion1_HidesItsKeys()
    {
        using LsmStore store = OpenFixture();
        store.DeleteRange("key010"u8, "key050"u8);
        Assert.Equal(20, Count(store));
        store.Flush();
        Assert.Equal(20, Count(store));
        store.Compact();
        Assert.Equal(20, Count(store));
        Assert.Equal(0, store.Verify().DamageCount);
    }

    private static string Fixture => Path.Combine(AppContext.BaseDirectory, "Fixtures", "v1");

    private LsmStore OpenFixture()
    {
        StoreFiles.Copy(Fixture, Home);
        return Open();
    }

    private static void AssertContent(LsmStore store)
    {
        Assert.Equal(58, Count(store));
        for (int i = 0; i < 60; i++)
        {
            byte[] key = Utf8(string.Create(CultureInfo.InvariantCulture, $"key{i:D3}"));
            string? expected = i switch
            {
                < 20 => string.Create(CultureInfo.InvariantCulture, $"value {i}"),
                30 or 32 => null,
                31 => "in the log",
                _ => string.Create(CultureInfo.InvariantCulture, $"old value {i}"),
            };
            Assert.Equal(expected == null ? null : Utf8(expected), store.Get(key));
        }
    }

    private static byte[] Utf8(string text) => System.Text.Encoding.UTF8.GetBytes(text);
}
