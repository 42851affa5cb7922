// What a damaged store may show. A closed store: everything, or typed refusals. A killed one whose
// log was changed: any state between the commits that lie before the change and the last one,
// whole; under Salvage, of each key any value it ever had. A proof behind the damage (a record that
// is still whole, in the same boot, or one whose synced point lies beyond the damage) forbids to
// open. Immutable, one case.

using LsmMmap.Engine.Files;

namespace LsmMmap.Fuzz.Tests;

internal sealed class StoreJudge
{
    private readonly StoreBase _whole;
    private readonly StoreDamage _damage;

    public StoreJudge(StoreBase whole, StoreDamage damage, WalRecovery policy)
    {
        _whole = whole;
        _damage = damage;
        Last = whole.History.Count - 1;
        bool isLog = damage.Kind == StoreFileKind.Log && !damage.ChangesNothing;
        // An older manifest asks for logs that are gone, which Salvage passes over.
        IsSalvage = policy == WalRecovery.Salvage && !damage.ChangesNothing
            && damage.Kind is (StoreFileKind.Log or StoreFileKind.Manifest);
        Least = isLog && !whole.IsClosed ? CommitsBefore() : Last;
        MustRefuse = isLog && !IsSalvage && !whole.IsClosed && IsProven();
    }

    /// <summary>The fewest commits that an opened store may show.</summary>
    public int Least { get; }

    public int Last { get; }

    /// <summary>What the undamaged files hold.</summary>
    public StoreState Now => _whole.History[Last];

    /// <summary>Whether holes are allowed.</summary>
    public bool IsSalvage { get; }

    /// <summary>Whether opening must fail.</summary>
    public bool MustRefuse { get; }

    /// <summary>The states that are still possible once the number of commits was read; all of
    /// them while it could not be.</summary>
    public IEnumerable<StoreState> States(int? commits) => commits is { } one && !IsSalvage
        ? [_whole.History[one]]
        : _whole.History.Skip(IsSalvage ? 0 : Least);

    /// <summary>The logs in order; each with its first changed byte, or null.</summary>
    private IEnumerable<(string Name, LogBase Log, byte[]? Now, long? Bad)> Logs()
    {
        foreach ((string name, LogBase log) in _whole.Logs.OrderBy(
            one => one.Value.Header.LogNumber))
        {
            byte[]? now = _damage.Files.GetValueOrDefault(name);
            long? bad = now == null ? 0
                : now.AsSpan().SequenceEqual(log.Bytes) ? null
                : ByteMutator.FirstDifference(log.Bytes, now);
            yield return (name, log, now, bad);
        }
    }

    private int CommitsBefore()
    {
        int commits = 0;
        foreach ((string name, LogBase log, _, long? bad) in Logs())
        {
            foreach (LoggedRecord record in log.Records)
            {
                if (bad is { } at && record.End > at)
                    return Math.Max(commits, CommitsOfTables());
                if (_whole.CommitsAt.TryGetValue((name, record.Offset), out int brings))
                    commits = Math.Max(commits, brings);
            }
        }
        return Math.Max(commits, CommitsOfTables());
    }

    /// <summary>The commits before the first one that is in a log.</summary>
    private int CommitsOfTables() =>
        _whole.CommitsAt.Count == 0 ? Last : _whole.CommitsAt.Values.Min() - 1;

    /// <summary>Whether a whole record stands behind the first that is not, and proves that one
    /// to have been safe.</summary>
    private bool IsProven()
    {
        (long Log, long Offset)? first = null;
        foreach ((_, LogBase log, byte[]? now, long? bad) in Logs())
        {
            // A file that has become another one, or none, is judged by what is read from it.
            if (now == null || (bad ?? long.MaxValue) < 64)
                return false;
            foreach (LoggedRecord record in log.Records)
            {
                if (!log.IsWhole(record, now))
                {
                    first ??= (log.Header.LogNumber, record.Offset);
                    continue;
                }
                if (first is { } damaged && (_whole.IsSameBoot || IsBeyond(record, damaged)))
                    return true;
            }
        }
        return false;
    }

    private static bool IsBeyond(LoggedRecord record, (long Log, long Offset) damaged) =>
        record.Synced.LogNumber > damaged.Log
        || (record.Synced.LogNumber == damaged.Log && record.Synced.Offset > damaged.Offset);
}
