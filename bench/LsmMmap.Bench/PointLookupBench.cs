// One key through all sources of a view, by the source that holds it: the memtable; level 0 (the
// oldest of three tables, behind an empty memtable); the deepest level. The miss passes them all.

using BenchmarkDotNet.Attributes;
using LsmMmap.Bench.Support;
using LsmMmap.Engine.Reading;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Bench;

public enum LookupSource
{
    MemTable,
    Level0,
    Deep,
}

public class PointLookupBench
{
    private const ulong EntryCount = 100_000;

    private readonly KeyWalk _present = new(0, EntryCount);
    private readonly KeyWalk _absent = new(3 * EntryCount, EntryCount);
    private BenchStore _store = null!;
    private TreeView _view = null!;
    private ulong _sequence;

    [Params(LookupSource.MemTable, LookupSource.Level0, LookupSource.Deep)]
    public LookupSource Source { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _store = new BenchStore(Compression.None);
        _store.Fill(0, EntryCount);
        if (Source != LookupSource.MemTable)
            _store.Flush();
        for (ulong part = 1; Source == LookupSource.Level0 && part < 3; part++)
        {
            _store.Fill(part * EntryCount, EntryCount);
            _store.Flush();
        }
        if (Source == LookupSource.Deep)
            _store.Compact();
        _view = _store.HoldView(out _sequence);
    }

    [GlobalCleanup]
    public void Cleanup() => _store.Dispose();

    [Benchmark]
    public bool Hit() => Get(_present.Next());

    [Benchmark]
    public bool Miss() => Get(_absent.Next());

    private bool Get(ReadOnlySpan<byte> key)
    {
        var found = default(TableValue);
        return PointLookup.TryGet(
            _view, key, _sequence, isLikely: true, ref found, out _);
    }
}
