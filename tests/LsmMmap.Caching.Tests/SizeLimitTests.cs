// The size limit: what the directory takes, who leaves, and that nothing older comes back.

using LsmMmap.Extensions.Caching;
using LsmMmap.Testing;

namespace LsmMmap.Caching.Tests;

public sealed class SizeLimitTests : IDisposable
{
    private const int LimitBytes = 4 << 20;
    private const int ValueBytes = 4096;

    private readonly CacheFixture _fixture = new(static o => o.SizeLimitBytes = LimitBytes);

    private LsmCache Cache => _fixture.Cache;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Entries_AboveTheLimit_LeaveInTheOrderOfWriting()
    {
        // Four times what fits. Reading the first ones all the time does not keep them.
        const int Count = 4 * LimitBytes / ValueBytes;
        byte[] value = new byte[ValueBytes];
        for (int i = 0; i < Count; i++)
        {
            new Random(i).NextBytes(value);
            Cache.Set($"key {i}", value, CacheFixture.Forever);
            Cache.Get("key 0");
        }
        _fixture.Close();
        // What closing left to be dropped would else be dropped while it is looked for.
        using (LsmStore store = _fixture.OpenStore())
            store.WaitForIdle();
        _fixture.Open();
        int first = 0;
        while (first < Count && Cache.Get($"key {first}") == null)
            first++;
        int kept = Count - first;
        Assert.InRange(kept * ValueBytes, LimitBytes / 2, LimitBytes);
        for (int i = first; i < Count; i++)
        {
            new Random(i).NextBytes(value);
            Assert.Equal(value, Cache.Get($"key {i}"));
        }
    }

    [Fact]
    public void Directory_WhileMuchIsWritten_StaysNearTheLimit()
    {
        byte[] value = new byte[ValueBytes];
        for (int i = 0; i < 20 * LimitBytes / ValueBytes; i++)
            Cache.Set($"key {i % 3000}", value, CacheFixture.For(TimeSpan.FromHours(1)));
        _fixture.Close();
        Assert.InRange(BytesOf(_fixture.Directory), LimitBytes / 2, LimitBytes * 5 / 4);
    }

    [Fact]
    public void Value_ThatWasOverwrittenOrRemoved_NeverComesBack()
    {
        byte[] filler = new byte[ValueBytes];
        Cache.Set("overwritten", [1], CacheFixture.Forever);
        Cache.Set("removed", [1], CacheFixture.Forever);
        Fill(LimitBytes / 4);
        Cache.Set("overwritten", [2], CacheFixture.Forever);
        Cache.Remove("removed");
        for (int i = 0; i < 3 * LimitBytes / ValueBytes; i++)
        {
            Cache.Set($"filler {i}", filler, CacheFixture.Forever);
            Assert.NotEqual([1], Cache.Get("overwritten"));
            Assert.Null(Cache.Get("removed"));
        }
        Assert.Null(Cache.Get("overwritten"));
    }

    [Fact]
    public void Limit_SetOnAFilledCache_HoldsAfterTheNextWrites()
    {
        _fixture.Reopen(static o => o.SizeLimitBytes = 0);
        Fill(4 * LimitBytes);
        _fixture.Reopen();
        Fill(LimitBytes);
        _fixture.Close();
        Assert.InRange(BytesOf(_fixture.Directory), LimitBytes / 2, LimitBytes * 5 / 4);
    }

    [Fact]
    public void Value_LargerThanHalfTheLimit_IsNotKept()
    {
        Cache.Set("other", [1], CacheFixture.Forever);
        Cache.Set("key", [2], CacheFixture.Forever);
        Cache.Set("key", new byte[LimitBytes / 2 + 1], CacheFixture.Forever);
        Assert.Null(Cache.Get("key"));
        Assert.Equal([1], Cache.Get("other"));
        Assert.Equal(["ValueTooLarge"], _fixture.Log.Names);
        Cache.Set("key", new byte[LimitBytes / 2], CacheFixture.Forever);
        Assert.NotNull(Cache.Get("key"));
    }

    private void Fill(int bytes)
    {
        byte[] value = new byte[ValueBytes];
        for (int i = 0; i < bytes / ValueBytes; i++)
            Cache.Set($"fill {i}", value, CacheFixture.Forever);
    }

    private static long BytesOf(string directory) =>
        StoreFiles.All(directory).Sum(static f => new FileInfo(f).Length);
}
