// A disk as a crash sees it: for every file the bytes that are certainly on the platter and the
// writes that are not, and apart from them the same for the names in the directory. Syncing a file
// says nothing about its name, and syncing the directory nothing about any content. The directory
// has a name too, which the sync of its parent makes durable.
//
// To test a recovery with it: start from an empty model, or Of an image; Apply the operations that
// a RecordingFileSystem wrote down, one after the other; between any two of them ask
// DiskAfter.Image what a crash under some CrashPolicy would leave, write that image to a directory
// and open the store there. After the kill of a process go on from a Clone (the machine still owes
// to its disk what it owed before), after a power cut from DiskModel.Of(image).
// CrashTutorialTests shows it in one page.
// Threads: one at a time; the recorder's lock, or a test.

using System.Diagnostics;

namespace LsmMmap.Testing.Crash;

/// <summary>A change of a file's bytes: bytes at an offset, or the file's end there.</summary>
internal readonly record struct FileChange(int Offset, byte[] Bytes, bool IsCut)
{
    /// <summary>The file's length behind the change.</summary>
    public int LengthAfter(int length) =>
        IsCut ? Offset : Math.Max(length, Offset + Bytes.Length);

    /// <summary>Writes what the change says of [start, start + target.Length).</summary>
    public void ApplyTo(Span<byte> target, int start)
    {
        int from = Math.Max(start, Offset);
        int to = Math.Min(start + target.Length, IsCut ? int.MaxValue : Offset + Bytes.Length);
        if (from >= to)
            return;
        Span<byte> changed = target[(from - start)..(to - start)];
        if (IsCut)
            changed.Clear();
        else
            Bytes.AsSpan(from - Offset, changed.Length).CopyTo(changed);
    }
}

/// <summary>A file, whatever it is called.</summary>
internal sealed class DiskFile(int id)
{
    public int Id { get; } = id;

    public byte[] Durable { get; set; } = [];

    /// <summary>Changed and not synced, oldest first.</summary>
    public List<FileChange> Pending { get; init; } = [];

    /// <summary>Where the next write goes; behind it there may be zeros.</summary>
    public int Position { get; set; }

    public bool IsSealed { get; set; }

    public int Length
    {
        get
        {
            int length = Durable.Length;
            foreach (FileChange change in Pending)
                length = change.LengthAfter(length);
            return length;
        }
    }

    public byte[] Content()
    {
        if (Pending.Count == 0)
            return Durable;
        byte[] content = new byte[Length];
        Durable.AsSpan(0, Math.Min(Durable.Length, content.Length)).CopyTo(content);
        foreach (FileChange change in Pending)
            change.ApplyTo(content, 0);
        return content;
    }

    public DiskFile Clone() => new(Id)
    {
        Durable = Durable,
        Pending = [.. Pending],
        Position = Position,
        IsSealed = IsSealed,
    };
}

/// <summary>A change of names. Removes goes, Adds comes to be; a rename does both at once.
/// </summary>
internal readonly record struct NameChange(string? Removes, string? Adds, DiskFile? File)
{
    public void ApplyTo(Dictionary<string, DiskFile> names)
    {
        if (Removes != null)
            names.Remove(Removes);
        if (Adds != null)
            names[Adds] = File!;
    }
}

internal sealed class DiskModel
{
    private readonly Dictionary<int, DiskFile> _files = [];

    /// <summary>Names that a power cut does not touch.</summary>
    public Dictionary<string, DiskFile> DurableNames { get; private init; } = [];

    /// <summary>Names as the running system shows them.</summary>
    public Dictionary<string, DiskFile> Names { get; private init; } = [];

    /// <summary>Changes of names since the directory was synced, oldest first.</summary>
    public List<NameChange> PendingNames { get; private init; } = [];

    public int NextFileId { get; private set; } = 1;

    /// <summary>The running system shows the directory.</summary>
    public bool HasDirectory { get; set; }

