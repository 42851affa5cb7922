// Absolute and sliding expiration on a clock made by hand: when an entry is there and when not.

using LsmMmap.Extensions.Caching;
using LsmMmap.Testing;

namespace LsmMmap.Caching.Tests;

public sealed class ExpirationTests : IDisposable
{
    private static readonly TimeSpan s_millisecond = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    private readonly CacheFixture _fixture = new();

    private LsmCache Cache => _fixture.Cache;

    private ManualTimeProvider Clock => _fixture.Clock;

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(ReadForm.Get)]
    [InlineData(ReadForm.GetAsync)]
    [InlineData(ReadForm.TryGet)]
    [InlineData(ReadForm.TryGetAsync)]
    public async Task Absolute_Expiration_EndsTheEntryAtItsMoment(ReadForm form)
    {
        Cache.Set("at", [1], new() { AbsoluteExpiration = Clock.GetUtcNow() + s_minute });
        Cache.Set("after", [2], CacheFixture.For(s_minute));
        Clock.Advance(s_minute - s_millisecond);
        Assert.Equal([1], await Cache.ReadAsync(form, "at"));
        Assert.Equal([2], await Cache.ReadAsync(form, "after"));
        Clock.Advance(s_millisecond);
        Assert.Null(await Cache.ReadAsync(form, "at"));
        Assert.Null(await Cache.ReadAsync(form, "after"));
    }

    [Fact]
    public void Absolute_ExpirationInAnotherZone_MeansTheSameMoment()
    {
        DateTimeOffset at = (Clock.GetUtcNow() + s_minute).ToOffset(TimeSpan.FromHours(9));
        Cache.Set("key", [1], new() { AbsoluteExpiration = at });
        Clock.Advance(s_minute - s_millisecond);
        Assert.NotNull(Cache.Get("key"));
        Clock.Advance(s_millisecond);
        Assert.Null(Cache.Get("key"));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    public void Absolute_OfBothKinds_TheEarlierCounts(int atMinutes, int afterMinutes)
    {
        Cache.Set("key", [1], new()
        {
            AbsoluteExpiration = Clock.GetUtcNow() + TimeSpan.FromMinutes(atMinutes),
            AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(afterMinutes),
        });
        Clock.Advance(s_minute - s_millisecond);
        Assert.NotNull(Cache.Get("key"));
        Clock.Advance(s_millisecond);
        Assert.Null(Cache.Get("key"));
    }

    [Fact]
    public async Task Absolute_ExpirationNotInTheFuture_IsRefused()
    {
        Cache.Set("key", [1], CacheFixture.Forever);
        DateTimeOffset now = Clock.GetUtcNow();
        Assert.Throws<ArgumentOutOfRangeException>(
            () => Cache.Set("key", [2], new() { AbsoluteExpiration = now }));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Cache.SetAsync("key", [2], new() { AbsoluteExpiration = now - s_minute }));
        Assert.Equal([1], Cache.Get("key"));
    }

    [Fact]
    public void Absolute_Expiration_IsNotMovedByReads()
    {
        Cache.Set("key", [1], CacheFixture.For(s_minute));
        for (int i = 0; i < 59; i++)
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            Assert.NotNull(Cache.Get("key"));
            Cache.Refresh("key");
        }
        Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(Cache.Get("key"));
    }

    [Fact]
    public void Expiration_OfASecondSet_TakesThePlaceOfTheFirst()
    {
        Cache.Set("longer", [1], CacheFixture.For(s_minute));
        Cache.Set("longer", [2], CacheFixture.For(60 * s_minute));
        Cache.Set("shorter", [1], CacheFixture.For(60 * s_minute));
        Cache.Set("shorter", [2], CacheFixture.For(s_minute));
        Cache.Set("never", [1], CacheFixture.For(s_minute));
        Cache.Set("never", [2], CacheFixture.Forever);
        Clock.Advance(s_minute);
        Assert.Equal([2], Cache.Get("longer"));
        Assert.Null(Cache.Get("shorter"));
        Clock.Advance(TimeSpan.FromDays(10_000));
        Assert.Null(Cache.Get("longer"));
        Assert.Equal([2], Cache.Get("never"));
    }

    [Fact]
    public void Expiration_BeyondTheCalendar_IsNever()
    {
        Cache.Set("absolute", [1], CacheFixture.For(TimeSpan.MaxValue));
        Cache.Set("sliding", [2], CacheFixture.Sliding(TimeSpan.MaxValue));
        Cache.Set("last", [3], new() { AbsoluteExpiration = DateTimeOffset.MaxValue });
        Clock.Advance(TimeSpan.FromDays(100_000));
        Assert.Equal([1], Cache.Get("absolute"));
        Assert.Equal([2], Cache.Get("sliding"));
        Assert.Equal([3], Cache.Get("last"));
        Assert.Equal([2], Cache.Get("sliding"));
    }

    [Fact]
    public void Entry_WithoutExpiration_TakesTheDefaultSlidingOne()
    {
        _fixture.Reopen(static o => o.DefaultSlidingExpiration = TimeSpan.FromMinutes(20));
        Cache.Set("plain", [1], CacheFixture.Forever);
        Cache.Set("absolute", [2], CacheFixture.For(60 * s_minute));
        Cache.Set("sliding", [3], CacheFixture.Sliding(30 * s_minute));
        Clock.Advance(20 * s_minute);
        Assert.Null(Cache.Get("plain"));
        Assert.Equal([2], Cache.Get("absolute"));
        Assert.Equal([3], Cache.Get("sliding"));
    }

    [Fact]
    public void Entry_WhoseTimeIsOver_CanBeSetAgain()
    {
        Cache.Set("key", [1], CacheFixture.For(s_minute));
        Clock.Advance(s_minute);
        Assert.Null(Cache.Get("key"));
        Cache.Set("key", [2], CacheFixture.For(s_minute));
        Assert.Equal([2], Cache.Get("key"));
    }

    [Fact]
    public void Entry_WhoseTimeIsOver_IsGoneAfterCompaction()
    {
        byte[] value = new byte[1000];
        for (int i = 0; i < 1000; i++)
        {
            new Random(i).NextBytes(value);
            Cache.Set($"absolute {i}", value, CacheFixture.For(s_minute));
            Cache.Set($"sliding {i}", value, CacheFixture.Sliding(s_minute));
        }
        Cache.Set("kept", value, CacheFixture.Forever);
        _fixture.Close();
        Clock.Advance(Expiration.StayWindows * s_minute);
        using LsmStore store = _fixture.OpenStore();
        Keyspace keyspace = store.GetKeyspace("cache");
        keyspace.Compact();
        store.WaitForIdle();
        long tableBytes = StoreFiles.Tables(_fixture.Directory)
            .Sum(static f => new FileInfo(f).Length);
        Assert.InRange(tableBytes, 1, 100_000);
    }
}
