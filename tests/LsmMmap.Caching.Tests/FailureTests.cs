// A disk that takes no more writes: what is set says so, what is read is read on, and a sliding
// entry whose reads cannot be noted keeps its deadline.

using LsmMmap.Engine.Files;
using LsmMmap.Extensions.Caching;
using LsmMmap.Testing;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Caching.Tests;

public sealed class FailureTests
{
    private static readonly TimeSpan s_window = TimeSpan.FromMinutes(16);

    [Fact]
    public async Task Cache_OnADiskWithoutRoom_ReadsOnAndSaysSo()
    {
        // The first run counts the writes that succeed, the second fails from there on.
        int writes = await Run(failingWrite: null);
        await Run(writes + 1);
    }

    private static async Task<int> Run(int? failingWrite)
    {
        using var folder = new TemporaryFolder();
        var clock = new ManualTimeProvider();
        var log = new CacheLogRecorder();
        var files = new FaultInjectingFileSystem(LocalFileSystem.Instance, failingWrite is { } at
            ? new Fault(FaultKind.Write, at, FaultError.NoSpace, Always: true) : null);
        using LsmStore store = LsmStore.Open(
            folder["store"], new StoreOptions { TimeProvider = clock }, files);
        using var cache = new LsmCache(
            new LsmCacheOptions { Store = store, TimeProvider = clock }, log);
        cache.Set("sliding", [1], CacheFixture.Sliding(s_window));
        cache.Set("plain", [2], CacheFixture.Forever);
        if (failingWrite == null)
            return files.CountOf(FaultKind.Write);

        Assert.ThrowsAny<LsmException>(() => cache.Set("other", [3], CacheFixture.Forever));
        await Assert.ThrowsAnyAsync<LsmException>(
            () => cache.SetAsync("other", [3], CacheFixture.Forever));
        Assert.ThrowsAny<LsmException>(() => cache.Remove("plain"));
        await Assert.ThrowsAnyAsync<LsmException>(() => cache.RemoveAsync("plain"));
        clock.Advance(s_window / 2);
        Assert.Equal([2], cache.Get("plain"));
        Assert.Empty(log.Names);
        foreach (ReadForm form in Enum.GetValues<ReadForm>())
            Assert.Equal([1], await cache.ReadAsync(form, "sliding"));
        await cache.RefreshAsync("sliding");
        Assert.Equal(Enumerable.Repeat("DeadlineNotMoved", 5), log.Names);
        clock.Advance(s_window / 2);
        Assert.Null(cache.Get("sliding"));
        return files.CountOf(FaultKind.Write);
    }
}
