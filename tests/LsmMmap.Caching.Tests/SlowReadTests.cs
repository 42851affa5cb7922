// Reads that wait for the disk: the caller's thread is free meanwhile, and what arrives later is
// what the plain calls give. The disk says that nothing is in memory, and waits for the test;
// every read goes to it, because the store reads copies.

using System.Buffers;
using LsmMmap.Engine.Files;
using LsmMmap.Extensions.Caching;
using LsmMmap.Testing;
using LsmMmap.Testing.Crash;

namespace LsmMmap.Caching.Tests;

public sealed class SlowReadTests : IDisposable
{
    private static readonly byte[] s_value = Bytes.Repeat(0xA5, 3000);

    private readonly TemporaryFolder _folder = new();
    private readonly ManualTimeProvider _clock = new();
    private readonly CacheLogRecorder _log = new();
    private readonly SlowDisk _disk = new();
    private readonly LsmStore _store;
    private readonly LsmCache _cache;

    public SlowReadTests()
    {
        _store = LsmStore.Open(
            _folder["store"],
            new StoreOptions { TimeProvider = _clock, ReadMode = ReadMode.Copy }, _disk);
        _cache = new LsmCache(new LsmCacheOptions { Store = _store, TimeProvider = _clock }, _log);
        _cache.Set("plain", s_value, CacheFixture.Forever);
        _cache.Set("sliding", s_value, CacheFixture.Sliding(TimeSpan.FromHours(1)));
        _store.Flush();
        // What reads suppose to be in memory, the index, is there after one read.
        Assert.NotNull(_cache.Get("plain"));
        _disk.IsCold = true;
        _disk.Hold();
    }

    public void Dispose()
    {
        _disk.LetGo();
        _cache.Dispose();
        _store.Dispose();
        _disk.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("plain", 0)]
    [InlineData("sliding", 0)]
    [InlineData("sliding", 30)]
    public async Task Read_OfWhatIsNotInMemory_CompletesLater(string key, int afterMinutes)
    {
        _clock.Advance(TimeSpan.FromMinutes(afterMinutes));
        var written = new ArrayBufferWriter<byte>();
        ValueTask<bool> into = _cache.TryGetAsync(key, written);
        Task<byte[]?> array = _cache.GetAsync(key);
        Assert.False(into.IsCompleted);
        Assert.False(array.IsCompleted);
        _disk.LetGo();
        Assert.True(await into);
        Assert.Equal(s_value, written.WrittenSpan.ToArray());
        Assert.Equal(s_value, await array);
    }

    [Fact]
    public async Task Read_ThatIsDamaged_IsAMissAndLogged()
    {
        _disk.Fails = true;
        var written = new ArrayBufferWriter<byte>();
        ValueTask<bool> into = _cache.TryGetAsync("plain", written);
        Task<byte[]?> array = _cache.GetAsync("sliding");
        _disk.LetGo();
        Assert.False(await into);
        Assert.Equal(0, written.WrittenCount);
        Assert.Null(await array);
        Assert.Equal(["EntryDamaged", "EntryDamaged"], _log.Names);
    }

    [Fact]
    public async Task Read_ThatComesAfterTheDeadline_HandsNothingOn()
    {
        _clock.Advance(TimeSpan.FromMinutes(59));
        var written = new ArrayBufferWriter<byte>();
        ValueTask<bool> read = _cache.TryGetAsync("sliding", written);
        Assert.False(read.IsCompleted);
        _clock.Advance(TimeSpan.FromMinutes(1));
        _disk.LetGo();
        Assert.False(await read);
        Assert.Equal(0, written.WrittenCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Change_WhileARenewalReads_IsNotUndone(bool removes)
    {
        _disk.LetGo();
        Assert.True(EntryHead.TryRead(
            _store.GetKeyspace("cache").Get("vsliding"u8), out EntryHead head));
        _disk.Hold();
        var renewal = new Thread(() => Renew(head)) { IsBackground = true };
        renewal.Start();
        _disk.AwaitReader();
        var change = new Thread(Change) { IsBackground = true };
        change.Start();
        // It waits for the renewal, which waits for the disk. One that did not wait would be done,
        // and the renewal would then write what it had begun to read.
        Eventually.True(
            () => !change.IsAlive || change.ThreadState.HasFlag(ThreadState.WaitSleepJoin),
            "the change is done or waits");
        _disk.LetGo();
        renewal.Join();
        change.Join();
        Assert.Equal(removes ? null : [9], _cache.Get("sliding"));

        void Change()
        {
            if (removes)
                _cache.Remove("sliding");
            else
                _cache.Set("sliding", [9], CacheFixture.Forever);
        }
    }

    private void Renew(EntryHead head)
    {
        using var key = new CacheKey("sliding", stackalloc byte[CacheKey.ScratchBytes]);
        _cache.Writer.Renew(key, head, _clock.GetUtcNow().UtcTicks);
    }

    /// <summary>Table files whose ranges are not in memory once the test says so, and whose reads
    /// wait until it lets them go.</summary>
    private sealed class SlowDisk()
        : ForwardingFileSystem(LocalFileSystem.Instance), IDisposable
    {
        private readonly ManualResetEventSlim _free = new(true);
        private readonly ManualResetEventSlim _isRead = new(false);

        public bool IsCold { get; set; }

        public bool Fails { get; set; }

        public void Hold()
        {
            _isRead.Reset();
            _free.Reset();
        }

        /// <summary>Until somebody waits for this disk, held as it is.</summary>
        public void AwaitReader() => _isRead.Wait();

        public void LetGo() => _free.Set();

        public void Dispose()
        {
            _free.Dispose();
            _isRead.Dispose();
        }

        public override TableFile OpenTable(string path, long expectedLength, bool map) =>
            new SlowTable(this, path, expectedLength, map);

        private void Wait()
        {
            if (!IsCold)
                return;
            _isRead.Set();
            _free.Wait();
        }

        private sealed class SlowTable(SlowDisk disk, string path, long length, bool map)
            : TableFile(
                path, File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete),
                length, map)
        {
            public override bool IsResident(long offset, int bytes) => !disk.IsCold;

            public override void Populate(long offset, long bytes)
            {
                disk.Wait();
                if (disk.Fails)
                    throw Damage(offset, "the disk could not read this range");
                base.Populate(offset, bytes);
            }

            public override void Read(long offset, Span<byte> destination)
            {
                disk.Wait();
                if (disk.Fails)
                    throw Damage(offset, "the disk could not read this range");
                base.Read(offset, destination);
            }
        }
    }
}
