// Builds a cache-line-blocked Bloom filter (Putze, Sanders, Singler 2007): a hash chooses one line
// of 64 bytes, and all probes of a key fall into it, so that a lookup touches one cache line. See
// FilterLayout for the pages and BloomFilter for the probe. Sets bits over a span that the caller
// gives and later writes.

using System.Diagnostics;
using LsmMmap.Sstable.Format;

namespace LsmMmap.Sstable.Filters;

internal static class BloomFilterBuilder
{
    /// <summary>Most bits a key, beyond which more buy nothing here.</summary>
    public const double BitsPerKeyMax = 64;

    /// <summary>How many lines hold this many keys.</summary>
    public static uint Lines(long keys, double bitsPerKey)
    {
        Debug.Assert(keys >= 0, "a count is not negative");
        Debug.Assert(bitsPerKey is > 0 and <= BitsPerKeyMax, "the options are checked");
        double lines = Math.Ceiling(keys * bitsPerKey / FilterLayout.LineBits);
        return (uint)Math.Clamp(lines, 1, uint.MaxValue);
    }

    /// <summary>
    /// How many probes: bits x ln 2 is best for an ideal filter, a little less for one with lines.
    /// </summary>
    public static int Probes(double bitsPerKey) =>
        Math.Clamp((int)(bitsPerKey * 0.65), 1, FilterLayout.ProbesMax);

    /// <summary>Sets the bits of one key. The span holds all pages.</summary>
    public static void Add(Span<byte> pages, uint lines, int probes, ulong hash)
    {
        Debug.Assert(pages.Length % TableLayout.PageBytes == 0, "a filter is whole pages");
        long offset = FilterLayout.Offset(FilterLayout.Line(hash, lines));
        Span<byte> line = pages.Slice((int)offset, FilterLayout.LineBytes);
        uint state = (uint)hash;
        for (int i = 0; i < probes; i++)
        {
            uint bit = BloomFilter.Bit(state);
            line[(int)(bit >> 3)] |= (byte)(1 << (int)(bit & 7));
            state = BloomFilter.Step(state);
        }
    }
}
