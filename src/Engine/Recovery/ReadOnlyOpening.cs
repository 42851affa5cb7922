// Opens a store without writing a byte: no lock, no log, no manifest, no sweep. It shows the store
// as of one moment, also beside a process that writes to it: CURRENT, the MANIFEST, every table
// opened at once (an unlinked file stays readable while it is open), then the logs up to the
// length first seen. When a file vanished under it, or bytes looked torn because they were just
// being written, it begins anew, a bounded number of times.
// Threads: one.

using System.Diagnostics;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.State;
using LsmMmap.Engine.Versions;
using LsmMmap.Wal;

namespace LsmMmap.Engine.Recovery;

internal sealed class ReadOnlyOpening(IFileSystem files, string directory, StoreOptions options)
{
    private const int TriesMax = 10;

    public OpenStore Open()
    {
        for (int tries = 1; ; tries++)
        {
            try
            {
                if (!files.Exists(FileNames.Current(directory)))
                {
                    // A store that has lost its CURRENT is damaged; one whose first opening has
                    // not come to it yet is missing, like any directory without a store.
                    LeftoverCheck.ThrowIfAnythingCounts(files, directory);
                    StoreOpening.ThrowMissing(directory);
                }
                return TryOpen();
            }
            catch (LsmException e) when (tries < TriesMax && e is not FormatVersionException)
            {
                // A writer may have moved on between two of our steps. Real damage is found
                // again, and thrown in the last try.
            }
        }
    }

    private OpenStore TryOpen()
    {
        long number = ManifestReader.ReadCurrent(files, directory);
        ManifestContents contents = ManifestReader.Read(
            files, directory, number, out LogHeader header);
        var services = new StoreServices
        {
            Directory = directory,
            Options = options,
            Files = files,
            StoreId = header.StoreId,
            BootId = files.BootId,
            IsReadOnly = true,
            FirstOwnNumber = contents.Numbers.NextFileNumber,
            Tables = new TableSet(
                files, directory, options.ReadMode, options.BlockIndexCacheBytes,
                mayUnlink: false),
        };
        var recovered = new RecoveredStore(services, contents);
        recovered.CheckTables();
        RecoveryReport report = recovered.Replay(ReplayTo.MemTables);
        OpenStore store = OpenStore.AssembleReadOnly(services, contents, recovered, report);
        Debug.Assert(services.NextFileNumber == 1, "a store that is only read makes no file");
        try
        {
            foreach (KeyspaceTree tree in store.State.Trees)
            {
                foreach (Table table in tree.Version.AllTables())
                    _ = table.Reader;
            }
            if (ManifestReader.ReadCurrent(files, directory) != number)
                throw new LsmException($"{directory} was reopened by a writer meanwhile");
            return store;
        }
        catch
        {
            store.Close();
            throw;
        }
    }
}
