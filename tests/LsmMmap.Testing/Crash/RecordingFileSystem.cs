// A file system over a real directory that remembers every operation, in order, next to what the
// workload says about its progress. Files are real, so that tables can be mapped; syncs are only
// recorded, because the record decides what a crash leaves and not the machine's disk.
//
// To test a recovery with it: open a store over it (LsmStore.Open(directory, options, files) is
// internal), call Started before and Acknowledged after each step whose survival you want to judge,
// and take Operations. The DiskModel says what to do with them. The recovery itself is recorded by
// a second recorder that starts from the model of the disk it recovers; its operations can be cut
// as well, and so on.
//
// Limits: one directory, and `lost` in it, which counts as synced with it. Where its parents are
// missing too, they are taken to be durable.
// Threads: any. An operation and its entry in the record are one step under the lock.

using LsmMmap.Engine.Files;

namespace LsmMmap.Testing.Crash;

internal sealed class RecordingFileSystem : ForwardingFileSystem, IDisposable
{
    private const string LostName = "lost";

    private readonly Lock _lock = new();
    private readonly List<DiskOperation> _operations = [];
    private readonly Dictionary<string, int> _fileIds = [];
    private readonly ManualResetEventSlim _mayMakeTables = new(initialState: true);
    private int _nextFileId;

    /// <summary>Begins with what is in the directory already; the model says what of it is
    /// durable.</summary>
    public RecordingFileSystem(Guid bootId, DiskModel? start = null)
        : base(LocalFileSystem.Instance)
    {
        BootId = bootId;
        Start = start ?? new DiskModel();
        _nextFileId = Start.NextFileId;
        foreach ((string name, DiskFile file) in Start.Names)
            _fileIds.Add(name, file.Id);
    }

    public override Guid BootId { get; }

    /// <summary>The disk before the first operation.</summary>
    public DiskModel Start { get; }

    /// <summary>A store with this bug never syncs the directory that holds its own.</summary>
    public bool ForgetsParent { get; init; }

    /// <summary>A copy of the record so far.</summary>
    public DiskOperation[] Operations()
    {
        lock (_lock)
            return [.. _operations];
    }

    public void Started(int workStep) => Mark(
        new DiskOperation(DiskStep.Started, "") { WorkStep = workStep });

    public void Acknowledged(int workStep, Durability durability) => Mark(
        new DiskOperation(DiskStep.Acknowledged, "")
        {
            WorkStep = workStep,
            Durability = durability,
        });

    /// <summary>Whoever makes a table waits, until this is true again: commits can so be put
    /// between the two ends of a flush.</summary>
    public void LetTablesBeMade(bool may)
    {
        if (may)
            _mayMakeTables.Set();
        else
            _mayMakeTables.Reset();
    }

    /// <summary>What ranks as the number of a step only when its run is over is marked by a
    /// ticket, a negative number, and gets its number here; a ticket without one is no step.
    /// </summary>
    public void Renumber(IReadOnlyDictionary<int, int> stepOfTicket)
    {
        lock (_lock)
        {
            for (int i = _operations.Count - 1; i >= 0; i--)
            {
                DiskOperation mark = _operations[i];
                if (!mark.IsMarker || mark.WorkStep >= 0)
                    continue;
                if (stepOfTicket.TryGetValue(mark.WorkStep, out int step))
                    _operations[i] = mark with { WorkStep = step };
                else
                    _operations.RemoveAt(i);
            }
        }
    }

    public override void CreateDirectory(string path)
    {
        lock (_lock)
        {
            bool isNew = !Directory.Exists(path);
            base.CreateDirectory(path);
            if (Path.GetFileName(path) == LostName)
                return;
            if (isNew)
                _operations.Add(new DiskOperation(DiskStep.MakeDirectory, ""));
            if (!ForgetsParent)
                _operations.Add(new DiskOperation(DiskStep.SyncParent, ""));
        }
    }