    /// <summary>The directory's own name survives a power cut.</summary>
    public bool DirectoryIsDurable { get; set; }

    public IReadOnlyCollection<DiskFile> Files => _files.Values;

    /// <summary>A disk that holds these files and owes nothing.</summary>
    public static DiskModel Of(DiskImage image)
    {
        var model = new DiskModel
        {
            HasDirectory = image.HasDirectory,
            DirectoryIsDurable = image.HasDirectory,
        };
        foreach ((string name, byte[] content) in image.Files)
        {
            DiskFile file = model.Add(model.NextFileId);
            file.Durable = content;
            file.Position = content.Length;
            file.IsSealed = image.Sealed.Contains(name);
            model.Names.Add(name, file);
            model.DurableNames.Add(name, file);
        }
        return model;
    }

    /// <summary>The same disk, to go on from twice. What is not synced stays so: that is the
    /// disk after the kill of a process.</summary>
    public DiskModel Clone()
    {
        var copies = _files.Values.ToDictionary(static f => f, static f => f.Clone());
        var clone = new DiskModel
        {
            NextFileId = NextFileId,
            HasDirectory = HasDirectory,
            DirectoryIsDurable = DirectoryIsDurable,
            Names = Names.ToDictionary(static n => n.Key, n => copies[n.Value]),
            DurableNames = DurableNames.ToDictionary(static n => n.Key, n => copies[n.Value]),
            PendingNames = [.. PendingNames.Select(change => change with
            {
                File = change.File == null ? null : copies[change.File],
            })],
        };
        foreach (DiskFile copy in copies.Values)
            clone._files.Add(copy.Id, copy);
        return clone;
    }

    public void Apply(DiskOperation operation)
    {
        switch (operation.Step)
        {
            case DiskStep.MakeDirectory:
                HasDirectory = true;
                break;
            case DiskStep.SyncParent:
                DirectoryIsDurable = HasDirectory;
                break;
            case DiskStep.Create:
                Change(new NameChange(null, operation.Name, Add(operation.FileId)));
                break;
            case DiskStep.Write:
                DiskFile written = _files[operation.FileId];
                written.Pending.Add(new FileChange(written.Position, operation.Bytes, false));
                written.Position += operation.Bytes.Length;
                break;
            case DiskStep.LayZeros:
                DiskFile laid = _files[operation.FileId];
                if (operation.Offset > laid.Length)
                    laid.Pending.Add(new FileChange(
                        laid.Length, new byte[operation.Offset - laid.Length], false));
                break;
            case DiskStep.Cut:
                DiskFile cut = _files[operation.FileId];
                if (cut.Length > operation.Offset)
                    cut.Pending.Add(new FileChange(operation.Offset, [], true));
                break;
            case DiskStep.SyncFile:
                DiskFile synced = _files[operation.FileId];
                if (synced.Pending.Count > 0)
                    synced.Durable = synced.Content();
                synced.Pending.Clear();
                break;
            case DiskStep.Seal:
                Names[operation.Name].IsSealed = true;
                break;
            case DiskStep.Rename:
                Change(new NameChange(operation.Name, operation.To, Names[operation.Name]));
                break;
            case DiskStep.Delete:
                if (Names.ContainsKey(operation.Name))
                    Change(new NameChange(operation.Name, null, null));
                break;
            case DiskStep.SyncDirectory:
                foreach (NameChange change in PendingNames)
                    change.ApplyTo(DurableNames);
                PendingNames.Clear();
                break;
        }
    }

    /// <summary>A file without a name.</summary>
    public DiskFile Add(int id)
    {
        Debug.Assert(!_files.ContainsKey(id), "a file id is given once");
        var file = new DiskFile(id);
        _files.Add(id, file);
        NextFileId = Math.Max(NextFileId, id + 1);
        return file;
    }

    private void Change(NameChange change)
    {
        change.ApplyTo(Names);
        PendingNames.Add(change);
    }
}
