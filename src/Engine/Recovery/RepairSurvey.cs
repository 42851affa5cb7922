// Step one of a repair: reads all that lies in the directory, each file by itself, and finds out
// which MANIFEST to believe and which store this is. Writes nothing.
//
// The MANIFEST that counts is the one that CURRENT names, or the newest of which an edit can be
// read: a newer one that CURRENT had not named yet says the same as the one before it.
// Threads: one.

using System.Diagnostics;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Recovery;

internal sealed class RepairSurvey
{
    private const int DamagesMax = 1000;

    private readonly IFileSystem _files;
    private readonly string _directory;
    private readonly List<CorruptionException> _damages = [];
    private readonly List<SalvagedManifest> _manifests = [];

    public RepairSurvey(
        IFileSystem files, string directory, CancellationToken cancellationToken)
    {
        _files = files;
        _directory = directory;
        foreach (FileEntry entry in files.List(directory)
            .OrderBy(static entry => entry.Name, StringComparer.Ordinal))
            Read(entry, cancellationToken);
        long? named = ReadCurrent();
        if (named is { } missing && !ManifestNumbers.Contains(missing))
            Note(new CorruptionException(
                FileNames.Manifest(directory, missing), 0, "the manifest is missing"));
        Manifest = _manifests.Find(manifest => manifest.Number == named && manifest.HasEdits)
            ?? _manifests.Where(static manifest => manifest.HasEdits)
                .MaxBy(static manifest => manifest.Number);
        IsCurrentSound = named != null && Manifest?.Number == named;
        // An older MANIFEST than the one that counted is true of the past only.
        IsManifestBelieved = Manifest is { IsWhole: true } chosen
            && (named ?? ManifestNumbers.Max()) == chosen.Number;
        Debug.Assert(!IsManifestBelieved || Manifest != null, "only what is there is believed");
        StoreId = FindStoreId();
        if (Manifest != null)
            CompareListed(Manifest.Contents);
    }

    /// <summary>The one to believe, as far as it goes; null when none can be read.</summary>
    public SalvagedManifest? Manifest { get; }

    /// <summary>Whether it says everything: what it does not list is not in the store.</summary>
    public bool IsManifestBelieved { get; }

    /// <summary>Whether CURRENT names it.</summary>
    public bool IsCurrentSound { get; }

    public bool HasCurrent { get; private set; }

    /// <summary>Null when no file says it.</summary>
    public ulong? StoreId { get; }

    public List<FoundTable> Tables { get; } = [];

    public List<FoundLog> Logs { get; } = [];

    /// <summary>Numbers of all files that are called a manifest.</summary>
    public List<long> ManifestNumbers { get; } = [];

    public IReadOnlyList<CorruptionException> Damages => _damages;

    public bool IsEmpty =>
        !HasCurrent && Tables.Count == 0 && Logs.Count == 0 && ManifestNumbers.Count == 0;

    public void Note(CorruptionException damage)
    {
        if (_damages.Count < DamagesMax)
            _damages.Add(damage);
    }

    private void Read(FileEntry entry, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        StoreFileKind kind = FileNames.Parse(entry.Name, out long number);
        HasCurrent |= kind == StoreFileKind.Current;
        // Numbers begin at 1; what is called otherwise is not the store's.
        if (number == 0)
            return;
        switch (kind)
        {
            case StoreFileKind.Manifest:
                ManifestNumbers.Add(number);
                if (SalvagedManifest.Read(_files, _directory, number, Note) is { } manifest)
                    _manifests.Add(manifest);
                break;
            case StoreFileKind.Table:
                Tables.Add(FoundTable.Read(
                    _files, _directory, entry, number, Note, cancellationToken));
                break;
            case StoreFileKind.Log:
                Logs.Add(FoundLog.Read(_files, _directory, entry, number));
                break;
        }
    }

    private long? ReadCurrent()
    {
        if (!HasCurrent)
        {
            Note(new CorruptionException(
                FileNames.Current(_directory), 0, "CURRENT is missing"));
            return null;
        }
        try
        {
            return ManifestReader.ReadCurrent(_files, _directory);
        }
        catch (CorruptionException e)
        {
            Note(e);
            return null;
        }
    }

    /// <summary>The MANIFEST says which store this is; else its newest log; else most of its
    /// tables.</summary>
    private ulong? FindStoreId()
    {
        if (Manifest != null)
            return Manifest.Header.StoreId;
        if (_manifests.MaxBy(static manifest => manifest.Number) is { } readable)
            return readable.Header.StoreId;
        if (Logs.FindLast(static log => log.Header != null) is { } log)
            return log.Header!.Value.StoreId;
        return Tables.Where(static table => table.Properties?.StoreId != null)
            .GroupBy(static table => table.Properties!.StoreId)
            .MaxBy(static group => group.Count())?.Key;
    }

    /// <summary>A table of the right name may be another table.</summary>
    private void CompareListed(ManifestContents contents)
    {
        foreach ((int id, KeyspaceContents keyspace) in contents.Keyspaces)
        {
            foreach ((_, TableInfo listed) in keyspace.Tables.Values)
            {
                string path = FileNames.Table(_directory, listed.Number);
                FoundTable? found = Tables.Find(table => table.Number == listed.Number);
                CorruptionException? damage = null;
                if (found == null)
                    Note(new CorruptionException(path, 0, "the table is missing"));
                else if (found.Info is { } info && info.TableId != listed.TableId)
                    damage = new CorruptionException(path, 0, "the file is another table",
                        $"{listed.TableId:x16}", $"{info.TableId:x16}");
                else if (found.Info is { } same && same.FileChecksum != listed.FileChecksum)
                    damage = new CorruptionException(
                        path, 0, "the file's checksum is not the manifest's",
                        $"{listed.FileChecksum:x16}", $"{same.FileChecksum:x16}");
                Debug.Assert(id >= 0, "keyspaces are numbered from 0");
                if (damage == null)
                    continue;
                Note(damage);
                found!.Disown(damage);
            }
        }
    }
}
