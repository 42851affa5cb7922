// Keys and values: what is set is got, by every form of reading, and nothing else is.

using System.Buffers;
using LsmMmap.Extensions.Caching;
using Microsoft.Extensions.Caching.Distributed;

namespace LsmMmap.Caching.Tests;

public sealed class SetAndGetTests : IDisposable
{
    private readonly CacheFixture _fixture = new();

    private LsmCache Cache => _fixture.Cache;

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [CombinedData]
    public async Task Read_EveryForm_GivesWhatWasSet(ReadForm form, bool isSliding, int length)
    {
        byte[] value = new byte[length];
        new Random(length).NextBytes(value);
        DistributedCacheEntryOptions options = isSliding
            ? CacheFixture.Sliding(TimeSpan.FromHours(1)) : CacheFixture.Forever;
        Cache.Set("key", value, options);
        Assert.Equal(value, await Cache.ReadAsync(form, "key"));
        _fixture.Clock.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal(value, await Cache.ReadAsync(form, "key"));
    }

    [Theory]
    [InlineData(ReadForm.Get)]
    [InlineData(ReadForm.GetAsync)]
    [InlineData(ReadForm.TryGet)]
    [InlineData(ReadForm.TryGetAsync)]
    public async Task Read_OfMissingKey_GivesNothing(ReadForm form)
    {
        Cache.Set("other", [1], CacheFixture.Forever);
        Assert.Null(await Cache.ReadAsync(form, "key"));
    }

    [Fact]
    public void Keys_ThatDifferInCaseOrSpaces_AreDifferent()
    {
        Cache.Set("  key ", [1], CacheFixture.Forever);
        Assert.Equal([1], Cache.Get("  key "));
        Assert.Null(Cache.Get("  Key "));
        Assert.Null(Cache.Get("key"));
        Assert.Null(Cache.Get("  key"));
    }

    [Fact]
    public void Set_OfPresentKey_Overwrites()
    {
        Cache.Set("key", [1, 1], CacheFixture.Sliding(TimeSpan.FromHours(1)));
        Cache.Set("key", [2], CacheFixture.Forever);
        Assert.Equal([2], Cache.Get("key"));
        Cache.Set("key", [3, 3, 3], CacheFixture.Sliding(TimeSpan.FromHours(1)));
        Assert.Equal([3, 3, 3], Cache.Get("key"));
    }

    [Fact]
    public async Task Remove_OfKey_RemovesItAlone()
    {
        Cache.Set("key", [1], CacheFixture.Forever);
        Cache.Set("sliding", [2], CacheFixture.Sliding(TimeSpan.FromHours(1)));
        Cache.Set("other", [3], CacheFixture.Forever);
        Cache.Remove("key");
        await Cache.RemoveAsync("sliding");
        Cache.Remove("absent");
        Assert.Null(Cache.Get("key"));
        Assert.Null(Cache.Get("sliding"));
        Assert.Equal([3], Cache.Get("other"));
        Cache.Set("key", [4], CacheFixture.Forever);
        Assert.Equal([4], Cache.Get("key"));
    }

    [Fact]
    public void EmptyKeyAndValue_AreLegal_AndKept()
    {
        Cache.Set("", [], CacheFixture.Forever);
        byte[]? value = Cache.Get("");
        Assert.NotNull(value);
        Assert.Empty(value);
        Assert.True(Cache.TryGet("", new ArrayBufferWriter<byte>()));
    }

    [Theory]
    [InlineData("é")]
    [InlineData("鍵")]
    [InlineData("\U0001F511")]
    [InlineData("a\0b")]
    public void Key_OfAnyCharacters_IsAKey(string key)
    {
        Cache.Set(key, [7], CacheFixture.Forever);
        Assert.Equal([7], Cache.Get(key));
    }

    [Fact]
    public void Key_ThatIsNoText_IsRefusedAndNotMistakenForAnother()
    {
        // Both would be U+FFFD in a lenient encoding, and so would each other.
        Cache.Set("\uFFFD", [1], CacheFixture.Forever);
        Assert.ThrowsAny<ArgumentException>(() => Cache.Get("\uD800"));
        Assert.ThrowsAny<ArgumentException>(
            () => Cache.Set("\uDC00", [2], CacheFixture.Forever));
        Assert.Equal([1], Cache.Get("\uFFFD"));
    }

