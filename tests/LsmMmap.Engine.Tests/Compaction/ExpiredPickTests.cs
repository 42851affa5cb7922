// Which tables time makes due, from what the MANIFEST says of them: to be dropped, or to be written
// again where they lie.

using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Tests.Compaction;

public sealed class ExpiredPickTests
{
    private readonly TreeModel _model = new(300);
    private readonly KeyspaceOptions _options = new();

    [Fact]
    public void Due_TablesOverOneAnother_AreTakenTogetherOrNotAtAll()
    {
        Table bottom = Add(6, 0, 50, entries: 10, expiring: 10, lastMs: 100);
        Table over = Add(5, 20, 60, entries: 10, expiring: 6, lastMs: 90, deletes: 4);
        Add(5, 100, 160, entries: 10, expiring: 10, lastMs: 90);
        Add(6, 160, 170, entries: 10, expiring: 9, lastMs: 90);
        Table newest = Add(0, 0, 20, entries: 10, expiring: 10, lastMs: 95);
        Assert.Empty(Due(99));
        Assert.Equal([bottom, over, newest], Due(100));
        bottom.IsCompacting = true;
        Assert.Empty(Due(100));
    }

    [Fact]
    public void Due_OlderTableOfLevel0InTheBounds_HoldsTheNewerBack()
    {
        Add(0, 0, 50, entries: 10, expiring: 0, lastMs: 0);
        Add(0, 40, 90, entries: 10, expiring: 10, lastMs: 100);
        Table alone = Add(0, 100, 120, entries: 10, expiring: 10, lastMs: 100);
        Assert.Equal([alone], Due(100));
    }

    [Theory]
    [InlineData(CompactionStyle.Leveled, 6)]
    [InlineData(CompactionStyle.Tiered, 6)]
    [InlineData(CompactionStyle.Tiered, 5)]
    [InlineData(CompactionStyle.Leveled, 0)]
    [InlineData(CompactionStyle.Tiered, 0)]
    public void Pick_MoreThanHalfOver_WritesTheTableAgainWhereItLies(
        CompactionStyle style, int level)
    {
        _options.Compaction = style;
        Table due = Add(level, 0, 50, entries: 100, expiring: 51, lastMs: 100);
        Add(level, 100, 150, entries: 100, expiring: 50, lastMs: 100);
        Assert.Null(CompactionPicker.Pick(_model.Version, _options, nowMs: 99));
        CompactionPlan plan = CompactionPicker.Pick(_model.Version, _options, nowMs: 100)!;
        Assert.Equal((CompactionReason.Expired, level), (plan.Reason, plan.OutputLevel));
        Assert.Equal([(level, due)], plan.Inputs);
        Assert.False(plan.IsTrivialMove);
        due.IsCompacting = true;
        Assert.Null(CompactionPicker.Pick(_model.Version, _options, nowMs: 100));
    }

    [Fact]
    public void Pick_TableThatIsDropped_IsNotWrittenAgain()
    {
        Add(6, 0, 50, entries: 100, expiring: 100, lastMs: 100);
        Assert.Null(CompactionPicker.Pick(_model.Version, _options, nowMs: 100));
    }

    [Fact]
    public void NextDueMs_OfATable_IsWhenHalfOfItAndWhenAllIsOver()
    {
        Assert.Equal(long.MaxValue, ExpiredTables.NextDueMs(_model.Version, 0));
        Add(6, 0, 50, entries: 11, expiring: 11, lastMs: 200);
        Assert.Equal(100, ExpiredTables.NextDueMs(_model.Version, 0));
        Assert.Equal(200, ExpiredTables.NextDueMs(_model.Version, 100));
        Assert.Equal(long.MaxValue, ExpiredTables.NextDueMs(_model.Version, 200));
    }

    [Fact]
    public void OverFrom_OfSeveral_GoesFromTheFirstToTheLast()
    {
        ExpiringEntries one = default(ExpiringEntries).With(7);
        Assert.Equal(new ExpiringEntries(1, 7, 7), one);
        Assert.Equal(7, one.OverFrom(1));
        Assert.Equal(long.MaxValue, one.OverFrom(2));
        ExpiringEntries three = one.With(27).With(17);
        Assert.Equal(new ExpiringEntries(3, 7, 27), three);
        Assert.Equal([7, 17, 27], Enumerable.Range(1, 3).Select(n => three.OverFrom(n)));
        var widest = new ExpiringEntries(3, long.MinValue, long.MaxValue);
        Assert.Equal(long.MinValue, widest.OverFrom(1));
        Assert.InRange(widest.OverFrom(2), -1, 1);
        Assert.Equal(long.MaxValue, widest.OverFrom(3));
    }

    private IEnumerable<Table> Due(long nowMs) =>
        ExpiredTables.Due(_model.Version, nowMs).Select(static due => due.Table);

    // The first is over at 0.
    private Table Add(
        int level, int first, int last, long entries, long expiring, long lastMs,
        long deletes = 0)
    {
        Entry[] ends = [_model.Write(first, true), _model.Write(last, true)];
        var table = new Table(null!, _model.NewTable(ends).Info with
        {
            EntryCount = entries,
            DeleteCount = deletes,
            Expiring = new ExpiringEntries(expiring, 0, lastMs),
        });
        _model.Install([], [(level, table)]);
        return table;
    }
}
