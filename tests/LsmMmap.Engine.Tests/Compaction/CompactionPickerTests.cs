// Single decisions of the picker and of the claims, on trees made by hand.

using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Tests.Compaction;

public sealed class CompactionPickerTests
{
    private readonly TreeModel _model = new(300);
    private readonly KeyspaceOptions _options = new()
    {
        MemtableBytes = 2_000,
        TableBytes = 1_000,
    };

    [Fact]
    public void Pick_EmptyTree_Null() =>
        Assert.Null(CompactionPicker.Pick(_model.Version, _options));

    [Fact]
    public void Pick_ThreeSmallTablesOnLevel0_Null()
    {
        for (int i = 0; i < 3; i++)
            _model.Add(0, 0, 9);
        Assert.Null(CompactionPicker.Pick(_model.Version, _options));
    }

    [Fact]
    public void Pick_FourOverlappingTablesOnLevel0_MergesThemIntoLastLevel()
    {
        for (int i = 0; i < 4; i++)
            _model.Add(0, i, 9);
        Table below = _model.Add(6, 8, 20);
        _model.Add(6, 21, 30);
        CompactionPlan plan = CompactionPicker.Pick(_model.Version, _options)!;
        Assert.Equal(CompactionReason.Level0Count, plan.Reason);
        Assert.Equal(6, plan.OutputLevel);
        Assert.Equal(5, plan.Inputs.Count);
        Assert.Contains((6, below), plan.Inputs);
        Assert.False(plan.IsTrivialMove);
        Assert.True(plan.IsBottom);
        Assert.Contains("4 tables", plan.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Pick_DisjointTablesOnLevel0_MoveAsTheyAre()
    {
        for (int i = 0; i < 4; i++)
            _model.Add(0, i * 10, i * 10 + 9);
        Assert.True(CompactionPicker.Pick(_model.Version, _options)!.IsTrivialMove);
    }

    [Fact]
    public void Pick_DisjointTablesButOtherCodec_AreRewritten()
    {
        _options.CompressionPerLevel = [Compression.None, Compression.Lz4];
        for (int i = 0; i < 4; i++)
            _model.Add(0, i * 10, i * 10 + 9);
        Assert.False(CompactionPicker.Pick(_model.Version, _options)!.IsTrivialMove);
    }

    [Fact]
    public void Pick_TombstonesThatReachTheBottom_AreRewritten()
    {
        for (int i = 0; i < 4; i++)
            _model.Add(0, i * 10, i * 10 + 9, i != 2);
        Assert.False(CompactionPicker.Pick(_model.Version, _options)!.IsTrivialMove);
    }

    [Fact]
    public void Pick_OlderTableOfLevel0IsTaken_NewerOverlappingOnesWait()
    {
        Table oldest = _model.Add(0, 0, 9);
        for (int i = 0; i < 4; i++)
            _model.Add(0, 5, 15);
        for (int i = 0; i < 4; i++)
            _model.Add(0, 100, 110);
        oldest.IsCompacting = true;
        CompactionPlan plan = CompactionPicker.Pick(_model.Version, _options)!;
        Assert.Equal(4, plan.Inputs.Count);
        Assert.All(plan.Inputs, i => Assert.Equal(_model.Keys[100], i.Table.Info.SmallestKey));
    }

    [Fact]
    public void Pick_NonEmptyLevelAboveBase_IsNotPassedBy()
    {
        _model.Add(3, 50, 60);
        for (int i = 0; i < 8; i++)
            _model.Add(0, 0, 19);
        CompactionPlan plan = CompactionPicker.Pick(_model.Version, _options)!;
        Assert.Equal(0, plan.TopLevel);
        Assert.Equal(3, plan.OutputLevel);
    }

    [Fact]
    public void Pick_LevelAboveBase_IsDrained()
    {
        _model.Add(3, 50, 60);
        _model.Add(6, 0, 299);
        CompactionPlan plan = CompactionPicker.Pick(_model.Version, _options)!;
        Assert.Equal(CompactionReason.LevelSize, plan.Reason);
        Assert.Equal((3, 6), (plan.TopLevel, plan.OutputLevel));
    }

    [Fact]
    public void Pick_LevelAboveTarget_TakesTableWithLeastOverlap()
    {
        _model.Bytes(6, 0, 99, 50_000);
        _model.Bytes(6, 100, 199, 50_000);
        _model.Bytes(6, 200, 299, 1_000);
        _model.Bytes(5, 0, 50, 9_000);
        _model.Bytes(5, 90, 190, 9_000);
        Table cheap = _model.Bytes(5, 210, 220, 9_000);
        CompactionPlan plan = CompactionPicker.Pick(_model.Version, _options)!;
        Assert.Equal((5, cheap), plan.Inputs[0]);
        Assert.Equal(2, plan.Inputs.Count);
    }

    [Fact]
    public void Pick_RunningCompactionOfSameKeys_BlocksAndOtherKeysDoNot()
    {
        _model.Bytes(6, 0, 99, 50_000);
        _model.Bytes(6, 100, 299, 60_000);
        _model.Bytes(5, 0, 50, 20_000);
        _model.Bytes(5, 120, 130, 20_000);
        CompactionPlan first = CompactionPicker.Pick(_model.Version, _options)!;
        first.MarkInputs(true);
        CompactionPlan second = CompactionPicker.Pick(_model.Version, _options, [first])!;
        Assert.False(first.Keys.Overlaps(second.Keys));
        second.MarkInputs(true);
        Assert.Null(CompactionPicker.Pick(_model.Version, _options, [first, second]));
        Assert.Null(CompactionPicker.Pick(_model.Version, _options));
    }

    [Fact]
    public void Pick_KeysBetweenThoseOfRunningInputs_Wait()
    {
        for (int i = 0; i < 4; i++)
            _model.Add(0, i % 2 * 100, i % 2 * 100 + 9);
        CompactionPlan first = CompactionPicker.Pick(_model.Version, _options)!;
        first.MarkInputs(true);
        for (int i = 0; i < 2; i++)
            _model.Bytes(0, 50, 59, 5_000);
        Assert.Null(CompactionPicker.Pick(_model.Version, _options, [first]));
        Assert.Null(CompactionPicker.Pick(_model.Version, _options));
    }

    [Fact]
    public void Pick_KeysApartFromThoseOfRunningInputs_GoOn()
    {
        for (int i = 0; i < 4; i++)
            _model.Add(0, i % 2 * 100, i % 2 * 100 + 9);
        CompactionPicker.Pick(_model.Version, _options)!.MarkInputs(true);
        for (int i = 0; i < 4; i++)
            _model.Add(0, 150, 159);
        Assert.Equal(4, CompactionPicker.Pick(_model.Version, _options)!.Inputs.Count);
    }

    [Fact]
    public void Pick_LevelsBelowARunningCompaction_GoOnOnlyWhenItIsNamed()
    {
        _model.Bytes(6, 0, 299, 10_000_000);
        _model.Bytes(5, 0, 299, 1_500_000);
        Table upper = _model.Bytes(2, 0, 9, 100);
        var first = CompactionPlan.Of(
            _model.Version, _options, CompactionReason.Manual, "test", 3, [(2, upper)]);
        first.MarkInputs(true);
        Assert.Null(CompactionPicker.Pick(_model.Version, _options));
        CompactionPlan second = CompactionPicker.Pick(_model.Version, _options, [first])!;
        Assert.Equal((5, 6), (second.TopLevel, second.OutputLevel));
    }

    [Fact]
    public void Pick_TieredTenEqualRuns_MergesAllIntoLastLevel()
    {
        _options.Compaction = CompactionStyle.Tiered;
        for (int i = 0; i < 9; i++)
            _model.Add(0, 0, 9);
        Assert.Null(CompactionPicker.Pick(_model.Version, _options));
        _model.Add(0, 0, 9);
        CompactionPlan plan = CompactionPicker.Pick(_model.Version, _options)!;
        Assert.Equal((CompactionReason.TieredRuns, 6), (plan.Reason, plan.OutputLevel));
        Assert.Equal(10, plan.Inputs.Count);
    }

    [Fact]
    public void Pick_TieredSmallRunsOverLargeOne_MergesTheSmallOnLevel0()
    {
        _options.Compaction = CompactionStyle.Tiered;
        _model.Bytes(6, 0, 99, 100_000);
        _model.Bytes(0, 0, 99, 50_000);
        for (int i = 0; i < 8; i++)
            _model.Bytes(0, 0, 9, 1_000);
        CompactionPlan plan = CompactionPicker.Pick(_model.Version, _options)!;
        Assert.Equal(0, plan.OutputLevel);
        Assert.True(plan.SingleOutput);
        Assert.Equal(8, plan.Inputs.Count);
        Assert.False(plan.MayZeroSequences);
        Assert.True(plan.MayHoldOlder(_model.Keys[3]));
    }

    [Fact]
    public void Pick_TieredNextOlderRunIsALevel_GoesJustAboveIt()
    {
        _options.Compaction = CompactionStyle.Tiered;
        _model.Bytes(6, 0, 99, 100_000);
        _model.Bytes(4, 0, 99, 50_000);
        for (int i = 0; i < 8; i++)
            _model.Bytes(0, 0, 9, 1_000);
        Assert.Equal(3, CompactionPicker.Pick(_model.Version, _options)!.OutputLevel);
    }

    [Fact]
    public void Pick_TieredNewerRunsOutweighOldest_MergesAll()
    {
        _options.Compaction = CompactionStyle.Tiered;
        _model.Bytes(6, 0, 99, 10_000);
        _model.Bytes(0, 0, 99, 20_001);
        CompactionPlan plan = CompactionPicker.Pick(_model.Version, _options)!;
        Assert.Equal((CompactionReason.TieredSpace, 6), (plan.Reason, plan.OutputLevel));
    }

    [Fact]
    public void Pick_TieredWhileOldRunsMerge_NewerOnesMayMergeOnLevel0()
    {
        _options.Compaction = CompactionStyle.Tiered;
        for (int i = 0; i < 10; i++)
            _model.Add(0, 0, 9);
        CompactionPlan first = CompactionPicker.Pick(_model.Version, _options)!;
        first.MarkInputs(true);
        for (int i = 0; i < 9; i++)
            _model.Add(0, 0, 9);
        CompactionPlan second = CompactionPicker.Pick(_model.Version, _options, [first])!;
        Assert.Equal(0, second.OutputLevel);
        Assert.Equal(9, second.Inputs.Count);
    }

    [Fact]
    public void Pressure_Level0AndLevelsBehind_IsTold()
    {
        for (int i = 0; i < 6; i++)
            _model.Add(0, 0, 9);
        _model.Bytes(6, 0, 99, 200_000);
        _model.Bytes(5, 0, 99, 25_000);
        CompactionPressure pressure = CompactionPicker.Pressure(_model.Version, _options);
        Assert.Equal((6, 4), (pressure.Level0Count, pressure.Level0Trigger));
        Assert.Equal(1.5, pressure.Level0Load);
        Assert.Equal(6 * 1_000 + 5_000, pressure.DebtBytes);
    }

    [Theory]
    [InlineData(0, 12)]
    [InlineData(60, 12)]
    [InlineData(100, 20)]
    [InlineData(1_000, 40)]
    public void Pressure_OfASmallTree_StopsWritersAtFewerTables(int memtables, int stopAt)
    {
        if (memtables > 0)
            _model.Bytes(6, 0, 99, memtables * _options.MemtableBytes);
        CompactionPressure pressure = CompactionPicker.Pressure(_model.Version, _options);
        Assert.Equal(stopAt, pressure.Level0Max);
    }

    [Fact]
    public void Targets_GrowingLastLevel_LevelsAppearAboveIt()
    {
        Assert.Equal(6, LevelTargets.Of(_model.Version, _options).BaseLevel);
        _model.Bytes(6, 0, 99, 399_999);
        var targets = LevelTargets.Of(_model.Version, _options);
        Assert.Equal((5, 39_999L), (targets.BaseLevel, targets.Target(5)));
        Assert.Equal(0, targets.Target(4));
        _model.Bytes(6, 100, 199, 1);
        Assert.Equal(4, LevelTargets.Of(_model.Version, _options).BaseLevel);
        _model.Bytes(6, 200, 299, 1L << 50);
        Assert.Equal(1, LevelTargets.Of(_model.Version, _options).BaseLevel);
    }
}
