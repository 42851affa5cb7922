// The probe of a filter of a million keys (ten bits each): keys that are there, and keys that are
// not, of which one in a hundred gets through. The hash is made before.

using BenchmarkDotNet.Attributes;
using LsmMmap.Bench.Support;
using LsmMmap.Sstable.Filters;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Bench;

public class BloomFilterBench
{
    private const int KeyCount = 1_000_000;
    private const double BitsPerKey = 10;
    private const int PageBytes = 4096;

    private readonly int _probes = BloomFilterBuilder.Probes(BitsPerKey);
    private readonly uint _lines = BloomFilterBuilder.Lines(KeyCount, BitsPerKey);
    private readonly ulong[] _hashes = new ulong[2 * KeyCount];
    private byte[] _pages = [];
    private int _at;

    [GlobalSetup]
    public void Setup()
    {
        _pages = new byte[FilterLayout.Pages(_lines) * PageBytes];
        for (int i = 0; i < _hashes.Length; i++)
            _hashes[i] = InternalKey.Hash(BenchData.Key((ulong)i));
        foreach (ulong hash in _hashes.AsSpan(0, KeyCount))
            BloomFilterBuilder.Add(_pages, _lines, _probes, hash);
    }

    [Benchmark]
    public bool Hit() => Probe(_hashes[NextAt()]);

    [Benchmark]
    public bool Miss() => Probe(_hashes[KeyCount + NextAt()]);

    private int NextAt() => _at = _at + 1 == KeyCount ? 0 : _at + 1;

    private bool Probe(ulong hash)
    {
        long offset = FilterLayout.Offset(FilterLayout.Line(hash, _lines));
        return BloomFilter.MayContain(
            _pages.AsSpan((int)offset, FilterLayout.LineBytes), _probes, hash);
    }
}
