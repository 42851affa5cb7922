// GetAsync and TryGetAsync: at once when the bytes are in memory, else on a thread of the library,
// with the caller's free meanwhile. The disk is a table file that says when it has a range, and
// whose reads wait for the test. What they find is compared with the model in ModelTests.

using System.Buffers;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.Tests.Regression;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class GetAsyncTests : StoreTest
{
    private const int Entries = 3_000;

    private readonly SlowDisk _disk = new();

    public override void Dispose()
    {
        base.Dispose();
        _disk.Dispose();
    }

    [Fact]
    public async Task GetAsync_InMemtable_CompletesAtOnce()
    {
        LsmStore store = Open();
        store.Put("a"u8, "1"u8);
        store.Put("b"u8, "2"u8);
        store.Delete("b"u8);
        ValueTask<byte[]?> found = store.GetAsync("a"u8);
        ValueTask<byte[]?> deleted = store.GetAsync("b"u8);
        ValueTask<byte[]?> absent = store.GetAsync("c"u8);
        Assert.True(found.IsCompleted && deleted.IsCompleted && absent.IsCompleted);
        Assert.Equal("1"u8.ToArray(), await found);
        Assert.Null(await deleted);
        Assert.Null(await absent);
    }

    [Theory]
    [InlineData(ReadMode.Direct, Compression.None)]
    [InlineData(ReadMode.Guarded, Compression.None)]
    [InlineData(ReadMode.Copy, Compression.None)]
    [InlineData(ReadMode.Direct, Compression.Lz4)]
    [InlineData(ReadMode.Copy, Compression.Lz4)]
    public async Task GetAsync_BlockNotResident_WaitsElsewhere(ReadMode mode, Compression codec)
    {
        LsmStore store = OpenOnSlowDisk(mode, codec);
        _disk.IsCold = true;
        _disk.Hold();
        ValueTask<byte[]?> read = store.GetAsync(Bytes.Number(7));
        Assert.False(read.IsCompleted);
        _disk.LetGo();
        Assert.Equal(Bytes.Value(7, 100), await read);
        Assert.Contains("LsmMmap read", _disk.WaitedOn, StringComparer.Ordinal);
    }

    [Theory]
    [InlineData(ReadMode.Direct, Compression.None)]
    [InlineData(ReadMode.Guarded, Compression.None)]
    [InlineData(ReadMode.Copy, Compression.None)]
    [InlineData(ReadMode.Copy, Compression.Lz4)]
    public async Task GetAsync_EverythingResident_CompletesAtOnce(
        ReadMode mode, Compression codec)
    {
        LsmStore store = OpenOnSlowDisk(mode, codec);
        foreach (int i in (int[])[0, 7, Entries / 2, Entries - 1])
        {
            ValueTask<byte[]?> read = store.GetAsync(Bytes.Number(i));
            Assert.True(read.IsCompleted);
            Assert.Equal(Bytes.Value(i, 100), await read);
        }
        ValueTask<byte[]?> missing = store.GetAsync(Bytes.Number(Entries));
        Assert.True(missing.IsCompleted);
        Assert.Null(await missing);
    }

    [Fact]
    public async Task GetAsync_ValueApartNotResident_WaitsElsewhere()
    {
        LsmStore store = OpenOnSlowDisk(ReadMode.Copy, Compression.None, valueBytes: 3_000);
        _disk.ColdFrom = 3_000;
        _disk.Hold();
        ValueTask<byte[]?> read = store.GetAsync(Bytes.Number(7));
        Assert.False(read.IsCompleted);
        _disk.LetGo();
        Assert.Equal(Bytes.Value(7, 3_000), await read);
    }

    [Fact]
    public async Task GetAsync_FirstUseOfATable_OpensItElsewhere()
    {
        using (LsmStore store = Open())
            Fill(store, Entries);
        _disk.Hold();
        LsmStore again = Track(LsmStore.Open(Home, null, _disk.Files));
        ValueTask<byte[]?> read = again.GetAsync(Bytes.Number(7));
        Assert.False(read.IsCompleted);
        _disk.LetGo();
        Assert.Equal(Bytes.Value(7, 100), await read);
    }

    [Fact]
    public async Task TryGetAsync_ManyAtOnce_EachGetsItsOwn()
    {
        LsmStore store = OpenOnSlowDisk(ReadMode.Copy, Compression.None);
        _disk.IsCold = true;
        _disk.Hold();
        var reads = new List<(int Key, ArrayBufferWriter<byte> To, Task<bool> Read)>();
        for (int i = 0; i < 4 * ColdReads.ThreadsMax; i++)
        {
            int key = i * 17 % (Entries + 200);
            var to = new ArrayBufferWriter<byte>();
            byte[] lent = Bytes.Number(key);
            reads.Add((key, to, store.TryGetAsync(lent, to).AsTask()));
            // The key may be anything again as soon as the call returns.
            lent.AsSpan().Fill(0xEE);
        }
        _disk.LetGo();
        foreach ((int key, ArrayBufferWriter<byte> to, Task<bool> read) in reads)
        {
            Assert.Equal(key < Entries, await read);
            Assert.Equal(key < Entries ? Bytes.Value(key, 100) : [], to.WrittenSpan.ToArray());
        }
        Assert.True(_disk.WaitedOn.Count(name => name == "LsmMmap read") > ColdReads.ThreadsMax);
    }

    /// <summary>A result that was asked for too early, or twice, gave the request back to the pool
    /// while it ran: the next caller got the value of another.</summary>
    [Fact]
    public async Task GetAsync_ResultAskedForTooEarlyOrTwice_ThrowsAndHarmsNobody()
    {
        LsmStore store = OpenOnSlowDisk(ReadMode.Copy, Compression.None);
        _disk.IsCold = true;
        _disk.Hold();
#pragma warning disable CA2012 // Misuse is what is tested.
        ValueTask<byte[]?> early = store.GetAsync(Bytes.Number(7));
        Assert.Throws<InvalidOperationException>(() => early.GetAwaiter().GetResult());
        ValueTask<byte[]?> other = store.GetAsync(Bytes.Number(8));
        _disk.LetGo();
        Assert.Equal(Bytes.Value(8, 100), await other);
        Assert.Equal(Bytes.Value(7, 100), await early);
        Assert.Throws<InvalidOperationException>(() => early.GetAwaiter().GetResult());
#pragma warning restore CA2012
        Assert.Equal(Bytes.Value(9, 100), await store.GetAsync(Bytes.Number(9)));
    }

    [Fact]
    public async Task GetAsync_SnapshotDisposedWhileItQueues_IsDisposedAndNotAbsent()
    {
        LsmStore store = OpenOnSlowDisk(ReadMode.Copy, Compression.None);
        _disk.IsCold = true;
        _disk.Hold();
        Snapshot snapshot = store.CreateSnapshot();
        ValueTask<byte[]?> read = snapshot.GetAsync(Bytes.Number(7));
        var to = new ArrayBufferWriter<byte>();
        ValueTask<bool> other = snapshot.TryGetAsync(Bytes.Number(7), to);
        snapshot.Dispose();
        _disk.LetGo();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await read);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await other);
        Assert.Equal(0, to.WrittenCount);
    }

    [Fact]
    public async Task GetAsync_DamageThatOnlyTheDiskShows_ReachesTheAwaiter()
    {
        LsmStore store = OpenOnSlowDisk(ReadMode.Copy, Compression.None);
        _disk.IsCold = true;
        _disk.Fails = true;
        ValueTask<byte[]?> read = store.GetAsync(Bytes.Number(7));
        await Assert.ThrowsAsync<CorruptionException>(async () => await read);
        _disk.Fails = false;
        Assert.Equal(Bytes.Value(7, 100), await store.GetAsync(Bytes.Number(7)));
    }

    [Fact]
    public async Task GetAsync_CancelledToken_ReadsNothing()
    {
        LsmStore store = OpenOnSlowDisk(ReadMode.Copy, Compression.None);
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        ValueTask<byte[]?> read = store.GetAsync(Bytes.Number(7), source.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await read);
        var to = new ArrayBufferWriter<byte>();
        ValueTask<bool> other = store.TryGetAsync(Bytes.Number(7), to, source.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await other);
        Assert.Equal(0, to.WrittenCount);
    }

    [Fact]
    public async Task GetAsync_CancelledWhileItQueues_EndsCancelled()
    {
        LsmStore store = OpenOnSlowDisk(ReadMode.Copy, Compression.None);
        _disk.IsCold = true;
        _disk.Hold();
        var ahead = new List<Task>();
        for (int i = 0; i < ColdReads.ThreadsMax; i++)
            ahead.Add(store.GetAsync(Bytes.Number(i)).AsTask());
        using var source = new CancellationTokenSource();
        ValueTask<byte[]?> last = store.GetAsync(Bytes.Number(7), source.Token);
        await source.CancelAsync();
        _disk.LetGo();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await last);
        await Task.WhenAll(ahead);
    }

    [Fact]
    public async Task TryGetAsync_DestinationThrows_AwaiterSeesIt()
    {
        LsmStore store = OpenOnSlowDisk(ReadMode.Copy, Compression.None);
        _disk.IsCold = true;
        ValueTask<bool> read = store.TryGetAsync(Bytes.Number(7), new BrokenWriter());
        await Assert.ThrowsAsync<InvalidTimeZoneException>(async () => await read);
        await Assert.ThrowsAsync<ArgumentNullException>(
            () => store.TryGetAsync(Bytes.Number(7), null!).AsTask());
    }

    [Fact]
    public async Task GetAsync_InASnapshot_SeesItsMoment()
    {
        LsmStore store = OpenOnSlowDisk(ReadMode.Copy, Compression.None);
        using Snapshot snapshot = store.CreateSnapshot();
        store.Put(Bytes.Number(7), "new"u8);
        _disk.IsCold = true;
        Assert.Equal(Bytes.Value(7, 100), await snapshot.GetAsync(Bytes.Number(7)));
        Assert.Equal(
            Bytes.Value(7, 100), await snapshot.Of(store.Default).GetAsync(Bytes.Number(7)));
        Assert.Equal("new"u8.ToArray(), await store.GetAsync(Bytes.Number(7)));
    }

    [Fact]
    public async Task GetAsync_StoreDisposedWhileItQueues_EndsInAnAnswerOrDisposed()
    {
        LsmStore store = OpenOnSlowDisk(ReadMode.Copy, Compression.None);
        _disk.IsCold = true;
        _disk.Hold();
        ValueTask<byte[]?> read = store.GetAsync(Bytes.Number(7));
        store.Dispose();
        _disk.LetGo();
        try
        {
            Assert.Equal(Bytes.Value(7, 100), await read);
        }
        catch (ObjectDisposedException)
        {
            // The read began after the store's end.
        }
    }

    [Fact]
    public void CountResidentTableBytes_AfterAScan_IsWhatWasRead()
    {
        using (LsmStore store = Open())
            Fill(store, Entries);
        LsmStore again = Open();
        long before = again.CountResidentTableBytes();
        // A system that does not tell says so at the first table, and here is none yet.
        Assert.Equal(0, before);
        Assert.Equal(Entries, Count(again));
        long after = again.CountResidentTableBytes();
        long pages = StoreFiles.Tables(Home)
            .Sum(file => (new FileInfo(file).Length + 4095) / 4096 * 4096);
        Assert.True(after == -1 || (after > 0 && after <= pages), $"{after} of {pages}");
    }

    private LsmStore OpenOnSlowDisk(
        ReadMode mode, Compression codec, int valueBytes = 100)
    {
        LsmStore store = Track(LsmStore.Open(Home, new StoreOptions
        {
            ReadMode = mode,
            BlockIndexCacheBytes = 1 << 20,
            DefaultKeyspace = { CompressionPerLevel = [codec] },
        }, _disk.Files));
        Fill(store, Entries, valueBytes);
        store.Compact();
        // Enough lookups for the index to be made flat; what they inflated is pushed out by
        // nothing, so keys of other blocks are asked for below where that matters.
        for (int i = Entries / 2; i < Entries; i += 10)
            Assert.True(store.ContainsKey(Bytes.Number(i)));
        return store;
    }

    private sealed class BrokenWriter : IBufferWriter<byte>
    {
        public void Advance(int count) => throw new InvalidTimeZoneException();

        public Memory<byte> GetMemory(int sizeHint = 0) => throw new InvalidTimeZoneException();

        public Span<byte> GetSpan(int sizeHint = 0) => throw new InvalidTimeZoneException();
    }

    /// <summary>Table files whose ranges are in memory or not as the test says, and whose reads
    /// of ranges that are not wait until the test lets them go.</summary>
    private sealed class SlowDisk : IDisposable
    {
        private readonly ManualResetEventSlim _free = new(true);
        private readonly List<string> _waitedOn = [];

        public SlowDisk() => Files = new FaultyFiles { MakeTable = Make };

        public FaultyFiles Files { get; }

        public bool IsCold { get; set; }

        /// <summary>Ranges of this length and more are not in memory.</summary>
        public int ColdFrom { get; set; } = int.MaxValue;

        public bool Fails { get; set; }

        /// <summary>Names of the threads that read what was not in memory.</summary>
        public string[] WaitedOn
        {
            get
            {
                lock (_waitedOn)
                    return [.. _waitedOn];
            }
        }

        public void Dispose() => _free.Dispose();

        public void Hold() => _free.Reset();

        public void LetGo() => _free.Set();

        private SlowTable Make(string path, long length, bool map)
        {
            // Opening a file reads from the disk too.
            _free.Wait();
            return new SlowTable(this, path, length, map);
        }

        private sealed class SlowTable(SlowDisk disk, string path, long length, bool map)
            : TableFile(path, File.OpenHandle(path, share: FileShare.ReadWrite
                | FileShare.Delete), length, map)
        {
            public override bool IsResident(long offset, int bytes) =>
                !disk.IsCold && bytes < disk.ColdFrom;

            public override void Populate(long offset, long bytes)
            {
                Wait(offset, bytes);
                base.Populate(offset, bytes);
            }

            public override void Read(long offset, Span<byte> destination)
            {
                Wait(offset, destination.Length);
                base.Read(offset, destination);
            }

            private void Wait(long offset, long bytes)
            {
                if (!disk.IsCold && bytes < disk.ColdFrom)
                    return;
                lock (disk._waitedOn)
                    disk._waitedOn.Add(Thread.CurrentThread.Name ?? "");
                disk._free.Wait();
                if (disk.Fails)
                    throw Damage(offset, "the disk could not read this range");
            }
        }
    }
}
