// The public calls on a store of a million entries of 16 + 100 bytes, compacted, raw and LZ4, all
// of it in the page cache (and inflated blocks in the store's): what a user sees. Put writes to a
// store of its own that is empty at first, flushes and compactions included.

using BenchmarkDotNet.Attributes;
using LsmMmap.Bench.Support;

namespace LsmMmap.Bench;

public class LsmStoreBench
{
    private const ulong EntryCount = 1_000_000;

    private readonly KeyWalk _present = new(0, EntryCount);
    private readonly KeyWalk _absent = new(EntryCount, EntryCount);
    private readonly byte[] _value = new byte[BenchData.ValueBytes];
    private BenchStore _store = null!;
    private Cursor? _cursor;

    [Params(Compression.None, Compression.Lz4)]
    public Compression Codec { get; set; }

    [GlobalSetup(Target = nameof(PutFlushed))]
    public void SetupEmpty()
    {
        _store = new BenchStore(Codec);
        BenchData.WriteValue(_value, 0);
    }

    [GlobalSetup]
    public void SetupFilled()
    {
        _store = new BenchStore(Codec);
        _store.Fill(0, EntryCount);
        _store.Compact();
        _cursor = _store.Store.CreateCursor();
        // Every block once by each way: the first touch verifies it and fills the caches.
        while (_cursor.MoveNext())
            _store.Store.ContainsKey(_cursor.Key);
        _cursor.SeekToFirst();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _cursor?.Dispose();
        _store.Dispose();
    }

    [Benchmark]
    public long PutFlushed() => _store.Store.Put(_present.Next(), _value, Durability.Flushed);

    [Benchmark]
    public int GetPinnedHit()
    {
        using PinnedValue value = _store.Store.GetPinned(_present.Next());
        return value.Span.Length;
    }

    [Benchmark]
    public bool GetPinnedMiss()
    {
        using PinnedValue value = _store.Store.GetPinned(_absent.Next());
        return value.Found;
    }

    [Benchmark]
    public bool CursorSeek() => _cursor!.Seek(_present.Next());

    [Benchmark]
    public int CursorNext()
    {
        if (!_cursor!.MoveNext())
            _cursor.SeekToFirst();
        return _cursor.Key[0] + _cursor.Value[0];
    }

    [Benchmark]
    public int CursorPrevious()
    {
        if (!_cursor!.MovePrevious())
            _cursor.SeekToLast();
        return _cursor.Key[0] + _cursor.Value[0];
    }
}
