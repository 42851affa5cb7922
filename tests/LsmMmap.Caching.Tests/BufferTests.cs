// Values through buffers: in segments, large, without allocating, and by the receiver of reads that
// complete later.

using System.Buffers;
using LsmMmap.Extensions.Caching;
using LsmMmap.Testing;

namespace LsmMmap.Caching.Tests;

public sealed class BufferTests : IDisposable
{
    private const int MiB = 1 << 20;

    private readonly CacheFixture _fixture = new();
    private LsmStore? _store;

    private LsmCache Cache => _fixture.Cache;

    public void Dispose()
    {
        _store?.Dispose();
        _fixture.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3000)]
    [InlineData(200_000)]
    public async Task Set_OfSegments_StoresThemInOrder(int length)
    {
        byte[] value = new byte[length];
        new Random(length).NextBytes(value);
        Cache.Set("set", Segments(value, 77), CacheFixture.Forever);
        ValueTask set = Cache.SetAsync("async", Segments(value, 1000), CacheFixture.Forever);
        Assert.True(set.IsCompletedSuccessfully);
        await set;
        Assert.Equal(value, Cache.Get("set"));
        Assert.Equal(value, Cache.Get("async"));
    }

    [Fact]
    public async Task Value_Of64MiB_IsKeptThroughEveryForm()
    {
        byte[] value = new byte[64 * MiB];
        new Random(64).NextBytes(value);
        Cache.Set("key", Segments(value, MiB), CacheFixture.Sliding(TimeSpan.FromHours(1)));
        Assert.True(value.AsSpan().SequenceEqual(Cache.Get("key")));
        _fixture.Reopen();
        foreach (ReadForm form in Enum.GetValues<ReadForm>())
        {
            byte[]? read = await Cache.ReadAsync(form, "key");
            Assert.True(value.AsSpan().SequenceEqual(read), $"{form}");
        }
    }

    [Fact]
    public void Value_BeyondTheLimit_IsRefused()
    {
        byte[] piece = new byte[64 * MiB];
        ReadOnlySequence<byte> huge = Segment.Chain(Enumerable.Repeat(piece, 16));
        Assert.Equal(1L << 30, huge.Length);
        Assert.Throws<ArgumentException>(() => Cache.Set("key", huge, CacheFixture.Forever));
        Assert.Null(Cache.Get("key"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(100_000)]
    public async Task TryGet_IntoSmallBuffers_FillsOneAfterTheOther(int length)
    {
        byte[] value = new byte[length];
        new Random(length).NextBytes(value);
        Cache.Set("plain", value, CacheFixture.Forever);
        Cache.Set("sliding", value, CacheFixture.Sliding(TimeSpan.FromHours(1)));
        foreach (string key in new[] { "plain", "sliding" })
        {
            var direct = new PieceWriter(7);
            Assert.True(Cache.TryGet(key, direct));
            Assert.Equal(value, direct.Written);
            var later = new PieceWriter(7);
            Assert.True(await Cache.TryGetAsync(key, later));
            Assert.Equal(value, later.Written);
        }
    }

    [Fact]
    public void Calls_OnResidentEntry_AllocateNothing()
    {
        byte[] value = new byte[1024];
        var options = CacheFixture.Forever;
        var sequence = new ReadOnlySequence<byte>(value);
        var writer = new ArrayBufferWriter<byte>(4096);
        Assert.Equal(0, AllocatedBy(() => Cache.Set("key", sequence, options)));
        Assert.Equal(0, AllocatedBy(() => Assert.True(Cache.TryGet("key", writer))));
        Assert.Equal(0, AllocatedBy(() =>
        {
            ValueTask<bool> read = Cache.TryGetAsync("key", writer);
            Assert.True(read.IsCompletedSuccessfully && read.Result);
        }));
        Assert.Equal(0, AllocatedBy(() => Assert.False(Cache.TryGet("absent", writer))));

        long AllocatedBy(Action call) => Allocated.FewestBytes(() =>
        {
            writer.ResetWrittenCount();
            call();
        });
    }

    [Fact]
    public async Task TryGetAsync_DestinationThatThrows_HandsThatOnAndReadsAgain()
    {
        Cache.Set("key", new byte[1000], CacheFixture.Forever);
        await Assert.ThrowsAsync<InvalidOperationException>(
            async () => await Cache.TryGetAsync("key", new PieceWriter(0)));
        Assert.Throws<InvalidOperationException>(() => Cache.TryGet("key", new PieceWriter(0)));
        var writer = new PieceWriter(100);
        Assert.True(await Cache.TryGetAsync("key", writer));
        Assert.Equal(1000, writer.Written.Length);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(13)]
    [InlineData(5000)]
    public void Receiver_WrittenInPieces_GivesTheValueAlone(int pieceBytes)
    {
        byte[] value = new byte[2000];
        new Random(pieceBytes).NextBytes(value);
        foreach (bool isSliding in new[] { false, true })
        {
            byte[] record = Record(value, isSliding);
            var destination = new ArrayBufferWriter<byte>();
            EntryReceiver receiver = EntryReceiver.Begin(Windows(), "key", destination);
            for (int at = 0; at < record.Length; at += pieceBytes)
            {
                ReadOnlySpan<byte> piece =
                    record.AsSpan(at, Math.Min(pieceBytes, record.Length - at));
                // A writer may ask for as much as it has, in one piece.
                piece.CopyTo(receiver.GetSpan(piece.Length));
                receiver.Advance(piece.Length);
            }
            Assert.True(receiver.End(isThere: true));
            Assert.Equal(value, destination.WrittenSpan.ToArray());
        }
    }

    [Fact]
    public void Receiver_OfAnEntryThatIsOver_HandsNothingOn()
    {
        byte[] record = Record(new byte[20_000], isSliding: true);
        _fixture.Clock.Advance(TimeSpan.FromHours(1));
        var destination = new ArrayBufferWriter<byte>();
        EntryReceiver receiver = EntryReceiver.Begin(Windows(), "key", destination);
        receiver.Write(record);
        Assert.False(receiver.End(isThere: true));
        Assert.Equal(0, destination.WrittenCount);
    }

    private SlidingWindows Windows()
    {
        var options = new LsmCacheOptions { TimeProvider = _fixture.Clock };
        _store ??= LsmStore.Open(_fixture.Directory + "-windows");
        return new(
            new EntryWriter(_store.Default, options, _fixture.Log), _fixture.Clock, _fixture.Log);
    }

    private byte[] Record(byte[] value, bool isSliding)
    {
        EntryHead head = Expiration.Head(
            isSliding ? CacheFixture.Sliding(TimeSpan.FromHours(1)) : CacheFixture.Forever,
            null, _fixture.Clock.GetUtcNow().UtcTicks, stamp: 5);
        byte[] record = new byte[head.Bytes + value.Length];
        head.Write(record);
        value.CopyTo(record, head.Bytes);
        return record;
    }

    private static ReadOnlySequence<byte> Segments(byte[] value, int segmentBytes) =>
        Segment.Chain(value.Chunk(segmentBytes));

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public static ReadOnlySequence<byte> Chain(IEnumerable<byte[]> pieces)
        {
            var first = new Segment();
            Segment last = first;
            foreach (byte[] piece in pieces)
            {
                var next = new Segment
                {
                    Memory = piece,
                    RunningIndex = last.RunningIndex + last.Memory.Length,
                };
                last.Next = next;
                last = next;
            }
            return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
        }
    }

    /// <summary>Gives out spans of a few bytes; of none it throws, as a full one does.</summary>
    private sealed class PieceWriter(int pieceBytes) : IBufferWriter<byte>
    {
        private readonly byte[] _piece = new byte[pieceBytes];
        private readonly List<byte> _written = [];

        public byte[] Written => [.. _written];

        public void Advance(int count) => _written.AddRange(_piece.AsSpan(0, count));

        public Memory<byte> GetMemory(int sizeHint = 0) => pieceBytes == 0
            ? throw new InvalidOperationException("full") : _piece;

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
