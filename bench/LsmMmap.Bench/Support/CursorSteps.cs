// What every benchmark of the user's cursor measures: steps in both directions, round and round,
// and seeks. A class of its own fills the store and resets the cursor.

using BenchmarkDotNet.Attributes;
using LsmMmap.Engine.Reading;

namespace LsmMmap.Bench.Support;

public abstract class CursorSteps
{
    private protected const ulong EntryCount = 300_000;

    private protected readonly KeyWalk _keys = new(0, EntryCount);
    private protected readonly VisibleCursor _cursor = new();
    private protected BenchStore _store = null!;

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

    /// <summary>A compacted store of all entries.</summary>
    private protected void FillStore()
    {
        _store = new BenchStore(Compression.None);
        _store.Fill(0, EntryCount);
        _store.Compact();
    }
}
