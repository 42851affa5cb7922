// Reads every live file again and says each damage: CURRENT, the MANIFEST, the logs, and every
// byte of every table, each against the others and against the directory. Nothing is read through
// a mapping and nothing is repaired.
//
// Order matters beside a writer: how far the logs go is taken first, then the tables are held by a
// reference on the read state, then MANIFEST and directory are looked at while no edit is made.
// So every keyspace that the logs name is in the MANIFEST, and every table held is in the
// directory.
// Threads: any.

using System.Diagnostics;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Telemetry;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Tables;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Recovery;

internal sealed class StoreVerifier(OpenStore store)
{
    private const int DamagesMax = 1000;

    private readonly StoreServices _services = store.Services;
    private readonly List<CorruptionException> _damages = [];
    private readonly Dictionary<string, long> _directory = new(StringComparer.Ordinal);
    private ManifestContents? _contents;
    private long _manifest;
    private long _damageCount;
    private long _checked;

    public VerifyReport Run(CancellationToken cancellationToken)
    {
        // Read-only, a writer may be appending: what is there now counts.
        LogPosition end = store.Queue?.Log.HandedOver ?? new LogPosition(long.MaxValue, 0);
        var before = _services.Files.List(_services.Directory).ToDictionary(
            static file => file.Name, static file => file.Length);
        ReadState state = store.State.Published.Acquire(out _);
        List<string> unlisted;
        try
        {
            Check(_services.Directory, VerifyManifest);
            foreach (TreeView? view in state.Views)
            {
                if (view != null)
                    VerifyTree(view, cancellationToken);
            }
            unlisted = Unlisted(state);
        }
        finally
        {
            state.Release();
        }
        VerifyLogs(before, end, cancellationToken);
        return new VerifyReport
        {
            BlocksChecked = _checked,
            DamageCount = _damageCount,
            Damages = _damages,
            UnlistedFiles = unlisted,
        };
    }

    private void VerifyManifest()
    {
        void Read(long expected)
        {
            foreach (FileEntry file in _services.Files.List(_services.Directory))
                _directory[file.Name] = file.Length;
            _manifest = ManifestReader.ReadCurrent(_services.Files, _services.Directory);
            if (expected != 0 && _manifest != expected)
                throw new CorruptionException(
                    FileNames.Current(_services.Directory), 0, "CURRENT names another manifest",
                    FileNames.ManifestName(expected), FileNames.ManifestName(_manifest));
            _contents = ManifestReader.Read(
                _services.Files, _services.Directory, _manifest, out LogHeader header,
                (_, _) => _checked++);
            _checked++;
            if (header.StoreId != _services.StoreId)
                throw new CorruptionException(
                    FileNames.Manifest(_services.Directory, _manifest), 0,
                    "the manifest belongs to another store", $"{_services.StoreId:x16}",
                    $"{header.StoreId:x16}");
            string log = FileNames.Log(
                _services.Directory, Math.Max(1, _contents.Numbers.OldestLog));
            if (!_services.IsReadOnly && !_directory.ContainsKey(Path.GetFileName(log)))
                throw new CorruptionException(log, 0, "the log is missing");
        }
        if (store.Committer is { } committer)
            committer.WhileQuiet(Read);
        else
            Read(0);
    }

    private void VerifyTree(TreeView view, CancellationToken cancellationToken)
    {
        var sound = new Dictionary<long, Table>();
        var tables = new List<(int Level, TableInfo Table)>();
        for (int level = 0; level < TreeVersion.LevelCount; level++)
        {
            foreach (Table table in view.Version.LevelMemory(level).Span.ToArray())
            {
                cancellationToken.ThrowIfCancellationRequested();
                long damages = _damageCount;
                Check(FileNames.Table(_services.Directory, table.Info.Number),
                    () => VerifyTable(view.KeyspaceId, table, cancellationToken));
                if (_damageCount > damages)
                    continue;
                sound.Add(table.Info.Number, table);
                tables.Add((level, table.Info));
            }
        }
        (int Run, TableInfo Table)[] runs = [.. AgeOrder.Runs(tables)];
        HashSet<long> undecided = AgeOrder.Undecided(runs);
        AgeOrder.Check(
            runs.Where(run => undecided.Contains(run.Table.Number)).Select(run => new RankedTable(
                sound[run.Table.Number].Reader, run.Table, run.Run)),
            tables.Count(static table => table.Level == 0),
            (found, what) =>
            {
                Add(new CorruptionException(
                    FileNames.Table(_services.Directory, found.Table.Info.Number),
                    found.BlockOffset, what));
                return true;
            },
            cancellationToken);
    }

