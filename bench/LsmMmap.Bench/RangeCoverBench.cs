// Reads beside range tombstones: 300,000 entries in the deepest level, of which ten in every
// thousand are deleted by a range of their own, half of the ranges in a table of level 0 and half
// in the memtable. What a cursor steps and seeks over them costs, and what a get asks them.

using BenchmarkDotNet.Attributes;
using LsmMmap.Bench.Support;
using LsmMmap.Engine.Reading;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Bench;

public class RangeCoverBench : CursorSteps
{
    private const int RangeStep = 1_000;
    private const int RangeKeys = 10;

    private TreeView _view = null!;
    private ulong _sequence;

    [GlobalSetup]
    public void Setup()
    {
        FillStore();
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
