// Step two of a repair: from what the survey found, which tables make up the store again and
// where, which are merged, which files are of no use, and why. A pure function of the survey; the
// rules, in this order:
//
// 1. A table that does not verify, is of another store, or is not the one that is listed, is lost.
// 2. A listed table stays on its level. Taking tables away never breaks the order of levels.
// 3. What a MANIFEST that says everything does not list is not in the store.
// 4. What a readable edit removed stays removed, and so do dropped keyspaces.
// 5. Any other sound table belongs to the keyspace that its properties name. Its level is not
//    known, and no bounds can say which of two overlapping tables is the newer one for each key;
//    so all tables of that keyspace are merged into one run, where the sequences decide.
// 6. A table that does not name its keyspace goes to the default one, when nothing hints that
//    there was another, and else into a keyspace of its own.
// 7. The same merge when levels, as far as they are known, break the order of ages.
//
// A keyspace's entries up to its largest sequence in a table are in tables, because flushes end
// in the order of the memtables; the logs are replayed from there. That is also right when the
// MANIFEST knows a larger one whose table is lost: the log may still have those entries.
// Threads: one.

using System.Diagnostics;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Recovery;

internal sealed class RepairPlan
{
    private static readonly Dictionary<int, KeyspaceContents> s_none = [];

    private readonly RepairSurvey _survey;
    private readonly ulong _storeId;
    private readonly string _defaultOptions;
    private readonly Dictionary<int, KeyspaceRecord> _keyspaces = [];
    private readonly Dictionary<int, List<(int Level, FoundTable Table)>> _kept = [];
    private readonly HashSet<int> _unordered = [];
    private readonly HashSet<int> _lossy = [];

    public RepairPlan(RepairSurvey survey, ulong storeId, KeyspaceOptions defaultOptions)
    {
        _survey = survey;
        _storeId = storeId;
        _defaultOptions = defaultOptions.WithoutDrops().ToStored();
        TakeKeyspaces();
        Debug.Assert(_keyspaces.ContainsKey(0), "every store has its default keyspace");
        foreach (FoundTable table in survey.Tables)
            Place(table);
        TakeMissing();
        foreach (FoundLog log in survey.Logs)
            Place(log);
        CheckOrder();
    }

    /// <summary>Keyspaces whose tables are to be merged, with those tables.</summary>
    public IEnumerable<(KeyspaceRecord Record, List<FoundTable> Tables)> Merges =>
        _unordered.Order().Select(id => (
            _keyspaces[id], _kept[id].Select(static kept => kept.Table).ToList()));

    public HashSet<long> UnusableLogs { get; } = [];

    public List<RepairedFile> Files { get; } = [];

    /// <summary>Whether anything that counts is missing or stands elsewhere.</summary>
    public bool HasLosses => _unordered.Count > 0 || _lossy.Count > 0
        || !_survey.IsManifestBelieved || !_survey.IsCurrentSound || _survey.StoreId == null;

    public long EntriesSaved { get; private set; }

    public long EntriesLost { get; private set; }

    private ManifestContents? Listed => _survey.Manifest?.Contents;

    /// <summary>The store without the logs: what is kept on its levels, and on the last one the
    /// tables that a merge has made.</summary>
    public ManifestContents Contents(IReadOnlyDictionary<int, List<TableInfo>> merged)
    {
        ulong last = Listed?.Numbers.LastSequence ?? 0;
        var edit = new VersionEdit();
        foreach ((int id, KeyspaceRecord record) in _keyspaces.OrderBy(static k => k.Key))
        {
            List<(int Level, FoundTable Table)> kept = _kept.GetValueOrDefault(id, []);
            ulong inTables = kept.Select(static k => k.Table.Info!.LargestSequence)
                .DefaultIfEmpty().Max();
            ulong flushed = _lossy.Contains(id)
                ? inTables : Math.Max(inTables, record.FlushedSequence);
            last = Math.Max(last, flushed);
            edit.Keyspaces.Add(record with { FlushedSequence = flushed });
            if (merged.TryGetValue(id, out List<TableInfo>? tables))
                edit.Added.AddRange(tables.Select(
                    table => (id, TreeVersion.LevelCount - 1, table)));
            else if (!_unordered.Contains(id))
                edit.Added.AddRange(kept.Select(k => (id, k.Level, k.Table.Info!)));
        }
        // Later edits, now lost, may have let the oldest log go.
        edit.Numbers = new StoreNumbers(
            _survey.IsManifestBelieved ? OldestLog() : 0, Listed?.Numbers.NextFileNumber ?? 1, last,
            Math.Max(Listed?.Numbers.NextKeyspaceId ?? 1, _keyspaces.Keys.Max() + 1));
        if (_survey.IsManifestBelieved && _lossy.Count == 0)
            edit.Clean = Listed!.Clean;
        var contents = new ManifestContents();
        string? problem = contents.Apply(edit);
        Debug.Assert(problem == null, "what is planned fits: " + problem);
        return contents;
    }

