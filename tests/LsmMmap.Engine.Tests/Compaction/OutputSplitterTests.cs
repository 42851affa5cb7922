// Where outputs are cut: by size, by overlap with the level below the output, between keys only.

using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Tests.Compaction;

public sealed class OutputSplitterTests
{
    private readonly TreeModel _model = new(300);
    private readonly KeyspaceOptions _options = new()
    {
        MemtableBytes = 2_000,
        TableBytes = 1_000,
    };

    [Fact]
    public void Cut_ManyGrandparents_CutsBetweenUserKeysOnly()
    {
        for (int i = 0; i < 30; i++)
            _model.Bytes(6, i * 10, i * 10 + 9, 1_000);
        Table upper = _model.Bytes(3, 0, 299, 30_000);
        var plan = CompactionPlan.Of(
            _model.Version, _options, CompactionReason.LevelSize, "test", 5, [(3, upper)]);
        Assert.Equal(30, plan.Grandparents.Length);
        Assert.False(plan.IsTrivialMove);
        var splitter = new OutputSplitter(plan, 1_000);
        List<int> cuts = [];
        for (int key = 0; key < 300; key += 2)
        {
            if (splitter.ShouldCutBefore(_model.Keys[key], 100))
                cuts.Add(key);
            Assert.False(splitter.ShouldCutBefore(_model.Keys[key], long.MaxValue));
        }
        Assert.Equal([110, 220], cuts);
    }

    [Fact]
    public void Cut_TableIsFull_CutsAtTheNextUserKey()
    {
        Table table = _model.Bytes(5, 0, 99, 5_000);
        var plan = CompactionPlan.Of(
            _model.Version, _options, CompactionReason.LevelSize, "test", 6, [(5, table)]);
        var splitter = new OutputSplitter(plan, 1_000);
        Assert.False(splitter.ShouldCutBefore(_model.Keys[0], 5_000));
        Assert.False(splitter.ShouldCutBefore(_model.Keys[0], 5_000));
        Assert.True(splitter.ShouldCutBefore(_model.Keys[1], 1_000));
        Assert.False(splitter.ShouldCutBefore(_model.Keys[2], 999));
    }
}