    /// <summary>LOCK stays, LOCK.owner is written anew; neither is ever synced.</summary>
    public override IDisposable Lock(string directory)
    {
        lock (_lock)
        {
            IDisposable taken = base.Lock(directory);
            if (!_fileIds.ContainsKey("LOCK"))
                Add("LOCK");
            byte[] owner = File.ReadAllBytes(FileNames.LockOwner(directory));
            int id = Add("LOCK.owner");
            _operations.Add(new DiskOperation(DiskStep.Write, "LOCK.owner")
            {
                FileId = id,
                Bytes = owner,
            });
            return taken;
        }
    }

    public override DurableFile Create(string path, long reservedBytes = 0)
    {
        if (path.EndsWith(".sst.tmp", StringComparison.Ordinal))
            _mayMakeTables.Wait();
        lock (_lock)
        {
            DurableFile file = base.Create(path, reservedBytes);
            string name = NameOf(path);
            int id = Add(name);
            return new RecordingFile(this, file, name, id);
        }
    }

    public override void Seal(string path) => Record(
        () => base.Seal(path), new DiskOperation(DiskStep.Seal, NameOf(path)));

    public override void Rename(string from, string to) => Record(
        () =>
        {
            base.Rename(from, to);
            if (_fileIds.Remove(NameOf(from), out int id))
                _fileIds[NameOf(to)] = id;
        },
        new DiskOperation(DiskStep.Rename, NameOf(from)) { To = NameOf(to) });

    public override void Delete(string path)
    {
        lock (_lock)
        {
            base.Delete(path);
            if (_fileIds.Remove(NameOf(path)))
                _operations.Add(new DiskOperation(DiskStep.Delete, NameOf(path)));
        }
    }

    public override void SyncDirectory(string path)
    {
        if (Path.GetFileName(path) != LostName)
            Mark(new DiskOperation(DiskStep.SyncDirectory, ""));
    }

    public void Dispose() => _mayMakeTables.Dispose();

    private static string NameOf(string path)
    {
        string name = Path.GetFileName(path);
        return Path.GetFileName(Path.GetDirectoryName(path)) == LostName
            ? LostName + "/" + name : name;
    }

    private int Add(string name)
    {
        int id = _nextFileId++;
        _fileIds[name] = id;
        _operations.Add(new DiskOperation(DiskStep.Create, name) { FileId = id });
        return id;
    }

    private void Mark(DiskOperation operation) => Record(static () => { }, operation);

    private void Record(Action step, DiskOperation operation)
    {
        lock (_lock)
        {
            step();
            _operations.Add(operation);
        }
    }

    private sealed class RecordingFile(
        RecordingFileSystem owner, DurableFile inner, string name, int id)
        : ForwardingFile(inner)
    {
        private bool _isClosed;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            lock (owner._lock)
            {
                base.Write(buffer);
                owner._operations.Add(new DiskOperation(DiskStep.Write, name)
                {
                    FileId = id,
                    Bytes = buffer.ToArray(),
                });
            }
        }

        public override void WriteZerosTo(long end)
        {
            lock (owner._lock)
            {
                base.WriteZerosTo(end);
                owner._operations.Add(new DiskOperation(DiskStep.LayZeros, name)
                {
                    FileId = id,
                    Offset = (int)end,
                });
            }
        }

        public override void Sync() => owner.Mark(
            new DiskOperation(DiskStep.SyncFile, name) { FileId = id });

        public override void CutZeros() => Cut(() => base.CutZeros());

        /// <summary>Closing cuts off zeros that were laid and not used.</summary>
        protected override void Dispose(bool disposing)
        {
            if (!_isClosed)
                Cut(() => base.Dispose(disposing));
            _isClosed = true;
        }

        private void Cut(Action step)
        {
            lock (owner._lock)
            {
                long before = Length;
                long position = Position;
                step();
                if (before > position)
                    owner._operations.Add(new DiskOperation(DiskStep.Cut, name)
                    {
                        FileId = id,
                        Offset = (int)position,
                    });
            }
        }
    }
}
