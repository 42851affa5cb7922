// Single steps of a manual compaction; whole ones are in CompactionPropertyTests.

using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Tests.Compaction;

public sealed class ManualCompactionTests
{
    private readonly TreeModel _model = new(300);
    private readonly KeyspaceOptions _options = new()
    {
        MemtableBytes = 2_000,
        TableBytes = 1_000,
    };

    [Theory]
    [InlineData("b", "a")]
    [InlineData("b", "b")]
    public void Next_EmptyRange_IsDoneAtOnce(string from, string to)
    {
        _model.Add(0, 0, 299);
        var manual = new ManualCompaction(
            System.Text.Encoding.UTF8.GetBytes(from), System.Text.Encoding.UTF8.GetBytes(to));
        Assert.True(manual.IsDone);
        Assert.Null(manual.Next(_model.Version, _options));
    }

    [Fact]
    public void Next_TableIsTaken_WaitsWithoutBeingDone()
    {
        _model.Add(0, 0, 299).IsCompacting = true;
        var manual = new ManualCompaction([], []);
        Assert.Null(manual.Next(_model.Version, _options));
        Assert.False(manual.IsDone);
    }

    [Fact]
    public void Next_LastLevelOfBarePuts_NeedsNothing()
    {
        _model.Install([], [(6, _model.NewTable([new Entry(3, EntryTag.PlainPut, 1)]))]);
        var manual = new ManualCompaction([], []);
        Assert.Null(manual.Next(_model.Version, _options));
        Assert.True(manual.IsDone);
    }

    [Fact]
    public void Next_PlanFailed_IsHandedOutAgain()
    {
        _model.Add(6, 0, 9, false);
        var manual = new ManualCompaction([], []);
        CompactionPlan first = manual.Next(_model.Version, _options)!;
        CompactionPlan second = manual.Next(_model.Version, _options)!;
        Assert.Equal(first.Inputs, second.Inputs);
        Assert.Equal((6, 6, false), (second.TopLevel, second.OutputLevel, second.IsTrivialMove));
    }

    [Fact]
    public void Next_OlderTableOutsideTheRangeOverlapsATakenOne_IsTakenToo()
    {
        Table older = _model.Add(0, 20, 40);
        Table newer = _model.Add(0, 0, 30);
        _model.Add(0, 35, 45);
        var manual = new ManualCompaction(_model.Keys[0], _model.Keys[10]);
        CompactionPlan plan = manual.Next(_model.Version, _options)!;
        Assert.Equal([(0, newer), (0, older)], plan.Inputs);
    }

    [Fact]
    public void Next_TablesOfALevelBetween_AreNotPassedBy()
    {
        _model.Add(6, 0, 50);
        Table between = _model.Add(3, 0, 30);
        Table upper = _model.Add(0, 20, 40);
        var manual = new ManualCompaction([], []);
        CompactionPlan plan = manual.Next(_model.Version, _options)!;
        Assert.Equal([(0, upper), (3, between)], plan.Inputs);
        Assert.Equal(3, plan.OutputLevel);
    }

    [Fact]
    public void Next_SnapshotsKeepVersions_NothingIsRewrittenTwice()
    {
        _model.Add(0, 0, 50);
        _model.Snapshots.Add(1);
        var manual = new ManualCompaction([], []);
        CompactionPlan plan = manual.Next(_model.Version, _options)!;
        _model.Apply(plan, _model.SnapshotArray(), _options.TableBytes);
        manual.Committed(plan);
        Assert.Contains(_model.Version.AllTables(), t => t.Info.LargestSequence > 0);
        Assert.Null(manual.Next(_model.Version, _options));
        Assert.True(manual.IsDone);
    }
}
