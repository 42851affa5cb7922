// Steps and seeks of the user's view over several runs: the deepest level with 300,000 entries,
// two tables of level 0 and the memtable, each of which overwrites a tenth of them.

using BenchmarkDotNet.Attributes;
using LsmMmap.Bench.Support;
using LsmMmap.Engine.Reading;

namespace LsmMmap.Bench;

public class VisibleCursorBench
{
    private const ulong EntryCount = 300_000;
    private const ulong OverwriteStep = 10;

    private readonly KeyWalk _present = new(0, EntryCount);
    private readonly VisibleCursor _cursor = new();
    private BenchStore _store = null!;

    [GlobalSetup]
    public void Setup()
    {
        _store = new BenchStore(Compression.None);
        _store.Fill(0, EntryCount);
        _store.Compact();
        for (ulong run = 0; run < 2; run++)
        {
            _store.Fill(run, EntryCount, OverwriteStep);
            _store.Flush();
        }
        _store.Fill(2, EntryCount, OverwriteStep);
        _cursor.Reset(_store.HoldView(out ulong sequence), sequence);
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
    public bool Seek() => _cursor.Seek(_present.Next());
}
