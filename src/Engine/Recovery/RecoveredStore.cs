// What the files of a store hold, on the way to being open: the tables are checked to be there,
// the logs are replayed into memtables, and full memtables become tables at once, so that memory
// stays bounded however long the logs are.
// Threads: one, while the store opens.

using System.Diagnostics;
using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Engine.Writing;
using LsmMmap.Sstable.Keys;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Recovery;

/// <summary>Where replayed entries go.</summary>
internal enum ReplayTo
{
    Nothing,
    MemTables,
    Tables,
}

internal sealed class RecoveredStore(
    StoreServices services, ManifestContents contents, IReadOnlySet<long>? unusableLogs = null)
{
    private readonly Dictionary<int, LiveMemTable> _memTables = [];
    private ulong _lastSequence = contents.Numbers.LastSequence;
    private ulong _replayedTo;
    private long _commits;

    /// <summary>Where the last log that was read ends.</summary>
    public LogPosition LastLog { get; private set; }

    /// <summary>The memtables that replay filled, by keyspace id. The caller owns them.</summary>
    public IReadOnlyDictionary<int, LiveMemTable> MemTables => _memTables;

    public ulong LastSequence => _lastSequence;

    /// <summary>Every listed table is there with its exact length; footer and content are
    /// checked at first use.</summary>
    public void CheckTables()
    {
        var lengths = new Dictionary<string, long>();
        foreach (FileEntry file in services.Files.List(services.Directory))
            lengths[file.Name] = file.Length;
        foreach (KeyspaceContents keyspace in contents.Keyspaces.Values)
        {
            foreach ((_, TableInfo table) in keyspace.Tables.Values)
            {
                string path = FileNames.Table(services.Directory, table.Number);
                if (!lengths.TryGetValue(Path.GetFileName(path), out long length))
                    throw new CorruptionException(path, 0, "the table is missing");
                if (length != table.FileBytes)
                    throw new CorruptionException(
                        path, Math.Min(length, table.FileBytes), "the table has another length",
                        $"{table.FileBytes}", $"{length}");
            }
        }
    }

    /// <summary>Replays the logs and writes what they hold to tables, which the contents then
    /// list. The edit that does is the caller's next MANIFEST.</summary>
    public RecoveryReport ReplayToTables()
    {
        RecoveryReport report = Replay(ReplayTo.Tables);
        foreach (int id in _memTables.Keys.ToArray())
            WriteTable(id);
        Debug.Assert(_memTables.Count == 0, "every memtable became a table");
        contents.Apply(new VersionEdit
        {
            Numbers = contents.Numbers with { LastSequence = _lastSequence },
        });
        return report;
    }

    /// <summary>Replays the logs into memtables; full ones become tables when asked. Or only
    /// looks whether that could be done.</summary>
    /// <exception cref="CorruptionException">The logs are damaged and the policy does not pass
    /// over it.</exception>
    public RecoveryReport Replay(ReplayTo target)
    {
        var replay = new LogReplay(
            services.Files, services.Directory, services.Options.WalRecovery,
            services.StoreId, services.BootId);
        List<(long Number, long Bytes)> logs = NeededLogs();
        CheckClean(logs);
        replay.Run(logs, (log, offset, body) => Apply(log, offset, body, target));
        bool mustBeWhole = services.Options.WalRecovery != WalRecovery.Salvage;
        if (mustBeWhole && contents.Clean is { } clean
            && replay.FirstBad is { } bad && bad.LogNumber <= clean.LogNumber)
            ThrowUnclean(clean.LogNumber, "does not verify to its end");
        LastLog = replay.End;
        return new RecoveryReport
        {
            CommitsReplayed = _commits,
            LogBytesDropped = replay.BytesDropped,
            CleanlyClosed = contents.Clean != null,
        };
    }

    private List<(long Number, long Bytes)> NeededLogs()
    {
        var logs = new List<(long Number, long Bytes)>();
        foreach (FileEntry file in services.Files.List(services.Directory))
        {
            if (FileNames.Parse(file.Name, out long number) == StoreFileKind.Log
                && number >= contents.Numbers.OldestLog
                && unusableLogs?.Contains(number) != true)
                logs.Add((number, file.Length));
        }
        logs.Sort();
        bool mustExist = contents.Numbers.OldestLog > 0
            && services.Options.WalRecovery != WalRecovery.Salvage;
        if (mustExist && (logs.Count == 0 || logs[0].Number != contents.Numbers.OldestLog))
            throw new CorruptionException(
                FileNames.Log(services.Directory, contents.Numbers.OldestLog), 0,
                "the log is missing");
        return logs;
    }

    /// <summary>A cleanly closed store's last log is exactly as it was left. Later ones stem from
    /// openings that ended before their first commit; <see cref="Apply"/> sees that they hold
    /// none.</summary>
    private void CheckClean(List<(long Number, long Bytes)> logs)
    {
        if (contents.Clean is not { } clean)
            return;
        if (services.Options.WalRecovery == WalRecovery.Salvage)
            return;
        (long number, long bytes) = logs.Find(log => log.Number == clean.LogNumber);
        if (number != clean.LogNumber)
            ThrowUnclean(clean.LogNumber, "is missing");
        if (bytes != clean.LogBytes)
            throw new CorruptionException(
                FileNames.Log(services.Directory, number), Math.Min(bytes, clean.LogBytes),
                "the log of a cleanly closed store has another length",
                $"{clean.LogBytes}", $"{bytes}");
    }

    private void Apply(long log, long offset, ReadOnlySpan<byte> body, ReplayTo target)
    {
        bool isWhole = services.Options.WalRecovery != WalRecovery.Salvage;
        if (isWhole && contents.Clean is { } clean && log > clean.LogNumber)
            ThrowUnclean(clean.LogNumber, $"is not the last one, {log} is");
        var reader = new BatchReader(body);
        ulong sequence = reader.FirstSequence;
        bool follows = _replayedTo == 0 || sequence == _replayedTo + 1
            || services.Options.WalRecovery == WalRecovery.Salvage;
        if (!follows)
            ThrowDamaged(log, offset, "a commit is missing", $"{_replayedTo + 1}", $"{sequence}");
        if (sequence > EntryTag.SequenceMax / 2)
            ThrowDamaged(log, offset, "a commit has a sequence that no store reaches", null, null);
        bool any = false;
        bool hasRanges = false;
        // Of what Salvage meets a second time the first is kept.
        ulong replayedTo = _replayedTo;
        while (reader.MoveNext())
        {
            if (Find(log, offset, reader.KeyspaceId) is { } keyspace
                && sequence > keyspace.Record.FlushedSequence && sequence > replayedTo)
            {
                any = true;
                hasRanges |= reader.Kind == ValueKind.RangeDelete;
                if (target != ReplayTo.Nothing)
                    BatchApplier.Add(
                        MemTable(reader.KeyspaceId), reader.Key, sequence, reader.Kind,
                        reader.Value, log);
            }
            sequence++;
        }
        if (reader.Failed)
            ThrowDamaged(log, offset, "a record's entries do not parse", null, null);
        if (hasRanges)
            PublishRanges();
        _replayedTo = Math.Max(_replayedTo, sequence - 1);
        _lastSequence = Math.Max(_lastSequence, _replayedTo);
        _commits += any ? reader.CommitCount : 0;
        if (target == ReplayTo.Tables)
            WriteFull();
    }

    /// <summary>The keyspace of an entry; null for one that was dropped.</summary>
    private KeyspaceContents? Find(long log, long offset, int id)
    {
        if (contents.Keyspaces.TryGetValue(id, out KeyspaceContents? keyspace))
            return keyspace;
        if (id >= contents.Numbers.NextKeyspaceId)
            ThrowDamaged(log, offset, "an entry names an unknown keyspace",
                $"< {contents.Numbers.NextKeyspaceId}", $"{id}");
        return null;
    }

    private LiveMemTable MemTable(int id)
    {
        if (!_memTables.TryGetValue(id, out LiveMemTable? memTable))
            _memTables.Add(id, memTable = new LiveMemTable(id, services.Memory));
        return memTable;
    }

    private void PublishRanges()
    {
        foreach (LiveMemTable memTable in _memTables.Values)
            memTable.PublishRanges();
    }

    private void WriteFull()
    {
        bool overBudget = services.Memory.Bytes > services.Options.MemtableBudgetBytes / 2;
        foreach ((int id, LiveMemTable memTable) in _memTables.ToArray())
        {
            if (overBudget || memTable.Table.DataBytes >= OptionsOf(id).MemtableBytes)
                WriteTable(id);
        }
    }

    private void WriteTable(int id)
    {
        LiveMemTable memTable = _memTables[id];
        Debug.Assert(!memTable.Table.IsEmpty, "replay makes no empty memtables");
        SkipUsedNumbers();
        TableInfo table = FlushRun.WriteTable(
            services, contents.Keyspaces[id].Record.Name, OptionsOf(id), memTable.Table,
            snapshots: [], out long overCount);
        services.Names.Run();
        var edit = new VersionEdit();
        edit.Added.Add((id, 0, table));
        edit.Flushed.Add((id, memTable.Table.LargestSequence));
        contents.Apply(edit);
        services.Counters.Expired(overCount);
        _memTables.Remove(id);
        memTable.Release();
    }

    /// <summary>New tables must not take the number of any file that is there.</summary>
    private void SkipUsedNumbers()
    {
        if (services.NextFileNumber > 1)
            return;
        services.SkipFileNumbers(contents.Numbers.NextFileNumber - 1);
        foreach (FileEntry file in services.Files.List(services.Directory))
        {
            string name = file.Name.EndsWith(".tmp", StringComparison.Ordinal)
                ? file.Name[..^4] : file.Name;
            if (FileNames.Parse(name, out long number) != StoreFileKind.Unknown)
                services.SkipFileNumbers(number);
        }
    }

    private KeyspaceOptions OptionsOf(int id) =>
        KeyspaceOptions.TryFromStored(contents.Keyspaces[id].Record.Options, out var options)
            ? options : new KeyspaceOptions().Validated();

    private void ThrowUnclean(long log, string what) => throw new CorruptionException(
        FileNames.Log(services.Directory, log), 0,
        $"the log of a cleanly closed store {what}");

    private void ThrowDamaged(
        long log, long offset, string what, string? expected, string? found) =>
        throw new CorruptionException(
            FileNames.Log(services.Directory, log), offset, what, expected, found);
}
