// Sliding expiration: the guarantee of 15/16, what a read costs, and the renewal of records whose
// stay in the store ends. The figures of the guarantee are written out here, not taken from the
// code.

using LsmMmap.Extensions.Caching;
using LsmMmap.Testing;
using Microsoft.Extensions.Caching.Distributed;

namespace LsmMmap.Caching.Tests;

public sealed class SlidingTests : IDisposable
{
    private static readonly TimeSpan s_window = TimeSpan.FromMinutes(16);
    private static readonly TimeSpan s_step = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_millisecond = TimeSpan.FromMilliseconds(1);

    private readonly CacheFixture _fixture = new();

    private LsmCache Cache => _fixture.Cache;

    private ManualTimeProvider Clock => _fixture.Clock;

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(ReadForm.Get)]
    [InlineData(ReadForm.GetAsync)]
    [InlineData(ReadForm.TryGet)]
    [InlineData(ReadForm.TryGetAsync)]
    public async Task Entry_NotRead_EndsWithItsWindow(ReadForm form)
    {
        Cache.Set("key", [1], CacheFixture.Sliding(s_window));
        Cache.Set("other", [2], CacheFixture.Sliding(s_window));
        Clock.Advance(s_window - s_millisecond);
        Assert.Equal([1], await Cache.ReadAsync(form, "key"));
        Clock.Advance(s_millisecond);
        Assert.Null(await Cache.ReadAsync(form, "other"));
    }

    [Theory]
    [InlineData(ReadForm.Get)]
    [InlineData(ReadForm.GetAsync)]
    [InlineData(ReadForm.TryGet)]
    [InlineData(ReadForm.TryGetAsync)]
    public async Task Entry_ReadEachHalfWindow_LivesOnAndThenEnds(ReadForm form)
    {
        Cache.Set("key", [1], CacheFixture.Sliding(s_window));
        for (int i = 0; i < 100; i++)
        {
            Clock.Advance(s_window / 2);
            Assert.Equal([1], await Cache.ReadAsync(form, "key"));
        }
        Clock.Advance(s_window - s_millisecond);
        Assert.Equal([1], await Cache.ReadAsync(form, "key"));
        Clock.Advance(s_window);
        Assert.Null(await Cache.ReadAsync(form, "key"));
    }

    [Fact]
    public async Task Refresh_OfEntry_MovesItsDeadlineAsAReadDoes()
    {
        Cache.Set("key", [1], CacheFixture.Sliding(s_window));
        Clock.Advance(s_window / 2);
        Cache.Refresh("key");
        Clock.Advance(s_window - s_millisecond);
        await Cache.RefreshAsync("key");
        Clock.Advance(s_window - s_millisecond);
        Assert.Equal([1], Cache.Get("key"));
        Cache.Refresh("absent");
        await Cache.RefreshAsync("absent");
        Assert.Null(Cache.Get("absent"));
    }

    [Fact]
    public void Entry_ReadAtAnyMoment_LivesForFifteenSixteenthsOfTheWindowAtLeast()
    {
        for (int seconds = 0; seconds < 16 * 60; seconds += 7)
        {
            string key = $"key {seconds}";
            Cache.Set(key, [1], CacheFixture.Sliding(s_window));
            Clock.Advance(TimeSpan.FromSeconds(seconds));
            Assert.NotNull(Cache.Get(key));
            Clock.Advance(s_window - s_step);
            Assert.NotNull(Cache.Get(key));
            Clock.Advance(s_window);
            Assert.Null(Cache.Get(key));
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(15)]
    public void Entry_WithBothExpirations_EndsAtTheAbsoluteOne(int everyMinutes)
    {
        var total = TimeSpan.FromMinutes(60);
        Cache.Set("key", [1], Both(s_window, total));
        TimeSpan passed = TimeSpan.Zero;
        TimeSpan every = TimeSpan.FromMinutes(everyMinutes);
        for (; passed + every < total; passed += every)
        {
            Clock.Advance(every);
            Assert.NotNull(Cache.Get("key"));
        }
        Clock.Advance(total - passed - s_step - s_millisecond);
        Assert.NotNull(Cache.Get("key"));
        Clock.Advance(s_step + s_millisecond);
        Assert.Null(Cache.Get("key"));
    }

    [Fact]
    public void Entry_WhoseAbsoluteExpirationIsNearer_EndsThere()
    {
        Cache.Set("key", [1], Both(s_window, s_step));
        Clock.Advance(s_step - s_millisecond);
        Assert.NotNull(Cache.Get("key"));
        Clock.Advance(s_millisecond);
        Assert.Null(Cache.Get("key"));
    }

    [Fact]
    public void Reads_OfALargeValue_DoNotRewriteIt()
    {
        using var folder = new TemporaryFolder();
        using LsmStore store = LsmStore.Open(
            folder["store"], new StoreOptions { TimeProvider = Clock });
        using var cache = new LsmCache(new LsmCacheOptions { Store = store, TimeProvider = Clock });
        cache.Set("key", new byte[1 << 20], CacheFixture.Sliding(s_window));
        long before = store.GetStatistics().BytesWrittenToLog;
        for (int i = 0; i < 15 * 60; i++)
        {
            Clock.Advance(TimeSpan.FromSeconds(16));
            Assert.True(cache.Get("key")?.Length == 1 << 20);
        }
        // 240 minutes are 15 windows: the record is not yet written again.
        Assert.InRange(store.GetStatistics().BytesWrittenToLog - before, 1, 100_000);
        Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.NotNull(cache.Get("key"));
        Assert.InRange(store.GetStatistics().BytesWrittenToLog - before, 1 << 20, 2 << 20);
    }

    [Fact]
    public void Entry_ReadForManyWindows_OutlivesTheStayOfItsRecord()
    {
        byte[] value = Bytes.Repeat(7, 100);
        Cache.Set("key", value, CacheFixture.Sliding(s_window));
        for (int i = 0; i < 1000; i++)
        {
            Clock.Advance(s_window - s_step - s_millisecond);
            Assert.Equal(value, Cache.Get("key"));
            if (i % 100 == 0)
                _fixture.Reopen();
        }
    }

    [Fact]
    public void Deadline_MovedByARead_SurvivesTheProcess()
    {
        Cache.Set("key", [1], CacheFixture.Sliding(s_window));
        Clock.Advance(s_window / 2);
        Assert.NotNull(Cache.Get("key"));
        _fixture.Reopen();
        Clock.Advance(s_window - s_millisecond);
        Assert.Equal([1], Cache.Get("key"));
        Clock.Advance(s_window);
        _fixture.Reopen();
        Assert.Null(Cache.Get("key"));
    }

    [Fact]
    public void Touch_OfAnEarlierRecord_DoesNotCountForALaterOne()
    {
        Cache.Set("key", [1], CacheFixture.Sliding(16 * s_window));
        Clock.Advance(8 * s_window);
        Assert.Equal([1], Cache.Get("key"));
        Cache.Set("key", [2], CacheFixture.Sliding(s_window));
        Clock.Advance(s_window);
        Assert.Null(Cache.Get("key"));
        // Nor after a Remove, which leaves the touch behind.
        Cache.Remove("key");
        Cache.Set("key", [3], CacheFixture.Sliding(s_window));
        Clock.Advance(s_window);
        Assert.Null(Cache.Get("key"));
    }

    [Fact]
    public void Renewal_AfterASetOrRemove_WritesNothing()
    {
        using var folder = new TemporaryFolder();
        using LsmStore store = LsmStore.Open(
            folder["store"], new StoreOptions { TimeProvider = Clock });
        var options = new LsmCacheOptions { Store = store, TimeProvider = Clock };
        using var cache = new LsmCache(options);
        Keyspace keyspace = store.GetKeyspace("cache");
        var writer = new EntryWriter(keyspace, options, _fixture.Log);
        foreach (bool removes in new[] { false, true })
        {
            cache.Set("key", [1], CacheFixture.Sliding(s_window));
            Assert.True(EntryHead.TryRead(keyspace.Get("vkey"u8), out EntryHead first));
            if (removes)
                cache.Remove("key");
            else
                cache.Set("key", [2], CacheFixture.Forever);
            Renew(writer, first);
            Assert.Equal(removes ? null : [2], cache.Get("key"));
        }
        // And with the record as it was read, it does write.
        cache.Set("key", [3], CacheFixture.Sliding(s_window));
        Assert.True(EntryHead.TryRead(keyspace.Get("vkey"u8), out EntryHead last));
        Clock.Advance(s_step);
        Renew(writer, last);
        Assert.True(EntryHead.TryRead(keyspace.Get("vkey"u8), out EntryHead renewed));
        Assert.Equal(last.StayTicks + s_step.Ticks, renewed.StayTicks);
        Assert.Equal([3], cache.Get("key"));
    }

    private static DistributedCacheEntryOptions Both(TimeSpan window, TimeSpan total) =>
        new() { SlidingExpiration = window, AbsoluteExpirationRelativeToNow = total };

    private void Renew(EntryWriter writer, EntryHead head)
    {
        using var key = new CacheKey("key", stackalloc byte[CacheKey.ScratchBytes]);
        writer.Renew(key, head, Clock.GetUtcNow().UtcTicks);
    }
}
