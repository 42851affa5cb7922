// The memtable: insert of new random keys, of new decimal keys that share their first half, and of
// ascending ones, each from empty to 500,000 (freeing included); overwrites, point lookups, seeks
// and steps in one of 500,000 entries.

using System.Buffers;
using System.Buffers.Text;
using BenchmarkDotNet.Attributes;
using LsmMmap.Bench.Support;
using LsmMmap.Engine.Memory;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Bench;

public class MemTableBench
{
    private const int EntryCount = 500_000;

    private const uint NumberFactor = 0x9E37_79B1;
    private const uint NumberMask = (1 << 20) - 1;

    /// <summary>The overwritten memtable is made anew after so many versions a key.</summary>
    private const int VersionsMax = 4;

    private readonly KeyWalk _present = new(0, EntryCount);
    private readonly KeyWalk _absent = new(EntryCount, EntryCount);
    private readonly MemTableCursor _cursor = new();
    private readonly byte[] _value = new byte[BenchData.ValueBytes];
    private MemTable _memTable = null!;
    private MemTable _overwritten = null!;

    [GlobalSetup]
    public void Setup()
    {
        _memTable = new MemTable(keyspaceId: 0);
        Fill(_memTable, EntryCount);
        _cursor.Reset(_memTable);
        BenchData.WriteValue(_value, 0);
        _overwritten = new MemTable(keyspaceId: 0);
        Fill(_overwritten, EntryCount);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _cursor.Clear();
        _memTable.Dispose();
        _overwritten.Dispose();
    }

    [Benchmark(OperationsPerInvoke = EntryCount)]
    public long Insert()
    {
        using var memTable = new MemTable(keyspaceId: 0);
        Fill(memTable, EntryCount);
        return memTable.EntryCount;
    }

    [Benchmark(OperationsPerInvoke = EntryCount)]
    public long InsertDecimal() => InsertNumbers(isRandom: true);

    [Benchmark(OperationsPerInvoke = EntryCount)]
    public long InsertAscending() => InsertNumbers(isRandom: false);

    [Benchmark]
    public long Overwrite()
    {
        if (_overwritten.EntryCount >= (long)EntryCount * VersionsMax)
        {
            _overwritten.Dispose();
            _overwritten = new MemTable(keyspaceId: 0);
            Fill(_overwritten, EntryCount);
        }

        ulong sequence = _overwritten.LargestSequence + 1;
        _overwritten.Add(_present.Next(), EntryTag.Pack(sequence, ValueKind.Put), _value);
        return _overwritten.EntryCount;
    }

    [Benchmark]
    public bool GetHit() => Get(_present.Next());

    [Benchmark]
    public bool GetMiss() => Get(_absent.Next());

    [Benchmark]
    public bool Seek() => _cursor.Seek(_present.Next(), ulong.MaxValue);

    [Benchmark]
    public int Next()
    {
        if (!_cursor.IsValid || !_cursor.Next())
            _cursor.SeekToFirst();
        return _cursor.UserKey[0] + _cursor.Value[0];
    }

    [Benchmark]
    public int Previous()
    {
        if (!_cursor.IsValid || !_cursor.Previous())
            _cursor.SeekToLast();
        return _cursor.UserKey[0] + _cursor.Value[0];
    }

    private bool Get(ReadOnlySpan<byte> key) => _memTable.TryGet(
        key, InternalKey.Hash(key), EntryTag.SeekAt(EntryTag.SequenceMax), out _, out _);

    /// <summary>Keys as most programs make them: digits behind a part that is always the same.
    /// </summary>
    private long InsertNumbers(bool isRandom)
    {
        using var memTable = new MemTable(keyspaceId: 0);
        var digits = new StandardFormat('D', BenchData.KeyBytes);
        Span<byte> key = stackalloc byte[BenchData.KeyBytes];
        for (uint i = 0; i < EntryCount; i++)
        {
            // An odd factor reaches every number below a power of two once.
            uint number = isRandom ? (i * NumberFactor) & NumberMask : i;
            Utf8Formatter.TryFormat(number, key, out _, digits);
            memTable.Add(key, EntryTag.Pack(i + 1, ValueKind.Put), _value);
        }

        return memTable.EntryCount;
    }

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
