// A cursor over one table of 500,000 entries in memory: steps with key and value looked at, from
// the start again after the end, and seeks to random keys.

using BenchmarkDotNet.Attributes;
using LsmMmap.Bench.Support;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Bench;

public class TableCursorBench
{
    private const int EntryCount = 500_000;
    private const long BlockCacheBytes = 256L << 20;

    private readonly KeyWalk _present = new(0, EntryCount);
    private readonly TableCursor _cursor = new();
    private BenchTable _table = null!;

    [Params(Compression.None, Compression.Lz4)]
    public Compression Codec { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        BlockCodec codec = Codec == Compression.None ? BlockCodec.None : BlockCodec.Lz4;
        _table = new BenchTable(EntryCount, codec, BlockCacheBytes);
        _cursor.Reset(_table.Reader, sequentialRead: false);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _cursor.Dispose();
        _table.Dispose();
    }

    [Benchmark]
    public int Next()
    {
        if (!_cursor.IsValid || !_cursor.Next())
            _cursor.SeekToFirst();
        return _cursor.UserKey[0] + _cursor.Value[0];
    }

    [Benchmark]
    public bool Seek() => _cursor.Seek(_present.Next(), EntryTag.SeekAt(EntryTag.SequenceMax));
}
