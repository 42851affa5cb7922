// Reads beside range tombstones: 300,000 entries in the deepest level, of which ten in every
// thousand are deleted by a range of their own, half of the ranges in a table of level 0 and half
// in the memtable. What a cursor steps and seeks over them costs, and what a get asks them.

using BenchmarkDotNet.Attributes;
using LsmMmap.Bench.Support;
using LsmMmap.Engine.Reading;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Bench;

public class RangeCoverBench
{
    private const ulong EntryCount = 300_000;
    private const int RangeStep = 1_000;
    private const int RangeKeys = 10;

    private readonly KeyWalk _keys = new(0, EntryCount);
    private readonly VisibleCursor _cursor = new();
    private BenchStore _store = null!;
    private TreeView _view = null!;
    private ulong _sequence;

    [GlobalSetup]
    public void Setup()
    {
        _store = new BenchStore(Compression.None);
        _store.Fill(0, EntryCount);
        _store.Compact();
        List<(byte[] From, byte[] To)> ranges = DrawRanges();
        for (int i = 0; i < ranges.Count; i++)
        {
            _store.Store.DeleteRange(ranges[i].From, ranges[i].To);
            if (i == ranges.Count / 2)
                _store.Flush();
        }
        _view = _store.HoldView(out _sequence);
        _cursor.Reset(_view, _sequence);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _cursor.Clear();
        _cursor.Dispose();
        _store.Dispose();
    }

    [Benchmark]
    public int Next()
    {
        if (!_cursor.MoveNext())
            _cursor.SeekToFirst();
        return _cursor.Key[0] + _cursor.Value[0];
    }

    [Benchmark]
    public int Previous()
    {
        if (!_cursor.MovePrevious())
            _cursor.SeekToLast();
        return _cursor.Key[0] + _cursor.Value[0];
    }

    [Benchmark]
    public bool Seek() => _cursor.Seek(_keys.Next());

    [Benchmark]
    public bool Get()
    {
        var found = default(TableValue);
        return PointLookup.TryGet(
            _view, _keys.Next(), _sequence, isLikely: true, ref found, out _);
    }

    private List<(byte[] From, byte[] To)> DrawRanges()
    {
        var ranges = new List<(byte[] From, byte[] To)>();
        byte[] from = [];
        using Cursor cursor = _store.Store.CreateCursor();
        for (int i = 0; cursor.MoveNext(); i++)
        {
            if (i % RangeStep == 0)
                from = cursor.Key.ToArray();
            if (i % RangeStep == RangeKeys)
                ranges.Add((from, cursor.Key.ToArray()));
        }
        return ranges;
    }
}
