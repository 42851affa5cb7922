// Opens a store: the numbered procedure. Nothing is written before step 1, and what exists is
// not touched before step 7 succeeded. A crash at any step leaves a directory that the same
// procedure opens again.
//
//   1 lock the directory        2 read CURRENT and the MANIFEST   3 check the listed files
//   4 replay the logs           5 write what they held to tables  6 start a new log
//   7 write a new MANIFEST, switch CURRENT                        8 sweep what nothing names
//   9 start background work
//
// Bytes that were only replayed are not trusted to be on disk: they go to new tables, which are
// synced. A recovered log or MANIFEST is never appended to.
// Threads: one.

using System.Diagnostics;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Engine.Writing;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Recovery;

internal sealed class StoreOpening(IFileSystem files, string directory, StoreOptions options)
{
    public const string DefaultKeyspaceName = "default";

    public OpenStore Open()
    {
        // Said before anything is written, the lock file included.
        if (!options.CreateIfMissing && !Exists())
        {
            LeftoverCheck.ThrowIfAnythingCounts(files, directory);
            ThrowMissing(directory);
        }
        DiskSync.CheckThatFailuresAreSeen();
        // Also where it exists: the process that made it may have been killed before the sync.
        if (!Exists())
            files.CreateDirectory(directory);
        IDisposable storeLock = files.Lock(directory); // 1
        try
        {
            if (!Exists())
            {
                LeftoverCheck.ThrowIfAnythingCounts(files, directory);
                if (!options.CreateIfMissing)
                    ThrowMissing(directory);
                return Finish(storeLock, NewContents(), NewServices(Manifest.NewNonce()), default);
            }
            long number = ManifestReader.ReadCurrent(files, directory); // 2
            ManifestContents contents = ManifestReader.Read(
                files, directory, number, out LogHeader header);
            StoreServices services = NewServices(header.StoreId);
            var recovered = new RecoveredStore(services, contents);
            recovered.CheckTables(); // 3
            RecoveryReport report = recovered.ReplayToTables(); // 4, 5
            return Finish(storeLock, contents, services, report, recovered.LastLog);
        }
        catch
        {
            storeLock.Dispose();
            throw;
        }
    }

    public static void ThrowMissing(string directory) => throw new FileNotFoundException(
        $"there is no store in {directory}", FileNames.Current(directory));

    private bool Exists() => files.Exists(FileNames.Current(directory));

    private StoreServices NewServices(ulong storeId) => new()
    {
        Directory = directory,
        Options = options,
        Files = files,
        StoreId = storeId,
        BootId = files.BootId,
        Tables = new TableSet(
            files, directory, options.ReadMode, options.BlockIndexCacheBytes, mayUnlink: true),
    };

    /// <summary>A store that holds the default keyspace and nothing in it.</summary>
    private ManifestContents NewContents()
    {
        var edit = new VersionEdit { Numbers = new StoreNumbers(0, 1, 0, 1) };
        edit.Keyspaces.Add(new KeyspaceRecord(
            0, DefaultKeyspaceName, options.DefaultKeyspace.ToStored(), false, 0));
        var contents = new ManifestContents();
        string? problem = contents.Apply(edit);
        Debug.Assert(problem == null, "a first edit fits");
        return contents;
    }

    private OpenStore Finish(
        IDisposable storeLock, ManifestContents contents, StoreServices services,
        RecoveryReport? report, LogPosition lastLog = default)
    {
        foreach (FileEntry file in files.List(directory))
        {
            if (FileNames.Parse(file.Name, out long number) != StoreFileKind.Unknown)
                services.SkipFileNumbers(number);
        }
        services.SkipFileNumbers(contents.Numbers.NextFileNumber - 1);
        services.FirstOwnNumber = services.NextFileNumber;
        ulong lastSequence = contents.Numbers.LastSequence;
        var log = new LogSegments(services, lastLog, lastSequence); // 6
        try
        {
            KeyspaceRecord first = contents.Keyspaces[0].Record;
            contents.Apply(new VersionEdit
            {
                // The default keyspace's options are the store's, at every opening.
                Keyspaces = { first with { Options = options.DefaultKeyspace.ToStored() } },
                Numbers = contents.Numbers with
                {
                    OldestLog = log.CurrentNumber,
                    NextFileNumber = services.NextFileNumber + 1,
                },
            });
            var manifest = new ManifestLog(
                files, directory, services.Names, services.StoreId, services.BootId,
                services.TakeFileNumber(), contents, options.ManifestBytesMax); // 7
            Sweep(
                contents, log.CurrentNumber, manifest.Number,
                mayKeepLogs: report is { LogBytesDropped: > 0 }); // 8
            return OpenStore.Assemble(
                storeLock, services, manifest, log, report ?? new RecoveryReport()); // 9
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <summary>Removes what no durable edit names. A failure leaves a file for the next time.
    /// What Salvage has passed over, a table, or logs that were not replayed whole, may be all
    /// that is left of something, and moves to the folder of lost files instead.</summary>
    private void Sweep(ManifestContents contents, long log, long manifest, bool mayKeepLogs)
    {
        var live = new HashSet<long>(
            contents.Keyspaces.Values.SelectMany(static keyspace => keyspace.Tables.Keys));
        LostFolder? lost = options.WalRecovery == WalRecovery.Salvage
            ? new LostFolder(files, directory) : null;
        foreach (FileEntry file in files.List(directory))
        {
            StoreFileKind kind = FileNames.Parse(file.Name, out long number);
            bool isGarbage = kind switch
            {
                StoreFileKind.Temporary => true,
                StoreFileKind.Table => !live.Contains(number),
                StoreFileKind.Log => number != log,
                StoreFileKind.Manifest => number != manifest,
                _ => false,
            };
            if (!isGarbage)
                continue;
            try
            {
                if (lost != null && (kind == StoreFileKind.Table
                    || (kind == StoreFileKind.Log && mayKeepLogs)))
                    lost.Move(file.Name);
                else
                    files.Delete(Path.Combine(directory, file.Name));
            }
            catch (LsmException)
            {
                // Nothing reads it; the next open tries again.
            }
        }
    }
}
