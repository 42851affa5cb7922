// The memtable: insert of new random keys from empty to 50,000 (freeing included), point lookups
// and steps in one of 500,000 entries.

using BenchmarkDotNet.Attributes;
using LsmMmap.Bench.Support;
using LsmMmap.Engine.Memory;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Bench;

public class MemTableBench
{
    private const int InsertCount = 50_000;
    private const int EntryCount = 500_000;

    private readonly KeyWalk _present = new(0, EntryCount);
    private readonly KeyWalk _absent = new(EntryCount, EntryCount);
    private readonly MemTableCursor _cursor = new();
    private MemTable _memTable = null!;

    [GlobalSetup]
    public void Setup()
    {
        _memTable = new MemTable(keyspaceId: 0);
        Fill(_memTable, EntryCount);
        _cursor.Reset(_memTable);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _cursor.Clear();
        _memTable.Dispose();
    }

    [Benchmark(OperationsPerInvoke = InsertCount)]
    public long Insert()
    {
        using var memTable = new MemTable(keyspaceId: 0);
        Fill(memTable, InsertCount);
        return memTable.EntryCount;
    }

    [Benchmark]
    public bool GetHit() => Get(_present.Next());

    [Benchmark]
    public bool GetMiss() => Get(_absent.Next());

    [Benchmark]
    public int Next()
    {
        if (!_cursor.IsValid || !_cursor.Next())
            _cursor.SeekToFirst();
        return _cursor.UserKey[0] + _cursor.Value[0];
    }

    private bool Get(ReadOnlySpan<byte> key) => _memTable.TryGet(
        key, InternalKey.Hash(key), EntryTag.SeekAt(EntryTag.SequenceMax), out _, out _);

    private static void Fill(MemTable memTable, int count)
    {
        Span<byte> key = stackalloc byte[BenchData.KeyBytes];
        Span<byte> value = stackalloc byte[BenchData.ValueBytes];
        BenchData.WriteValue(value, 0);
        for (uint i = 0; i < count; i++)
        {
            BenchData.WriteKey(key, i);
            memTable.Add(key, EntryTag.Pack(i + 1, ValueKind.Put), value);
        }
    }
}