    private void TakeKeyspaces()
    {
        foreach (KeyspaceContents keyspace in Listed?.Keyspaces.Values ?? [])
            _keyspaces.Add(keyspace.Record.Id, keyspace.Record);
        if (!_keyspaces.ContainsKey(0))
            _keyspaces.Add(0, new KeyspaceRecord(
                0, StoreOpening.DefaultKeyspaceName, _defaultOptions, false, 0));
    }

    private void Place(FoundTable table)
    {
        (int Id, int Level, TableInfo Table)? listed = FindListed(table.Number);
        string? name = null;
        int id = listed?.Id ?? -1;
        string? why = table.Problem ?? (table.Properties!.StoreId is { } of && of != _storeId
            ? $"it is of another store, {of:x16}" : null);
        if (why == null && listed == null)
            why = Unwanted(table);
        if (why == null && listed == null)
        {
            id = Adopt(table);
            _unordered.Add(id);
        }
        if (_keyspaces.TryGetValue(id, out KeyspaceRecord? record))
            name = record.Name;
        if (why == null)
        {
            if (!_kept.TryGetValue(id, out List<(int, FoundTable)>? kept))
                _kept.Add(id, kept = []);
            kept.Add((listed?.Level ?? 0, table));
            EntriesSaved += table.Info!.EntryCount;
        }
        else if (listed is { } lost)
        {
            _lossy.Add(lost.Id);
            EntriesLost += lost.Table.EntryCount;
        }
        Debug.Assert(why != null || record != null, "what is used belongs to a keyspace");
        bool isKept = why == null && listed != null;
        Tell(table.Name, isKept ? RepairFate.Kept : why == null ? RepairFate.Merged
            : RepairFate.Lost, why ?? (isKept ? "it is sound and listed"
            : "it is sound, but nothing says on which level it stood"), name,
            table.Info ?? listed?.Table);
    }

    /// <summary>Why a sound table that is not listed is not in the store; null when it may
    /// be.</summary>
    private string? Unwanted(FoundTable table)
    {
        if (_survey.IsManifestBelieved)
            return "the MANIFEST does not list it; an unfinished or replaced compaction left it";
        if (_survey.Manifest?.Removed.Contains(table.Number) == true)
            return "an edit of the MANIFEST removed it";
        return table.Properties!.KeyspaceId is { } id && !_keyspaces.ContainsKey(id)
            && id < (Listed?.Numbers.NextKeyspaceId ?? 0) ? "its keyspace was dropped" : null;
    }

    /// <summary>The keyspace of a table that nothing lists.</summary>
    private int Adopt(FoundTable table)
    {
        Debug.Assert(table.Info != null, "only sound tables are taken in");
        if (table.Properties!.KeyspaceId is { } id)
        {
            EnsureKeyspace(id, table.Properties.KeyspaceName);
            return id;
        }
        bool isAlone = _survey.Tables.TrueForAll(static t => t.Properties?.KeyspaceId is null or 0)
            && _survey.Logs.TrueForAll(static log => log.KeyspaceIds.All(static k => k == 0))
            && (Listed?.Numbers.NextKeyspaceId ?? 1) <= 1;
        if (isAlone)
            return 0;
        int own = Math.Max(NextKeyspaceId(), 1);
        EnsureKeyspace(own, $"lost-table-{table.Number}");
        return own;
    }

    /// <summary>Above every id that any file mentions.</summary>
    private int NextKeyspaceId() => 1 + _keyspaces.Keys
        .Concat(_survey.Tables.Select(static table => table.Properties?.KeyspaceId ?? 0))
        .Concat(_survey.Logs.SelectMany(static log => log.KeyspaceIds))
        .Append((Listed?.Numbers.NextKeyspaceId ?? 1) - 1).Max();

    /// <summary>A name belongs to one keyspace; of two that had it one after the other, the
    /// later one has it now.</summary>
    private void EnsureKeyspace(int id, string? name)
    {
        string own = name is { Length: > 0 and < 256 } && !name.Any(char.IsControl)
            ? name : SalvagedManifest.LostName(id);
        bool isNamed = _keyspaces.TryGetValue(id, out KeyspaceRecord? known)
            && known.Name != SalvagedManifest.LostName(id);
        if (isNamed || (known != null && name == null))
            return;
        int holder = _keyspaces.FirstOrDefault(k => k.Key != id && k.Value.Name == own).Key;
        bool isTaken = own == StoreOpening.DefaultKeyspaceName && id != 0;
        if (holder > id || isTaken)
            own = SalvagedManifest.LostName(id);
        else if (holder > 0)
            _keyspaces[holder] = _keyspaces[holder] with
            {
                Name = SalvagedManifest.LostName(holder),
            };
        _keyspaces[id] = new KeyspaceRecord(
            id, own, known is { Options.Length: > 0 } ? known.Options : _defaultOptions, false,
            known?.FlushedSequence ?? 0);
    }

