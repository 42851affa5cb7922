// Steps of the merge over k runs. The runs are memtables of 20,000 entries whose keys interleave
// at random, so that the heap works at every step; the memtables' own steps are in the figure.

using BenchmarkDotNet.Attributes;
using LsmMmap.Bench.Support;
using LsmMmap.Engine.Reading;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Bench;

public class MergingCursorBench
{
    private const uint RunEntries = 20_000;

    private readonly List<LiveMemTable> _runs = [];
    private readonly MergingCursor _cursor = new();

    [Params(1, 2, 4, 8)]
    public int Runs { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var account = new MemoryAccount();
        Span<byte> key = stackalloc byte[BenchData.KeyBytes];
        Span<byte> value = stackalloc byte[BenchData.ValueBytes];
        BenchData.WriteValue(value, 0);
        for (uint run = 0; run < Runs; run++)
        {
            var memTable = new LiveMemTable(keyspaceId: 0, account);
            for (uint i = run * RunEntries; i < (run + 1) * RunEntries; i++)
            {
                BenchData.WriteKey(key, i);
                memTable.Table.Add(key, EntryTag.Pack(i + 1, ValueKind.Put), value);
            }
            _runs.Add(memTable);
            _cursor.AddRun().Reset(memTable);
        }
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _cursor.Clear();
        _cursor.Dispose();
        foreach (LiveMemTable run in _runs)
            run.Release();
        _runs.Clear();
    }

    [Benchmark]
    public int Next()
    {
        if (_cursor.IsValid)
            _cursor.Next();
        if (!_cursor.IsValid)
            _cursor.SeekToFirst();
        return _cursor.UserKey[0];
    }
}
