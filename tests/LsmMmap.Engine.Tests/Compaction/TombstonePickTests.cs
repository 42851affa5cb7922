// When tombstones alone make a compaction due, and when they are worth too little.

using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Tests.Compaction;

public sealed class TombstonePickTests
{
    private readonly TreeModel _model = new(300);
    private readonly KeyspaceOptions _options = new()
    {
        MemtableBytes = 2_000,
        TableBytes = 1_000,
    };

    [Fact]
    public void Pick_EqualOverlap_TakesTheTableWithTombstones()
    {
        _model.Counted(6, 0, 149, 50_000, 10_000);
        _model.Counted(6, 150, 299, 50_000, 10_000);
        _model.Counted(5, 0, 50, 6_000, 60);
        Table due = _model.Counted(5, 200, 250, 6_000, 60, deletes: 20);
        CompactionPlan plan = CompactionPicker.Pick(_model.Version, _options)!;
        Assert.Equal(CompactionReason.LevelSize, plan.Reason);
        Assert.Equal((5, due), plan.Inputs[0]);
    }

    [Fact]
    public void Pick_AsManyTombstonesAsEntriesBelow_GoesDownBelowTheTarget()
    {
        _model.Counted(6, 0, 149, 50_000, 500);
        _model.Counted(6, 150, 299, 50_000, 500);
        _model.Counted(5, 0, 50, 1_000, 60);
        Table due = _model.Counted(5, 200, 250, 1_000, 400, deletes: 400);
        CompactionPlan plan = CompactionPicker.Pick(_model.Version, _options)!;
        Assert.Equal((CompactionReason.Tombstones, 6), (plan.Reason, plan.OutputLevel));
        Assert.Equal((5, due), plan.Inputs[0]);
        Assert.Contains("100 % tombstones", plan.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Pick_RangeTombstones_CountAsTombstones()
    {
        _model.Counted(6, 0, 299, 100_000, 10);
        _model.Counted(5, 200, 250, 1_000, 1, deletes: 1, rangeDeletes: 5);
        Assert.Equal(
            CompactionReason.Tombstones, CompactionPicker.Pick(_model.Version, _options)!.Reason);
    }

    [Theory]
    [InlineData(240)] // of 500 entries below
    [InlineData(0)]
    public void Pick_FewTombstonesForTheEntriesBelow_Wait(long deletes)
    {
        _model.Counted(6, 0, 299, 100_000, 500);
        _model.Counted(5, 200, 250, 1_000, 240, deletes);
        Assert.Null(CompactionPicker.Pick(_model.Version, _options));
    }

    [Fact]
    public void Pick_TombstonesOnTheLastLevel_Wait()
    {
        _model.Counted(6, 0, 299, 1_000, 500, deletes: 500);
        Assert.Null(CompactionPicker.Pick(_model.Version, _options));
    }

    [Fact]
    public void Pick_OneTableOfTombstonesOnLevel0_IsDueOverFewEntries()
    {
        _model.Counted(6, 0, 299, 10_000, 500);
        _model.Counted(0, 0, 299, 1_000, 240, deletes: 240);
        Assert.Null(CompactionPicker.Pick(_model.Version, _options));
        _model.Counted(0, 0, 299, 1_000, 20, deletes: 20);
        CompactionPlan plan = CompactionPicker.Pick(_model.Version, _options)!;
        Assert.Equal(6, plan.OutputLevel);
        Assert.Equal(3, plan.Inputs.Count);
    }

    [Fact]
    public void Pick_TieredTombstonesForEverySecondEntry_MergesAll()
    {
        _options.Compaction = CompactionStyle.Tiered;
        _model.Counted(6, 0, 299, 10_000, 500);
        _model.Counted(0, 0, 299, 1_000, 240, deletes: 240);
        Assert.Null(CompactionPicker.Pick(_model.Version, _options));
        _model.Counted(0, 0, 299, 1_000, 20, deletes: 20);
        CompactionPlan plan = CompactionPicker.Pick(_model.Version, _options)!;
        Assert.Equal((CompactionReason.Tombstones, 6), (plan.Reason, plan.OutputLevel));
        Assert.Equal(3, plan.Inputs.Count);
    }

    [Fact]
    public void Pick_TieredRangeTombstones_CountAsTombstones()
    {
        _options.Compaction = CompactionStyle.Tiered;
        _model.Counted(6, 0, 299, 10_000, 10);
        _model.Counted(0, 0, 299, 1_000, 1, deletes: 1, rangeDeletes: 4);
        Assert.Null(CompactionPicker.Pick(_model.Version, _options));
        _model.Counted(0, 0, 299, 1_000, 1, rangeDeletes: 1);
        CompactionPlan plan = CompactionPicker.Pick(_model.Version, _options)!;
        Assert.Equal((CompactionReason.Tombstones, 6), (plan.Reason, plan.OutputLevel));
        Assert.Contains("6 tombstones for 11 entries", plan.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Pick_TieredTombstonesOfTheOldestRun_Wait()
    {
        _options.Compaction = CompactionStyle.Tiered;
        _model.Counted(6, 0, 299, 10_000, 500, deletes: 500);
        _model.Counted(0, 0, 299, 1_000, 20);
        Assert.Null(CompactionPicker.Pick(_model.Version, _options));
    }
}
