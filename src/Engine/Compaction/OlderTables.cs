// The live tables outside a compaction that may hold older versions of the keys it merges. As
// long as one of them may hold a key, the key's tombstone must live and its sequence must stay.
//
// Which ones: of the levels at and below the topmost input, every table that is no input; of
// level 0 only those older than the newest input. What lies above the inputs is newer and does
// not count. Only tables that meet the hull of the inputs are kept.
//
// It is asked in key order: the walk moves forward through each level, so that a question costs
// about one comparison per level that overlaps at all. Each merge has its own walk.
// Threads: one at a time.

using System.Diagnostics;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Compaction;

internal sealed class OlderTables
{
    private readonly Table[] _unsorted;
    private readonly Table[][] _sorted;
    private readonly int[] _positions;

    private OlderTables(Table[] unsorted, Table[][] sorted)
    {
        _unsorted = unsorted;
        _sorted = sorted;
        _positions = new int[sorted.Length];
    }

    public bool IsEmpty => _unsorted.Length == 0 && _sorted.Length == 0;

    public static OlderTables Of(
        TreeVersion version, IReadOnlyList<(int Level, Table Table)> inputs, KeyRange keys)
    {
        var taken = new HashSet<Table>(inputs.Count);
        int topLevel = TreeVersion.LevelCount;
        foreach ((int level, Table table) in inputs)
        {
            taken.Add(table);
            topLevel = Math.Min(topLevel, level);
        }
        Debug.Assert(topLevel < TreeVersion.LevelCount, "a compaction has an input");
        Table[] unsorted = topLevel == 0 ? OlderOfLevel0(version, taken, keys) : [];
        var sorted = new List<Table[]>();
        for (int level = Math.Max(topLevel, 1); level < TreeVersion.LevelCount; level++)
        {
            var found = new List<Table>();
            foreach (Table table in version.Tables(level))
            {
                if (!taken.Contains(table) && keys.Overlaps(table))
                    found.Add(table);
            }
            if (found.Count > 0)
                sorted.Add([.. found]);
        }
        return new OlderTables(unsorted, [.. sorted]);
    }

    /// <summary>The same tables, walked from the start.</summary>
    public OlderTables NewWalk() => new(_unsorted, _sorted);

    /// <summary>Whether one of the tables covers the key. Keys ascend from call to call; the
    /// same key may be asked again.</summary>
    public bool MayHold(ReadOnlySpan<byte> userKey)
    {
        for (int i = 0; i < _sorted.Length; i++)
        {
            Table[] tables = _sorted[i];
            int at = _positions[i];
            Debug.Assert(
                at == 0 || tables[at - 1].Info.Keys.EndsBefore(userKey),
                "the walk goes forward only");
            while (at < tables.Length && tables[at].Info.Keys.EndsBefore(userKey))
                at++;
            _positions[i] = at;
            if (at < tables.Length && userKey.SequenceCompareTo(tables[at].Info.SmallestKey) >= 0)
                return true;
        }
        foreach (Table table in _unsorted)
        {
            if (table.Info.Keys.Contains(userKey))
                return true;
        }
        return false;
    }

    /// <summary>Whether one of the tables meets [from, to). Of any range.</summary>
    public bool MayHoldAny(byte[] from, byte[] to)
    {
        var keys = new KeyRange(from, to, isLargestExcluded: true);
        return Array.Exists(_unsorted, keys.Overlaps)
            || Array.Exists(_sorted, tables => Array.Exists(tables, keys.Overlaps));
    }

    private static Table[] OlderOfLevel0(
        TreeVersion version, HashSet<Table> taken, KeyRange keys)
    {
        var found = new List<Table>();
        bool belowNewest = false;
        foreach (Table table in version.Tables(0))
        {
            if (taken.Contains(table))
                belowNewest = true;
            else if (belowNewest && keys.Overlaps(table))
                found.Add(table);
        }
        return [.. found];
    }
}
