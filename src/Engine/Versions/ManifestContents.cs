// What a store consists of after some edits: the sum that recovery computes, that a running store
// keeps, and that the first edit of a new MANIFEST writes out whole.
// Invariant: it only ever holds what durable edits have said.
// Threads: under the manifest's lock.

using System.Diagnostics;

namespace LsmMmap.Engine.Versions;

internal sealed class ManifestContents
{
    private static readonly Comparer<byte[]> s_bytewise = Comparer<byte[]>.Create(
        static (a, b) => a.AsSpan().SequenceCompareTo(b));

    private readonly SortedDictionary<int, KeyspaceContents> _keyspaces = [];

    public StoreNumbers Numbers { get; private set; } = new(0, 1, 0, 0);

    /// <summary>Set while the last edit is the mark of a clean close.</summary>
    public CleanClose? Clean { get; private set; }

    public IReadOnlyDictionary<int, KeyspaceContents> Keyspaces => _keyspaces;

    /// <summary>Applies an edit, all of it or none; null when it fits, else what does not.
    /// </summary>
    public string? Apply(VersionEdit edit)
    {
        string? problem = Check(edit);
        if (problem != null)
            return problem;
        Numbers = edit.Numbers ?? Numbers;
        Clean = edit.Clean;
        foreach (KeyspaceRecord record in edit.Keyspaces)
        {
            if (record.Dropped)
                _keyspaces.Remove(record.Id);
            else if (_keyspaces.TryGetValue(record.Id, out KeyspaceContents? known))
                known.Record = record with
                {
                    // A flush may have committed after the record was put together.
                    FlushedSequence = Math.Max(
                        record.FlushedSequence, known.Record.FlushedSequence),
                };
            else
                _keyspaces.Add(record.Id, new KeyspaceContents(record));
        }
        foreach ((int id, ulong sequence) in edit.Flushed)
        {
            KeyspaceContents keyspace = _keyspaces[id];
            keyspace.Record = keyspace.Record with { FlushedSequence = sequence };
        }
        foreach ((int id, _, long number) in edit.Removed)
            _keyspaces[id].Tables.Remove(number);
        foreach ((int id, int level, TableInfo table) in edit.Added)
            _keyspaces[id].Tables.Add(table.Number, (level, table));
        return null;
    }

    /// <summary>What is wrong with the levels, or null: below level 0 the tables of a level share
    /// no key, and a lookup asks one of them only. No edit alone can show that.</summary>
    public string? CheckLevels()
    {
        foreach ((int id, KeyspaceContents keyspace) in _keyspaces)
        {
            var last = new TableInfo?[TreeVersion.LevelCount];
            foreach ((int level, TableInfo table) in keyspace.Tables.Values
                .OrderBy(static entry => entry.Table.SmallestKey, s_bytewise))
            {
                Debug.Assert(level >= 0 && level < last.Length, "an edit names only levels");
                if (!table.HasPossibleEnds)
                    return $"table {table.Number} ends before it begins";
                if (level > 0 && last[level] is { } before
                    && !before.Keys.EndsBefore(table.SmallestKey))
                    return $"tables {before.Number} and {table.Number} of keyspace {id} overlap "
                        + $"on level {level}";
                last[level] = table;
            }
        }
        return null;
    }

    /// <summary>One edit that says everything.</summary>
    public VersionEdit ToEdit()
    {
        var edit = new VersionEdit { Numbers = Numbers };
        foreach ((int id, KeyspaceContents keyspace) in _keyspaces)
        {
            Debug.Assert(!keyspace.Record.Dropped, "a dropped keyspace is not kept");
            edit.Keyspaces.Add(keyspace.Record);
            foreach ((int level, TableInfo table) in keyspace.Tables.Values)
                edit.Added.Add((id, level, table));
        }
        return edit;
    }

    private string? Check(VersionEdit edit)
    {
        var named = new HashSet<int>(_keyspaces.Keys);
        foreach (KeyspaceRecord record in edit.Keyspaces)
        {
            if (record.Dropped && !named.Remove(record.Id))
                return $"keyspace {record.Id} is dropped but unknown";
            if (!record.Dropped)
                named.Add(record.Id);
        }
        foreach ((int id, _) in edit.Flushed)
        {
            if (!named.Contains(id))
                return $"keyspace {id} is flushed but unknown";
        }
        var removed = new HashSet<(int, long)>();
        foreach ((int id, int level, long number) in edit.Removed)
        {
            bool known = named.Contains(id) && _keyspaces.TryGetValue(id, out var keyspace)
                && keyspace.Tables.TryGetValue(number, out var entry) && entry.Level == level;
            if (!known || !removed.Add((id, number)))
                return $"table {number} of keyspace {id} is removed but not on level {level}";
        }
        var added = new HashSet<(int, long)>();
        foreach ((int id, _, TableInfo table) in edit.Added)
        {
            if (!named.Contains(id))
                return $"table {table.Number} belongs to keyspace {id}, which is unknown";
            bool twice = _keyspaces.TryGetValue(id, out var keyspace)
                && keyspace.Tables.ContainsKey(table.Number)
                && !removed.Contains((id, table.Number));
            if (twice || !added.Add((id, table.Number)))
                return $"table {table.Number} of keyspace {id} is added twice";
        }
        return null;
    }
}

/// <summary>One keyspace: its record, and its tables by number.</summary>
internal sealed class KeyspaceContents(KeyspaceRecord record)
{
    public KeyspaceRecord Record { get; set; } = record;

    public SortedDictionary<long, (int Level, TableInfo Table)> Tables { get; } = [];
}