    private void TakeMissing()
    {
        foreach (KeyspaceContents keyspace in Listed?.Keyspaces.Values ?? [])
        {
            foreach ((_, TableInfo table) in keyspace.Tables.Values)
            {
                if (_survey.Tables.Exists(found => found.Number == table.Number))
                    continue;
                _lossy.Add(keyspace.Record.Id);
                EntriesLost += table.EntryCount;
                Tell($"{table.Number:D6}.sst", RepairFate.Lost, _survey.IsManifestBelieved
                    ? "it is missing" : "it is missing; a lost edit may have removed it",
                    keyspace.Record.Name, table);
            }
        }
    }

    private void Place(FoundLog log)
    {
        if (log.Problem == null && log.Header!.Value.StoreId != _storeId)
            log.Problem = $"it is of another store, {log.Header.Value.StoreId:x16}";
        if (log.Number < OldestLog())
        {
            UnusableLogs.Add(log.Number);
            Tell(log.Name, RepairFate.Replaced, "all its commits are in tables");
            return;
        }
        if (log.Problem != null)
        {
            UnusableLogs.Add(log.Number);
            Tell(log.Name, RepairFate.Lost, log.Problem);
            return;
        }
        foreach (int id in log.KeyspaceIds)
        {
            if (id >= (Listed?.Numbers.NextKeyspaceId ?? 0))
                EnsureKeyspace(id, null);
        }
        Tell(log.Name, RepairFate.Replayed, log.IsDamaged
            ? "its whole records are used; not all of it verifies" : "it is whole");
    }

    private void CheckOrder()
    {
        if (_survey.IsManifestBelieved)
            return;
        foreach ((int id, List<(int Level, FoundTable Table)> kept) in _kept)
        {
            (int Run, TableInfo Table)[] runs = [.. AgeOrder.Runs(
                kept.Select(static k => (k.Level, k.Table.Info!)))];
            // Without reading them: what their bounds leave open is merged.
            if (AgeOrder.Undecided(runs).Count > 0 || Overlap(kept))
                _unordered.Add(id);
        }
        for (int i = 0; i < Files.Count; i++)
        {
            bool isMerged = Files[i].Fate == RepairFate.Kept
                && _kept.Any(k => _unordered.Contains(k.Key)
                    && k.Value.Exists(t => t.Table.Name == Files[i].Name));
            if (isMerged)
                Files[i] = With(Files[i], RepairFate.Merged,
                    "it is sound, but its level may have changed since");
        }
    }

    private static bool Overlap(List<(int Level, FoundTable Table)> kept)
    {
        foreach ((int level, FoundTable table) in kept)
        {
            if (level > 0 && kept.Exists(other => other.Level == level
                && other.Table.Number != table.Number && other.Table.Info!.Keys.Overlaps(
                    table.Info!.Keys)))
                return true;
        }
        return false;
    }

    private long OldestLog() => Listed?.Numbers.OldestLog ?? 0;

    private (int Id, int Level, TableInfo Table)? FindListed(long number)
    {
        foreach ((int id, KeyspaceContents keyspace) in Listed?.Keyspaces ?? s_none)
        {
            if (keyspace.Tables.TryGetValue(number, out (int Level, TableInfo Table) found))
                return (id, found.Level, found.Table);
        }
        return null;
    }

    private void Tell(
        string name, RepairFate fate, string reason, string? keyspace = null,
        TableInfo? table = null) => Files.Add(new RepairedFile
        {
            Name = name,
            Fate = fate,
            Reason = reason,
            Keyspace = keyspace,
            Entries = table?.EntryCount ?? 0,
            SmallestSequence = (long)(table?.SmallestSequence ?? 0),
            LargestSequence = (long)(table?.LargestSequence ?? 0),
        });

    private static RepairedFile With(RepairedFile file, RepairFate fate, string reason) => new()
    {
        Name = file.Name,
        Fate = fate,
        Reason = reason,
        Keyspace = file.Keyspace,
        Entries = file.Entries,
        SmallestSequence = file.SmallestSequence,
        LargestSequence = file.LargestSequence,
    };
}
