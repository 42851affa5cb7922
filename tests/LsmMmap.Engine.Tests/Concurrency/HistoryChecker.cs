// Is a history one of a store that does one thing at a time? Takes the order of commits from the
// sequences that they returned, so it is linear up to sorting:
//
// - sequences are distinct, and a commit that began after another had ended has a larger one;
// - every read sees the state after some commit s, all its keys the same s. Nothing that ended
//   before the read began is missing: neither a commit nor what an earlier read had seen.
//   Nothing that began after the read ended is there;
// - a snapshot's s is the one that its sequence names.
//
// With all reads at points of one order that agrees with real time, single-key operations are
// linearizable and the reads of several keys are isolated.

namespace LsmMmap.Engine.Tests.Concurrency;

internal sealed class HistoryChecker
{
    private readonly List<HistoryOperation> _operations;
    private readonly HistoryOperation[] _commits;
    private readonly Dictionary<HistoryOperation, int> _ranks = [];
    private readonly Dictionary<int, List<(int Rank, long Value)>> _versions = [];
    private readonly Dictionary<HistoryOperation, int> _floors = [];
    private readonly List<string> _problems = [];

    private HistoryChecker(IEnumerable<HistoryOperation> operations)
    {
        _operations = [.. operations];
        _commits = [.. _operations.Where(static o => o.IsWrite).OrderBy(static o => o.Sequence)];
    }

    /// <summary>What is wrong with the history; empty when it is right.</summary>
    public static List<string> Check(IEnumerable<HistoryOperation> operations)
    {
        var checker = new HistoryChecker(operations);
        checker.OrderCommits();
        checker.Sweep();
        return checker._problems;
    }

    // Rank 0 is the empty store; the n-th commit makes state n.
    private void OrderCommits()
    {
        for (int i = 0; i < _commits.Length; i++)
        {
            HistoryOperation commit = _commits[i];
            _ranks.Add(commit, i + 1);
            if (i > 0 && commit.Sequence - commit.Cells.Length < _commits[i - 1].Sequence)
                _problems.Add($"sequences overlap: {_commits[i - 1]} and {commit}");
            foreach (Cell cell in commit.Cells)
            {
                if (!_versions.TryGetValue(cell.Key, out List<(int, long)>? versions))
                    _versions.Add(cell.Key, versions = [(0, 0)]);
                versions.Add((i + 1, cell.Value));
            }
        }
    }

    // In the order of time: what is known to be seen only grows.
    private void Sweep()
    {
        var events = new List<(long Stamp, HistoryOperation Operation)>();
        foreach (HistoryOperation operation in _operations)
        {
            events.Add((operation.Start, operation));
            events.Add((operation.End, operation));
        }
        events.Sort(static (a, b) => a.Stamp.CompareTo(b.Stamp));
        Dictionary<long, int> begunLater = RanksBegunLater(events);
        int floor = 0;
        foreach ((long stamp, HistoryOperation operation) in events)
        {
            if (stamp == operation.Start)
                _floors.Add(operation, floor);
            else if (operation.IsWrite)
                floor = Math.Max(floor, EndCommit(operation));
            else
                floor = Math.Max(floor, EndRead(operation, begunLater[stamp] - 1));
        }
    }

    /// <summary>For each moment the least rank of the commits that began after it.</summary>
    private Dictionary<long, int> RanksBegunLater(
        List<(long Stamp, HistoryOperation Operation)> events)
    {
        var later = new Dictionary<long, int>(events.Count);
        int least = _commits.Length + 1;
        for (int i = events.Count - 1; i >= 0; i--)
        {
            (long stamp, HistoryOperation operation) = events[i];
            later.Add(stamp, least);
            if (operation.IsWrite && stamp == operation.Start)
                least = Math.Min(least, _ranks[operation]);
        }
        return later;
    }

    private int EndCommit(HistoryOperation commit)
    {
        int rank = _ranks[commit];
        if (rank <= _floors[commit])
            _problems.Add($"committed behind what had been seen before it began: {commit}");
        return rank;
    }

    private int EndRead(HistoryOperation read, int last)
    {
        int first = _floors[read];
        if (read.Sequence > 0)
        {
            int rank = RankOf(read.Sequence);
            if (rank < first || rank > last)
                _problems.Add($"state {rank} is not in {first}..{last}: {read}");
            (first, last) = (rank, rank);
        }
        // Values name their state; absence may have been at several times, so it comes after.
        foreach (Cell cell in read.Cells.OrderBy(static c => c.Value == 0))
        {
            (int from, int to) = Interval(cell, first, last);
            if (from > to)
            {
                _problems.Add($"key {cell.Key} in states {first}..{last} was never "
                    + $"{cell.Value}: {read}");
                return first;
            }
            (first, last) = cell.Value != 0 ? (from, to) : (first, last);
        }
        return first;
    }

    /// <summary>The states between first and last in which the key had the value.</summary>
    private (int From, int To) Interval(Cell cell, int first, int last)
    {
        if (!_versions.TryGetValue(cell.Key, out List<(int Rank, long Value)>? versions))
            return cell.Value == 0 ? (first, last) : (1, 0);
        int at = versions.BinarySearch(
            (last, long.MaxValue), Comparer<(int Rank, long Value)>.Create(
                static (a, b) => (a.Rank, a.Value).CompareTo((b.Rank, b.Value))));
        for (int i = at < 0 ? ~at - 1 : at; i >= 0; i--)
        {
            int to = i + 1 < versions.Count ? versions[i + 1].Rank - 1 : _commits.Length;
            if (to < first)
                break;
            if (versions[i].Value == cell.Value)
                return (Math.Max(first, versions[i].Rank), Math.Min(last, to));
        }
        return (1, 0);
    }

    private int RankOf(long sequence)
    {
        int low = 0;
        int high = _commits.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_commits[middle].Sequence <= sequence)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}