    [Theory]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(65_534)]
    public void Key_UpToTheLimit_IsAKey(int length)
    {
        string key = new('k', length);
        Cache.Set(key, [7], CacheFixture.Sliding(TimeSpan.FromHours(1)));
        _fixture.Clock.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal([7], Cache.Get(key));
        Cache.Remove(key);
        Assert.Null(Cache.Get(key));
    }

    [Fact]
    public async Task Key_BeyondTheLimit_IsAMissAndCannotBeSet()
    {
        string key = new('k', 65_535);
        Assert.Null(Cache.Get(key));
        Assert.Null(await Cache.GetAsync(key));
        Assert.ThrowsAny<ArgumentException>(() => Cache.Set(key, [1], CacheFixture.Forever));
        await Assert.ThrowsAnyAsync<ArgumentException>(
            () => Cache.SetAsync(key, [1], CacheFixture.Forever));
        Assert.ThrowsAny<ArgumentException>(() => Cache.Remove(key));
    }

    [Fact]
    public async Task Arguments_ThatAreNull_AreRefused()
    {
        var writer = new ArrayBufferWriter<byte>();
        byte[] value = [1];
        Assert.Throws<ArgumentNullException>(() => Cache.Get(null!));
        await Assert.ThrowsAsync<ArgumentNullException>(() => Cache.GetAsync(null!));
        Assert.Throws<ArgumentNullException>(() => Cache.TryGet(null!, writer));
        Assert.Throws<ArgumentNullException>(() => Cache.TryGet("key", null!));
        await Assert.ThrowsAsync<ArgumentNullException>(
            async () => await Cache.TryGetAsync("key", null!));
        Assert.Throws<ArgumentNullException>(() => Cache.Set(null!, value, CacheFixture.Forever));
        Assert.Throws<ArgumentNullException>(
            () => Cache.Set("key", (byte[])null!, CacheFixture.Forever));
        Assert.Throws<ArgumentNullException>(() => Cache.Set("key", value, null!));
        await Assert.ThrowsAsync<ArgumentNullException>(
            () => Cache.SetAsync("key", null!, CacheFixture.Forever));
        Assert.Throws<ArgumentNullException>(() => Cache.Refresh(null!));
        await Assert.ThrowsAsync<ArgumentNullException>(() => Cache.RefreshAsync(null!));
        Assert.Throws<ArgumentNullException>(() => Cache.Remove(null!));
        await Assert.ThrowsAsync<ArgumentNullException>(() => Cache.RemoveAsync(null!));
    }

    [Fact]
    public void Cache_AfterDispose_Throws()
    {
        LsmCache cache = Cache;
        cache.Dispose();
        cache.Dispose();
        Assert.Throws<ObjectDisposedException>(() => cache.Get("key"));
        Assert.Throws<ObjectDisposedException>(
            () => cache.Set("key", [1], CacheFixture.Forever));
    }

    [Fact]
    public async Task Token_ThatIsCancelled_CancelsEveryCall()
    {
        CancellationToken token = new(canceled: true);
        byte[] value = [1];
        var writer = new ArrayBufferWriter<byte>();
        Cache.Set("key", value, CacheFixture.Forever);
        await Cancelled(Cache.GetAsync("key", token));
        await Cancelled(Cache.TryGetAsync("key", writer, token).AsTask());
        await Cancelled(Cache.SetAsync("key", [2], CacheFixture.Forever, token));
        await Cancelled(Cache.SetAsync(
            "key", new ReadOnlySequence<byte>([2]), CacheFixture.Forever, token).AsTask());
        await Cancelled(Cache.RefreshAsync("key", token));
        await Cancelled(Cache.RemoveAsync("key", token));
        Assert.Equal(value, Cache.Get("key"));
        Assert.Equal(0, writer.WrittenCount);

        static Task Cancelled(Task task) =>
            Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
    }

    private sealed class CombinedDataAttribute : Xunit.Sdk.DataAttribute
    {
        public override IEnumerable<object[]> GetData(System.Reflection.MethodInfo testMethod)
        {
            foreach (ReadForm form in Enum.GetValues<ReadForm>())
            {
                foreach (bool isSliding in new[] { false, true })
                {
                    foreach (int length in new[] { 0, 1, 40, 1000, 1024, 5000, 300_000 })
                        yield return [form, isSliding, length];
                }
            }
        }
    }
}
