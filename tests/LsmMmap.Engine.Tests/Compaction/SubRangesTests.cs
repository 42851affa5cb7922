// Where compactions are divided among threads.

using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Versions;
using LsmMmap.Testing;
using Xunit.Abstractions;

namespace LsmMmap.Engine.Tests.Compaction;

public sealed class SubRangesTests(ITestOutputHelper output)
{
    private readonly TreeModel _model = new(300);
    private readonly KeyspaceOptions _options = new()
    {
        MemtableBytes = 2_000,
        TableBytes = 1_000,
    };

    [Fact]
    public void Cuts_OfTablesOfOneSize_LieAtEqualDistances()
    {
        CompactionPlan plan = Plan(5, 6, [.. Enumerable.Repeat(1_000L, 12)]);
        Assert.Equal(
            [_model.Keys[4 * 10], _model.Keys[8 * 10]], SubRanges.Cuts(plan, 3, 4, 1_000));
    }

    [Fact]
    public void Cuts_OfTooFewBytes_AreNone()
    {
        CompactionPlan plan = Plan(5, 6, [1_000, 1_000, 1_000, 1_000, 1_000, 1_000]);
        Assert.Empty(SubRanges.Cuts(plan, 8, 4, 1_000));
    }

    [Fact]
    public void Cuts_ForOneThread_AreNone()
    {
        CompactionPlan plan = Plan(5, 6, [.. Enumerable.Repeat(1_000L, 12)]);
        Assert.Empty(SubRanges.Cuts(plan, 1, 4, 1_000));
    }

    [Fact]
    public void Cuts_OfLevel0Alone_AreNone()
    {
        List<(int, Table)> inputs = [.. Enumerable.Range(0, 4).Select(
            _ => (0, _model.Bytes(0, 0, 299, 10_000)))];
        var plan = CompactionPlan.Of(
            _model.Version, _options, CompactionReason.Level0Count, "test", 6, inputs);
        Assert.Empty(SubRanges.Cuts(plan, 4, 4, 1_000));
    }

    [Fact]
    public void Cuts_OfAnyTables_AscendAndLeaveTablesWhole()
    {
        output.WriteLine(Seeds.Describe(Seeds.Base));
        var random = new Random(Seeds.Base);
        for (int round = 0; round < 200; round++)
        {
            var model = new SubRangesTests(output);
            long[] sizes = [.. Enumerable.Range(0, 1 + random.Next(28)).Select(
                _ => 1L + random.Next(3_000))];
            int parts = 1 + random.Next(6);
            CompactionPlan plan = model.Plan(5, 6, sizes);
            byte[][] cuts = SubRanges.Cuts(plan, parts, 4, 1_000);
            Assert.InRange(cuts.Length, 0, parts - 1);
            int[] at = [.. cuts.Select(
                cut => Array.FindIndex(model._model.Keys, key => ReferenceEquals(key, cut)
                    || key.AsSpan().SequenceEqual(cut)))];
            Assert.All(at, static key => Assert.True(key > 0 && key % 10 == 0));
            Assert.Equal(at.Distinct().Order(), at);
        }
    }

    // A table of the level above over all of them, and one of the level for every ten keys.
    private CompactionPlan Plan(int level, int output, long[] sizes)
    {
        Table[] below = [.. sizes.Select(
            (bytes, i) => _model.Bytes(output, i * 10, i * 10 + 9, bytes))];
        Table above = _model.Bytes(level, 0, sizes.Length * 10 - 1, 1_000);
        return CompactionPlan.Of(
            _model.Version, _options, CompactionReason.LevelSize, "test", output,
            [(level, above), .. below.Select(table => (output, table))]);
    }
}
