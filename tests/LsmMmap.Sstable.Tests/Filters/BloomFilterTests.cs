// The filter never denies a key that was added and rarely admits one that was not.

using LsmMmap.Sstable.Filters;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tests.Support;

namespace LsmMmap.Sstable.Tests.Filters;

public sealed class BloomFilterTests
{
    [Theory]
    [InlineData(10, 0.02)]
    [InlineData(16, 0.004)]
    [InlineData(4, 0.2)]
    [InlineData(0.5, 1.0)]
    public void Filter_OverRandomKeys_KeepsItsRate(double bitsPerKey, double rateMax)
    {
        const int Count = 100_000;
        int seed = Seeds.Next(0);
        var random = new Random(seed);
        uint lines = BloomFilterBuilder.Lines(Count, bitsPerKey);
        int probes = BloomFilterBuilder.Probes(bitsPerKey);
        byte[] pages = new byte[FilterLayout.Pages(lines) * 4096];
        byte[] key = new byte[12];
        ulong[] hashes = new ulong[Count];
        for (int i = 0; i < Count; i++)
        {
            random.NextBytes(key);
            hashes[i] = InternalKey.Hash(key);
            BloomFilterBuilder.Add(pages, lines, probes, hashes[i]);
        }
        Assert.All(hashes, hash => Assert.True(Probe(pages, lines, probes, hash)));
        int admitted = 0;
        for (int i = 0; i < Count; i++)
        {
            random.NextBytes(key);
            admitted += Probe(pages, lines, probes, InternalKey.Hash(key)) ? 1 : 0;
        }
        Assert.True(admitted <= rateMax * Count, $"{admitted} of {Count}, seed {seed}");
    }

    [Fact]
    public void Lines_OfAFilter_NeverTouchTheTailOfAPage()
    {
        for (uint line = 0; line < 1000; line++)
        {
            long offset = FilterLayout.Offset(line);
            Assert.Equal(line / 63, (ulong)offset / 4096);
            Assert.True(offset % 4096 + 64 <= 4096 - 64, "the last 64 bytes hold the trailer");
        }
    }

    private static bool Probe(byte[] pages, uint lines, int probes, ulong hash)
    {
        long offset = FilterLayout.Offset(FilterLayout.Line(hash, lines));
        return BloomFilter.MayContain(pages.AsSpan((int)offset, 64), probes, hash);
    }
}
