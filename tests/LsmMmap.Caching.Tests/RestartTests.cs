// What a cache still knows in the next process, and what it does with entries that do not verify.

using LsmMmap.Extensions.Caching;
using LsmMmap.Testing;

namespace LsmMmap.Caching.Tests;

public sealed class RestartTests : IDisposable
{
    private readonly CacheFixture _fixture = new();

    private LsmCache Cache => _fixture.Cache;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Entries_AfterReopening_AreThereUntilTheirTimeIsOver()
    {
        Cache.Set("plain", [1], CacheFixture.Forever);
        Cache.Set("short", [2], CacheFixture.For(TimeSpan.FromMinutes(1)));
        Cache.Set("long", [3], CacheFixture.For(TimeSpan.FromMinutes(10)));
        Cache.Set("removed", [4], CacheFixture.Forever);
        Cache.Remove("removed");
        _fixture.Close();
        _fixture.Clock.Advance(TimeSpan.FromMinutes(5));
        _fixture.Open();
        Assert.Equal([1], Cache.Get("plain"));
        Assert.Null(Cache.Get("short"));
        Assert.Equal([3], Cache.Get("long"));
        Assert.Null(Cache.Get("removed"));
    }

    [Fact]
    public void Entries_AfterAKill_AreThereByDefault()
    {
        using var copy = new TemporaryFolder();
        Cache.Set("key", [1], CacheFixture.Forever);
        Cache.Set("removed", [2], CacheFixture.Forever);
        Cache.Remove("removed");
        StoreFiles.Copy(_fixture.Directory, copy["killed"]);
        using var cache = new LsmCache(new LsmCacheOptions { Directory = copy["killed"] });
        Assert.Equal([1], cache.Get("key"));
        Assert.Null(cache.Get("removed"));
    }

    [Fact]
    public async Task Entry_WithDamagedBytes_IsAMissAndLogged()
    {
        byte[] damaged = Bytes.Repeat(0xA5, 5000);
        byte[] whole = Bytes.Repeat(0x3C, 5000);
        Cache.Set("damaged", damaged, CacheFixture.Forever);
        Cache.Set("whole", whole, CacheFixture.Forever);
        _fixture.Close();
        FlipInside(damaged);
        foreach (ReadForm form in Enum.GetValues<ReadForm>())
        {
            _fixture.Reopen();
            int logged = _fixture.Log.Names.Count;
            Assert.Null(await Cache.ReadAsync(form, "damaged"));
            Assert.Equal("EntryDamaged", _fixture.Log.Names[logged]);
            Assert.Contains(".sst at offset", _fixture.Log.Texts[logged]);
            Assert.DoesNotContain("damaged\"", _fixture.Log.Texts[logged]);
            Assert.Equal(whole, await Cache.ReadAsync(form, "whole"));
        }
        Cache.Refresh("damaged");
        Cache.Set("damaged", whole, CacheFixture.Forever);
        Assert.Equal(whole, Cache.Get("damaged"));
    }

    [Fact]
    public async Task Entry_OfAnotherKind_IsAMissAndLogged()
    {
        _fixture.Close();
        using (LsmStore store = _fixture.OpenStore())
        {
            Keyspace keyspace = store.GetKeyspace("cache");
            keyspace.Put("vempty"u8, default);
            keyspace.Put("vnewer"u8, "\u0009 something of a later version"u8);
            keyspace.Put("vcut"u8, "\u0002 cut"u8);
        }
        _fixture.Open();
        foreach (ReadForm form in Enum.GetValues<ReadForm>())
        {
            foreach (string key in new[] { "empty", "newer", "cut" })
            {
                int logged = _fixture.Log.Names.Count;
                Assert.Null(await Cache.ReadAsync(form, key));
                Assert.Equal("EntryUnknown", _fixture.Log.Names.Skip(logged).Single());
            }
        }
    }

    [Fact]
    public void Directory_ThatIsOpen_CannotBeOpenedAgain()
    {
        Assert.Throws<StoreLockedException>(
            () => new LsmCache(new LsmCacheOptions { Directory = _fixture.Directory }));
        Cache.Set("key", [1], CacheFixture.Forever);
        Assert.Equal([1], Cache.Get("key"));
    }

    private void FlipInside(byte[] value)
    {
        foreach (string table in StoreFiles.Tables(_fixture.Directory))
        {
            int at = StoreFiles.ReadShared(table).AsSpan().IndexOf(value.AsSpan(0, 1000));
            if (at < 0)
                continue;
            StoreFiles.Flip(table, at + 500);
            return;
        }
        Assert.Fail("no table holds the value");
    }
}
