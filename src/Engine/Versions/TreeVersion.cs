// The tables of one keyspace at one moment, by level. Immutable: a flush or a compaction makes a
// new one. Level 0 holds flushed tables, which overlap, newest first; every deeper level holds
// tables in key order that share no user key.
//
// A version holds a counted reference on each of its tables; whoever keeps a version holds one
// on it. Threads: any.

using System.Diagnostics;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Versions;

internal sealed class TreeVersion
{
    public const int LevelCount = KeyspaceOptions.LevelCount;

    private static readonly HeadTree s_noKeys = new([], []);

    private readonly Table[][] _levels;
    private readonly HeadTree[] _largestKeys;
    private readonly long[] _levelBytes;
    private readonly int[] _sortedLevels;
    private RangeRun[]? _rangeRuns;
    private int _references = 1;

    /// <summary>Adopts the arrays; adds a reference to every table.</summary>
    public TreeVersion(Table[][] levels)
    {
        Debug.Assert(levels.Length == LevelCount, "every level has its array");
        _levels = levels;
        _largestKeys = new HeadTree[LevelCount];
        _levelBytes = new long[LevelCount];
        for (int level = 0; level < LevelCount; level++)
        {
            Table[] tables = levels[level];
            _largestKeys[level] = level == 0 ? s_noKeys : LargestKeys(tables);
            foreach (Table table in tables)
            {
                table.AddReference();
                _levelBytes[level] += table.Info.FileBytes;
                TableCount++;
                RangeDeleteCount += table.Info.RangeDeleteCount;
                HasExpiring |= !table.Info.Expiring.IsEmpty;
                FirstHalfOverAtMs = Math.Min(FirstHalfOverAtMs, table.Info.HalfOverAtMs);
                FirstWholeOverAtMs = Math.Min(FirstWholeOverAtMs, table.Info.WholeOverAtMs);
            }
            TableBytes += _levelBytes[level];
        }
        _sortedLevels =
            [.. Enumerable.Range(1, LevelCount - 1).Where(level => levels[level].Length > 0)];
        AssertInvariants();
    }

    public long TableBytes { get; }

    public int TableCount { get; }

    /// <summary>Range tombstones of all tables, each counted in every fragment.</summary>
    public long RangeDeleteCount { get; }

    /// <summary>Whether any table holds an entry that expires.</summary>
    public bool HasExpiring { get; }

    /// <summary>The least <see cref="TableInfo.HalfOverAtMs"/> of its tables; long max when there
    /// is none.</summary>
    public long FirstHalfOverAtMs { get; } = long.MaxValue;

    /// <summary>And the least <see cref="TableInfo.WholeOverAtMs"/>.</summary>
    public long FirstWholeOverAtMs { get; } = long.MaxValue;

    /// <summary>Whether any table holds a range tombstone.</summary>
    public bool HasRanges => RangeDeleteCount > 0;

    /// <summary>Whether <see cref="RangeRuns"/> reads nothing.</summary>
    public bool AreRangesRead => !HasRanges || Volatile.Read(ref _rangeRuns) != null;

    /// <summary>The range tombstones of each run that has any, youngest run first. Read at first
    /// use.</summary>
    public ReadOnlySpan<RangeRun> RangeRuns =>
        HasRanges ? Volatile.Read(ref _rangeRuns) ?? ReadRanges() : [];

    public static TreeVersion Empty() =>
        new([.. Enumerable.Range(0, LevelCount).Select(_ => Array.Empty<Table>())]);

    public ReadOnlySpan<Table> Tables(int level) => _levels[level];

    /// <summary>The levels below 0 that hold a table, youngest first.</summary>
    public ReadOnlySpan<int> SortedLevels => _sortedLevels;

    public ReadOnlyMemory<Table> LevelMemory(int level) => _levels[level];

    public long LevelBytes(int level) => _levelBytes[level];

    public IEnumerable<Table> AllTables() => _levels.SelectMany(static tables => tables);

    /// <summary>The deepest level that holds a table; 0 when none does.</summary>
    public int DeepestLevel() => _sortedLevels.Length == 0 ? 0 : _sortedLevels[^1];

