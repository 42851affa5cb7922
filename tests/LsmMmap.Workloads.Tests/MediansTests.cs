// From runs to rows: what the median is taken of, and who is compared with whom. Seen to fail with
// invalid rows let into the comparison (9,000,000 wins), and with the middle run's own latency in
// place of the median over the repeats (99 instead of 7.035).

using LsmMmap.Testing;
using LsmMmap.Workloads.Data;
using LsmMmap.Workloads.Results;

namespace LsmMmap.Workloads.Tests;

public sealed class MediansTests
{
    [Fact]
    public void Row_OfThreeRuns_HasTheMedianOfEachFigure()
    {
        Row row = Medians.Of(
        [
            SampleResult.Run("fillseq", "lsm", 3, 10),
            SampleResult.Run("fillseq", "lsm", 1, 30),
            SampleResult.Run("fillseq", "lsm", 2, 20) with { P50Us = 99 },
        ]);
        Assert.Equal(20, row.Median.OperationsPerSecond);
        Assert.Equal(10, row.LowestPerSecond);
        Assert.Equal(30, row.HighestPerSecond);
        // 7.035, 2.345 and 99: the median is not that of the middle run.
        Assert.Equal(7.035, row.Median.P50Us);
    }

    [Fact]
    public void Row_WithOneInvalidRun_IsInvalid()
    {
        RunResult bad = SampleResult.Run("fillseq", "lsm", 2, 20) with
        {
            Valid = false,
            Note = "lost one",
        };
        Row row = Medians.Of([SampleResult.Run("fillseq", "lsm", 1, 10), bad]);
        Assert.False(row.Valid);
        Assert.Equal("lost one", row.Note);
    }

    [Fact]
    public void Comparison_WithInvalidPeers_TakesTheBestValidOne()
    {
        ResultFile result = SampleResult.Create();
        Comparison reads = result.Comparisons.Single(c => c.Workload == "readrandom");
        Assert.Equal("rocksdb", reads.BestPeer);
        Assert.True(reads.Ratio < 1);
        Comparison writes = result.Comparisons.Single(c => c.Workload == "fillrandom");
        Assert.Equal(Math.Round(520_000 / 233_333.3, 3), writes.Ratio);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(1_000)]
    [InlineData(65_537)]
    public void Permutation_OfACount_HasEveryNumberOnce(int count)
    {
        int seed = Seeds.Base;
        var order = new Permutation(count, (ulong)seed);
        bool[] seen = new bool[count];
        for (int i = 0; i < count; i++)
            seen[order.Of(i)] = true;
        Assert.True(seen.All(one => one), $"a number is missing; {Seeds.Describe(seed)}");
    }

    [Fact]
    public void Zipf_ByRank_FallsAsItsLawSays()
    {
        const int count = 1_000_000;
        var ranks = new ZipfRanks(count, 0.99, 1);
        int first = 0;
        int second = 0;
        for (int i = 0; i < count; i++)
        {
            first += ranks.Rank(i) == 0 ? 1 : 0;
            second += ranks.Rank(i) == 1 ? 1 : 0;
        }
        // The first of a million has 1 / 15.4 of all draws, the second half of that.
        Assert.InRange(first, 60_000, 70_000);
        Assert.InRange((double)first / second, 1.8, 2.2);
    }
}
