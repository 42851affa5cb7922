// Point lookups in one table of 500,000 entries, in memory: raw blocks; LZ4 with every block in
// the cache; LZ4 without a cache, so that each lookup inflates a block. A miss ends at the filter.

using BenchmarkDotNet.Attributes;
using LsmMmap.Bench.Support;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Bench;

public enum TableStorage
{
    Raw,
    Lz4Cached,
    Lz4Inflated,
}

public class TableReaderBench
{
    private const int EntryCount = 500_000;
    private const long BlockCacheBytes = 256L << 20;

    private readonly KeyWalk _present = new(0, EntryCount);
    private readonly KeyWalk _absent = new(EntryCount, EntryCount);
    private BenchTable _table = null!;

    [Params(TableStorage.Raw, TableStorage.Lz4Cached, TableStorage.Lz4Inflated)]
    public TableStorage Storage { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _table = new BenchTable(
            EntryCount, Storage == TableStorage.Raw ? BlockCodec.None : BlockCodec.Lz4,
            Storage == TableStorage.Lz4Cached ? BlockCacheBytes : 0);
        // Every block once: the first touch verifies it and fills the cache.
        using var cursor = new TableCursor();
        cursor.Reset(_table.Reader, sequentialRead: false);
        for (bool isThere = cursor.SeekToFirst(); isThere; isThere = cursor.Next())
            Get(cursor.UserKey);
    }

    [GlobalCleanup]
    public void Cleanup() => _table.Dispose();

    [Benchmark]
    public int GetHit() => Get(_present.Next());

    [Benchmark]
    public int GetMiss() => Get(_absent.Next());

    private int Get(ReadOnlySpan<byte> key)
    {
        var found = default(TableValue);
        ulong seekTag = EntryTag.SeekAt(EntryTag.SequenceMax);
        if (!_table.Reader.TryGet(key, InternalKey.Hash(key), seekTag, ref found))
            return -1;
        int valueBytes = found.Value.Length;
        found.Owner?.Release();
        return valueBytes;
    }
}
