// Reads every live file again and says each damage: CURRENT, the MANIFEST, the logs, and every
// byte of every table, against each other. Nothing is read through a mapping and nothing is
// repaired.
// Threads: any; the tables are held by a reference on the read state.

using LsmMmap.Engine.Files;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Tables;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Recovery;

internal sealed class StoreVerifier(OpenStore store)
{
    private const int DamagesMax = 1000;

    private readonly List<CorruptionException> _damages = [];
    private long _damageCount;
    private long _checked;

    public VerifyReport Run(CancellationToken cancellationToken)
    {
        StoreServices services = store.Services;
        Check(services.Directory, VerifyManifest);
        ReadState state = store.State.Published.Acquire(out _);
        try
        {
            foreach (TreeView? view in state.Views)
            {
                foreach (Table table in view?.Version.AllTables() ?? [])
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    Check(FileNames.Table(services.Directory, table.Info.Number),
                        () => VerifyTable(table, cancellationToken));
                }
            }
        }
        finally
        {
            state.Release();
        }
        // Read-only, the logs may be growing under us: opening has judged what does not verify
        // in them, so here they are only read and counted.
        VerifyLogs(store.Queue?.Log.HandedOver ?? new LogPosition(long.MaxValue, 0));
        return new VerifyReport
        {
            BlocksChecked = _checked,
            DamageCount = _damageCount,
            Damages = _damages,
        };
    }

    private void VerifyManifest()
    {
        IFileSystem files = store.Services.Files;
        string directory = store.Services.Directory;
        void Read(long expected)
        {
            long number = ManifestReader.ReadCurrent(files, directory);
            if (expected != 0 && number != expected)
                throw new CorruptionException(
                    FileNames.Current(directory), 0, "CURRENT names another manifest",
                    FileNames.ManifestName(expected), FileNames.ManifestName(number));
            ManifestReader.Read(files, directory, number, out _, (_, _) => _checked++);
            _checked++;
        }
        if (store.Committer is { } committer)
            committer.WhileQuiet(Read);
        else
            Read(0);
    }

    private void VerifyTable(Table table, CancellationToken cancellationToken)
    {
        TableReader reader = table.Reader;
        _checked += reader.Verify(Add, cancellationToken);
        ulong checksum = TableReader.FileChecksum(table.File);
        if (checksum != table.Info.FileChecksum)
            Add(table.File.Damage(0, "the file's checksum is not the manifest's",
                $"{table.Info.FileChecksum:x16}", $"{checksum:x16}"));
    }

    private void VerifyLogs(LogPosition end)
    {
        IFileSystem files = store.Services.Files;
        foreach (FileEntry file in files.List(store.Services.Directory))
        {
            if (FileNames.Parse(file.Name, out long number) != StoreFileKind.Log
                || number > end.LogNumber)
                continue;
            long bytes = number == end.LogNumber ? end.Offset : file.Length;
            string path = FileNames.Log(store.Services.Directory, number);
            Check(path, () => VerifyLog(path, bytes));
        }
    }

    private void VerifyLog(string path, long bytes)
    {
        Stream stream;
        try
        {
            stream = store.Services.Files.OpenRead(path);
        }
        catch (LsmException) when (!store.Services.Files.Exists(path))
        {
            // A flush has just made the log obsolete; nobody needs it any more.
            return;
        }
        using (stream)
            VerifyLog(path, stream, bytes);
    }

    private void VerifyLog(string path, Stream stream, long bytes)
    {
        if (!LogReader.TryReadHeader(stream, out LogHeader header, out LogDamage? damage))
        {
            if (!store.Services.IsReadOnly)
                Add(new CorruptionException(path, damage!.Offset,
                    "the log's header does not verify", damage.Expected, damage.Found));
            return;
        }
        var reader = new LogReader(stream, header, bytes);
        do
        {
            while (reader.Read())
                _checked++;
            if (reader.Damage is { } found && !store.Services.IsReadOnly)
                Add(new CorruptionException(path, found.Offset, "a log record does not verify",
                    found.Expected, found.Found));
        }
        while (reader.Damage != null && reader.FindVerifying());
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
        _damageCount++;
        if (_damages.Count < DamagesMax)
            _damages.Add(damage as CorruptionException
                ?? new CorruptionException("", 0, damage.Message, innerException: damage));
    }
}
