// Long runs of many threads over the public API, judged afterwards. LSM_HISTORY_OPERATIONS sets
// the length of each; the default keeps both under half a minute.
//
// Seen to fail: see the table in docs/testing.md, "Schedules and histories".

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests.Concurrency;

public sealed class HistoryTests : IDisposable
{
    private const int OperationsDefault = 200_000;

    private readonly TemporaryFolder _folder = new();

    private static int Operations { get; } =
        (int)Seeds.Number("LSM_HISTORY_OPERATIONS", OperationsDefault);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void History_OfEveryKindOfCall_IsThatOfOneThingAtATime()
    {
        var run = new HistoryRun(_folder["store"], Seeds.Base);
        run.Run(Operations, epochs: 4);
        AssertNone(HistoryChecker.Check(run.Operations));
    }

    [Fact]
    public void History_OfAppendsAndReads_HasNoCycle()
    {
        var run = new AppendRun(_folder["store"], Seeds.Base);
        run.Run(Operations / 4, epochs: 2);
        AssertNone(AppendChecker.Check(run.Transactions));
    }

    [Fact]
    public void Checker_OfRightHistory_IsContent() => Assert.Empty(HistoryChecker.Check(
    [
        Write(1, 4, 1, (1, 10)),
        Write(2, 6, 3, (1, 20), (2, 21)),
        Read(3, 5, 0, (1, 10)),
        Read(7, 8, 3, (1, 20), (2, 21), (3, 0)),
    ]));

    [Fact]
    public void Checker_OfStaleRead_Complains() => Assert.NotEmpty(HistoryChecker.Check(
        [Write(1, 2, 1, (1, 10)), Write(3, 4, 2, (1, 20)), Read(5, 6, 0, (1, 10))]));

    [Fact]
    public void Checker_OfReadFromTheFuture_Complains() => Assert.NotEmpty(HistoryChecker.Check(
        [Read(1, 2, 0, (1, 10)), Write(3, 4, 1, (1, 10))]));

    [Fact]
    public void Checker_OfReadThatGoesBack_Complains() => Assert.NotEmpty(HistoryChecker.Check(
        [Write(1, 9, 1, (1, 10)), Read(2, 3, 0, (1, 10)), Read(4, 5, 0, (1, 0))]));

    [Fact]
    public void Checker_OfHalfABatch_Complains() => Assert.NotEmpty(HistoryChecker.Check(
        [Write(1, 4, 2, (1, 10), (2, 11)), Read(2, 3, 0, (1, 10), (2, 0))]));

    [Fact]
    public void Checker_OfSequencesAgainstTime_Complains() => Assert.NotEmpty(
        HistoryChecker.Check([Write(1, 2, 2, (1, 10)), Write(3, 4, 1, (2, 20))]));

    [Fact]
    public void AppendChecker_OfALongFork_Complains() => Assert.NotEmpty(AppendChecker.Check(
    [
        Append(1, 8, (1, 1)),
        Append(2, 9, (2, 1)),
        Lists(3, 4, (1, [1]), (2, [])),
        Lists(5, 6, (1, []), (2, [1])),
    ]));

    [Fact]
    public void AppendChecker_OfRightHistory_IsContent() => Assert.Empty(AppendChecker.Check(
    [
        Append(1, 8, (1, 1)),
        Append(2, 9, (2, 1)),
        Lists(3, 4, (1, [1]), (2, [])),
        Lists(5, 6, (1, [1]), (2, [1])),
    ]));

    private static HistoryOperation Write(
        long start, long end, long sequence, params (int Key, long Value)[] cells) => new()
        {
            Start = start,
            End = end,
            Sequence = sequence,
            IsWrite = true,
            Cells = [.. cells.Select(static c => new Cell(c.Key, c.Value))],
        };

    private static HistoryOperation Read(
        long start, long end, long sequence, params (int Key, long Value)[] cells) => new()
        {
            Start = start,
            End = end,
            Sequence = sequence,
            Cells = [.. cells.Select(static c => new Cell(c.Key, c.Value))],
        };

    private static Transaction Append(long start, long end, params (int Key, int Element)[] all) =>
        new(start, end, [.. all.Select(static a => (a.Key, a.Element))], []);

    private static Transaction Lists(long start, long end, params (int Key, int[] List)[] all) =>
        new(start, end, [], [.. all.Select(static l => (l.Key, l.List.Length, Last(l.List)))]);

    private static int Last(int[] list) => list.Length == 0 ? 0 : list[^1];

    private static void AssertNone(List<string> problems) => Assert.True(
        problems.Count == 0,
        $"{problems.Count} problems; {Seeds.Describe(Seeds.Base)}{Environment.NewLine}"
        + string.Join(Environment.NewLine, problems.Take(10)));
}