    /// <summary>Index of the first table of a sorted level that does not end before the key; the
    /// table count when there is none.</summary>
    public int FindTable(int level, ReadOnlySpan<byte> key)
    {
        Debug.Assert(level > 0, "level 0 is not sorted by key");
        int low = _largestKeys[level].LowerBound(key, out bool isTie);
        return isTie ? FindTable(_levels[level], low, key) : low;
    }

    /// <summary>The tables of a level that meet a range, in level order.</summary>
    public List<Table> Overlapping(int level, KeyRange keys)
    {
        var found = new List<Table>();
        foreach (Table table in _levels[level])
        {
            if (keys.Overlaps(table))
                found.Add(table);
        }
        return found;
    }

    /// <summary>A version without some tables and with others; the added ones bring their level.
    /// </summary>
    public TreeVersion With(
        IReadOnlySet<Table> removed, IReadOnlyList<(int Level, Table Table)> added)
    {
        var levels = new Table[LevelCount][];
        for (int level = 0; level < LevelCount; level++)
        {
            int at = level;
            Table[] fresh = [.. added.Where(a => a.Level == at).Select(a => a.Table)];
            bool same = fresh.Length == 0 && !_levels[level].Any(removed.Contains);
            levels[level] = same
                ? _levels[level]
                : Sorted(level, _levels[level].Where(t => !removed.Contains(t)).Concat(fresh));
        }
        return new TreeVersion(levels);
    }

    /// <summary>The order of a level's array: newest first on level 0, by key below.</summary>
    public static Table[] Sorted(int level, IEnumerable<Table> tables)
    {
        Table[] sorted = [.. tables];
        if (level == 0)
        {
            Array.Sort(sorted, static (a, b) =>
            {
                int order = b.Info.LargestSequence.CompareTo(a.Info.LargestSequence);
                return order != 0 ? order : b.Info.Number.CompareTo(a.Info.Number);
            });
        }
        else
        {
            Array.Sort(sorted, static (a, b) =>
                a.Info.SmallestKey.AsSpan().SequenceCompareTo(b.Info.SmallestKey));
        }
        return sorted;
    }

    public void AddReference()
    {
        int count = Interlocked.Increment(ref _references);
        Debug.Assert(count > 1, "a dead version was referenced again");
    }

    public void Release()
    {
        int count = Interlocked.Decrement(ref _references);
        Debug.Assert(count >= 0, "released once too often");
        if (count > 0)
            return;
        foreach (Table[] tables in _levels)
        {
            foreach (Table table in tables)
                table.Release();
        }
    }

    private RangeRun[] ReadRanges()
    {
        var runs = new List<RangeRun>();
        foreach (Table table in _levels[0])
        {
            if (table.Info.RangeDeleteCount > 0)
                runs.Add(new RangeRun(0, table.Ranges));
        }
        foreach (int level in _sortedLevels)
        {
            // Tables of a level share no key, and what they hold ends with them.
            var fragments = new List<RangeFragment>();
            foreach (Table table in _levels[level])
                fragments.AddRange(table.Ranges.Fragments);
            if (fragments.Count > 0)
                runs.Add(new RangeRun(level, RangeTombstones.OfOrdered([.. fragments])));
        }
        RangeRun[] read = [.. runs];
        Volatile.Write(ref _rangeRuns, read);
        return read;
    }

    private static int FindTable(Table[] tables, int low, ReadOnlySpan<byte> key)
    {
        int high = tables.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (tables[middle].Info.Keys.EndsBefore(key))
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    private static HeadTree LargestKeys(Table[] tables)
    {
        if (tables.Length == 0)
            return s_noKeys;
        byte[] prefix = HeadTree.SharedPrefix(
            tables[0].Info.LargestKey, tables[^1].Info.LargestKey);
        return new HeadTree(prefix, Array.ConvertAll(
            tables, table => HeadTree.HeadBehind(prefix, table.Info.LargestKey)));
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        for (int level = 1; level < LevelCount; level++)
        {
            Table[] tables = _levels[level];
            for (int i = 1; i < tables.Length; i++)
            {
                Debug.Assert(
                    tables[i - 1].Info.Keys.EndsBefore(tables[i].Info.SmallestKey),
                    "tables of a sorted level share no key");
            }
        }
    }
}

/// <summary>The range tombstones of one sorted run: of a table of level 0, or of a whole deeper
/// level.</summary>
internal sealed record RangeRun(int Level, RangeTombstones Ranges);
