// What happens on level 0 while a compaction takes its older tables down.

using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Tests.Compaction;

public sealed class Level0NewestTests
{
    private const long MemtableBytes = 2_000;

    private readonly TreeModel _model = new(300);
    private readonly KeyspaceOptions _options = new()
    {
        MemtableBytes = MemtableBytes,
        TableBytes = 1_000,
    };

    [Fact]
    public void Pick_CompactionOfLevel0Runs_NewestBecomeOne()
    {
        CompactionPlan down = BeginDown();
        List<Table> newest = AddNewest(4);
        CompactionPlan plan = CompactionPicker.Pick(_model.Version, _options, [down])!;
        Assert.Equal((CompactionReason.Level0Newest, 0), (plan.Reason, plan.OutputLevel));
        Assert.True(plan.SingleOutput);
        Assert.False(plan.IsBottom);
        Assert.Equal(newest, plan.Inputs.Select(static i => i.Table).Reverse());
    }

    [Fact]
    public void Pick_NewestMergeAlready_NothingElseStaysOnLevel0()
    {
        CompactionPlan down = BeginDown();
        AddNewest(4);
        CompactionPlan newest = CompactionPicker.Pick(_model.Version, _options, [down])!;
        newest.MarkInputs(true);
        AddNewest(8);
        Assert.Null(CompactionPicker.Pick(_model.Version, _options, [down, newest]));
        // The way down is free again: it has to wait for the newest, and goes first then.
        down.MarkInputs(false);
        Assert.Null(CompactionPicker.Pick(_model.Version, _options, [newest]));
        newest.MarkInputs(false);
        Assert.Equal(6, CompactionPicker.Pick(_model.Version, _options)!.OutputLevel);
    }

    [Fact]
    public void Pick_FewerThanTwiceTheTrigger_Waits()
    {
        CompactionPlan down = BeginDown();
        AddNewest(3);
        // Due by its bytes, and too large to be merged twice.
        _model.Bytes(0, 0, 99, 4 * MemtableBytes);
        Assert.Null(CompactionPicker.Pick(_model.Version, _options, [down]));
    }

    [Fact]
    public void Pick_ManyTables_ResultIsBounded()
    {
        CompactionPlan down = BeginDown();
        AddNewest(30);
        CompactionPlan plan = CompactionPicker.Pick(_model.Version, _options, [down])!;
        Assert.Equal(8, plan.Inputs.Count);
        Assert.Equal(8 * MemtableBytes, plan.InputBytes);
    }

    [Fact]
    public void Pick_ResultOfAnEarlierMerge_IsNotTakenAgain()
    {
        CompactionPlan down = BeginDown();
        _model.Bytes(0, 0, 99, 3 * MemtableBytes);
        List<Table> newest = AddNewest(4);
        CompactionPlan plan = CompactionPicker.Pick(_model.Version, _options, [down])!;
        Assert.Equal(newest.Count, plan.Inputs.Count);
    }

    [Fact]
    public void Pick_OtherCompactionBlocks_NewestStayAsTheyAre()
    {
        Table below = _model.Bytes(6, 0, 99, 100_000);
        _model.Bytes(5, 0, 99, 1_000);
        var sorted = CompactionPlan.Of(
            _model.Version, _options, CompactionReason.Manual, "test", 6,
            [(5, _model.Version.Tables(5)[0]), (6, below)]);
        sorted.MarkInputs(true);
        AddNewest(20);
        Assert.Null(CompactionPicker.Pick(_model.Version, _options, [sorted]));
    }

    private CompactionPlan BeginDown()
    {
        for (int i = 0; i < 4; i++)
            _model.Bytes(0, 0, 99, MemtableBytes);
        CompactionPlan down = CompactionPicker.Pick(_model.Version, _options)!;
        Assert.Equal(6, down.OutputLevel);
        down.MarkInputs(true);
        return down;
    }

    /// <summary>Oldest first.</summary>
    private List<Table> AddNewest(int count) =>
        [.. Enumerable.Range(0, count).Select(_ => _model.Bytes(0, 0, 99, MemtableBytes))];
}