    private void VerifyTable(int keyspaceId, Table table, CancellationToken cancellationToken)
    {
        VerifyPlace(keyspaceId, table);
        TableReader reader = table.Reader;
        long damages = _damageCount;
        _checked += TableCheck.Content(
            table.File, reader, table.Info, Add, cancellationToken);
        if (_damageCount == damages)
            TableCheck.Listing(
                table.File, reader.Properties, table.Info,
                new TableOwner(_services.StoreId, keyspaceId, ""), Add);
    }

    /// <summary>The name and the length that the directory has for the table. A table that is
    /// open reads on without its name, but the next opening would miss it.</summary>
    private void VerifyPlace(int keyspaceId, Table table)
    {
        // Beside a writer a table may have gone since this store was opened.
        bool isListed = _contents != null
            && _contents.Keyspaces.TryGetValue(keyspaceId, out KeyspaceContents? keyspace)
            && keyspace.Tables.ContainsKey(table.Info.Number);
        if (_directory.Count == 0 || (_services.IsReadOnly && !isListed))
            return;
        string path = FileNames.Table(_services.Directory, table.Info.Number);
        if (!_directory.TryGetValue(Path.GetFileName(path), out long length))
            Add(new CorruptionException(path, 0, "the table is missing"));
        else if (length != table.Info.FileBytes)
            Add(new CorruptionException(
                path, Math.Min(length, table.Info.FileBytes), "the table has another length",
                $"{table.Info.FileBytes}", $"{length}"));
    }

    /// <summary>Files that nothing names. Those of work under way have later numbers.</summary>
    private List<string> Unlisted(ReadState state)
    {
        var unlisted = new List<string>();
        if (_contents == null)
            return unlisted;
        HashSet<long> live = _services.Tables.LiveNumbers();
        foreach (KeyspaceContents keyspace in _contents.Keyspaces.Values)
            live.UnionWith(keyspace.Tables.Keys);
        Debug.Assert(state.IsReferenced, "the tables are held meanwhile");
        foreach (string name in _directory.Keys.Order(StringComparer.Ordinal))
        {
            bool isOld = FileNames.Parse(name, out long number) switch
            {
                StoreFileKind.Unknown => true,
                StoreFileKind.Table => !live.Contains(number) && number < _services.FirstOwnNumber,
                StoreFileKind.Temporary => number > 0 && number < _services.FirstOwnNumber,
                StoreFileKind.Log => number < _contents.Numbers.OldestLog,
                StoreFileKind.Manifest => number < _manifest,
                _ => false,
            };
            if (isOld)
                unlisted.Add(name);
        }
        return unlisted;
    }

    private void VerifyLogs(
        Dictionary<string, long> lengths, LogPosition end, CancellationToken cancellationToken)
    {
        var verifier = new LogVerifier(
            _services.StoreId, _contents?.Numbers.NextKeyspaceId ?? int.MaxValue,
            mayBeTorn: _services.IsReadOnly, Add);
        var logs = new SortedDictionary<long, long>();
        foreach ((string name, long length) in lengths)
        {
            if (FileNames.Parse(name, out long number) == StoreFileKind.Log
                && number >= (_contents?.Numbers.OldestLog ?? 0) && number <= end.LogNumber)
                logs.Add(number, number == end.LogNumber ? end.Offset : length);
        }
        foreach ((long number, long bytes) in logs)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string path = FileNames.Log(_services.Directory, number);
            Check(path, () => VerifyLog(
                verifier, path, number, bytes, number == end.LogNumber));
        }
        _checked += verifier.RecordsChecked;
    }

    private void VerifyLog(
        LogVerifier verifier, string path, long number, long bytes, bool isCurrent)
    {
        Stream stream;
        try
        {
            stream = _services.Files.OpenRead(path);
        }
        catch (LsmException) when (!_services.Files.Exists(path))
        {
            // A flush has just made the log obsolete; nobody needs it any more.
            return;
        }
        using (stream)
            verifier.Run(path, number, stream, bytes, isCurrent ? _services.BootId : null);
    }

    private void Check(string what, Action step)
    {
        try
        {
            step();
        }
        catch (LsmException e)
        {
            Add(e as CorruptionException
                ?? new CorruptionException(what, 0, e.Message, innerException: e));
        }
    }

    private void Add(Exception damage)
    {
        Debug.Assert(_damageCount >= _damages.Count, "every damage is counted");
        _damageCount++;
        CorruptionException found = Damages.Found(damage as CorruptionException
            ?? new CorruptionException("", 0, damage.Message, innerException: damage));
        if (_damages.Count < DamagesMax)
            _damages.Add(found);
    }
}
