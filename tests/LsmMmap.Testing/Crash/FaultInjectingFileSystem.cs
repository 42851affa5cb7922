// A file system that fails the N-th operation of a kind, once or from there on, with an error as
// the real one would report it; or one whose disk is full for a while (IsFull). It also watches
// what a store may not do after a failure: write or sync a file again that has failed to.
//
// To test a recovery with it: count the operations of a clean run (CountOf, with no fault), then
// run the same once for each of them with a Fault of that number, over a RecordingFileSystem, so
// that the disk behind the failed run can be cut as well. After TurnOff the disk is well again.
// Look at Violations, and judge what the next opening finds. CrashTutorialTests shows it in one
// page.
// Threads: any.

using LsmMmap.Engine.Files;

namespace LsmMmap.Testing.Crash;

internal enum FaultKind
{
    Write,
    ShortWrite,
    Sync,
    Create,
    OpenRead,
    OpenTable,
    Map,
    Rename,
    Seal,
    Delete,
    SyncDirectory,
    List,
    MakeDirectory,
    Lock,
}

/// <summary>Values of errno on Linux.</summary>
internal enum FaultError
{
    Io = 5,
    NoMemory = 12,
    AccessDenied = 13,
    TooManyOpenFiles = 24,
    NoSpace = 28,
    ReadOnlyFileSystem = 30,
    Quota = 122,
}

/// <summary>Number counts from 1. Always means from there on.</summary>
internal sealed record Fault(FaultKind Kind, int Number, FaultError Error, bool Always)
{
    public override string ToString() =>
        $"{Error} at {Kind} {Number}{(Always ? " and from there on" : "")}";
}

internal sealed class FaultInjectingFileSystem(IFileSystem inner, Fault? fault)
    : ForwardingFileSystem(inner)
{
    /// <summary>Stands in the message of every error made here.</summary>
    public const string InjectedMark = "injected: ";

    private readonly int[] _counts = new int[Enum.GetValues<FaultKind>().Length];
    private readonly HashSet<string> _failedSyncs = [];
    private readonly Lock _lock = new();
    private volatile bool _isOff;
    private int _refusedCount;

    /// <summary>The path of the first operation that was failed; null before that.</summary>
    public string? FailedPath { get; private set; }

    /// <summary>Whether the first operation that was failed was a write or sync of a log or
    /// manifest in use: from then on the store may only read.</summary>
    public bool FailedLive { get; private set; }

    /// <summary>While it is set no file can be made and no table be written, for want of
    /// space. Live logs and manifests have room left.</summary>
    public FaultError? IsFull { get; set; }

    /// <summary>While the disk is full, new logs still find room.</summary>
    public bool HasRoomForLogs { get; set; }

    /// <summary>Whether a caller was told that the store has failed. Until then another thread may
    /// still write to a file whose sync has failed, or sync one whose write has, because a sync
    /// and a write may run at once: nobody knows of the failure before the call has returned.
    /// </summary>
    public Func<bool> IsTold { get; set; } = static () => true;

    /// <summary>Operations refused because the disk was full.</summary>
    public int RefusedCount => Volatile.Read(ref _refusedCount);

    /// <summary>What the store did although a failure forbade it.</summary>
    public List<string> Violations { get; } = [];

    public int CountOf(FaultKind kind) => _counts[(int)kind];

    /// <summary>The disk is well again.</summary>
    public void TurnOff() => _isOff = true;

    public override IReadOnlyList<FileEntry> List(string directory)
    {
        Step(FaultKind.List, directory);
        return base.List(directory);
    }

    public override void CreateDirectory(string path)
    {
        Step(FaultKind.MakeDirectory, path);
        base.CreateDirectory(path);
    }

    public override DurableFile Create(string path, long reservedBytes = 0)
    {
        RefuseIfFull("create", path);
        Step(FaultKind.Create, path);
        DurableFile file = base.Create(path, reservedBytes);
        // A new file of the same name has no failed sync behind it.
        lock (_lock)
            _failedSyncs.Remove(path);
        return new FaultyFile(this, file);
    }

    public override Stream OpenRead(string path)
    {
        Step(FaultKind.OpenRead, path);
        return base.OpenRead(path);
    }

    public override TableFile OpenTable(string path, long expectedLength, bool map)
    {
        Step(FaultKind.OpenTable, path);
        if (map)
            Step(FaultKind.Map, path);
        return base.OpenTable(path, expectedLength, map);
    }

    public override void Seal(string path)
    {
        Step(FaultKind.Seal, path);
        base.Seal(path);
    }

    public override void Rename(string from, string to)
    {
        Step(FaultKind.Rename, from);
        base.Rename(from, to);
    }

    public override void Delete(string path)
    {
        Step(FaultKind.Delete, path);
        base.Delete(path);
    }

    public override void SyncDirectory(string path)
    {
        StepOfSync(FaultKind.SyncDirectory, path);
        base.SyncDirectory(path);
    }

    /// <summary>A new opening trusts nothing that it did not read, so it may sync again.
    /// </summary>
    public override IDisposable Lock(string directory)
    {
        Step(FaultKind.Lock, directory);
        lock (_lock)
            _failedSyncs.Remove(directory);
        return base.Lock(directory);
    }

    private bool IsFailing(FaultKind kind, string path, bool isLive = false)
    {
        lock (_lock)
        {
            int count = ++_counts[(int)kind];
            bool fails = fault != null && !_isOff && fault.Kind == kind
                && (fault.Always ? count >= fault.Number : count == fault.Number);
            if (fails && FailedPath == null)
                (FailedPath, FailedLive) = (path, isLive);
            return fails;
        }
    }

    private void Step(FaultKind kind, string path)
    {
        if (IsFailing(kind, path))
            throw Failure(kind, path);
    }

    private void StepOfSync(FaultKind kind, string path, bool isLive = false)
    {
        lock (_lock)
        {
            if (_failedSyncs.Contains(path))
                Violations.Add($"{path} was synced again after a failed sync");
        }
        if (!IsFailing(kind, path, isLive))
            return;
        lock (_lock)
            _failedSyncs.Add(path);
        throw Failure(kind, path);
    }

    private void RefuseIfFull(string what, string path)
    {
        if (IsFull is not { } error || (HasRoomForLogs
            && FileNames.Parse(Path.GetFileName(path), out _) == StoreFileKind.Log))
            return;
        Interlocked.Increment(ref _refusedCount);
        throw Failure(what, path, error);
    }

    private void Violated(string what)
    {
        lock (_lock)
            Violations.Add(what);
    }

    private LsmException Failure(FaultKind kind, string path) =>
        Failure(kind.ToString(), path, fault!.Error);

    private static LsmException Failure(string what, string path, FaultError error)
    {
        Exception cause = error == FaultError.AccessDenied
            ? new UnauthorizedAccessException(InjectedMark + "permission denied")
            : new IOException(InjectedMark + error, (int)error);
        return IoFailure.Of(what, path, cause);
    }

    private sealed class FaultyFile(FaultInjectingFileSystem owner, DurableFile inner)
        : ForwardingFile(inner)
    {
        private readonly StoreFileKind _kind = FileNames.Parse(
            Path.GetFileName(inner.FileName), out _);

        private int _writeFailedBy; // the thread whose write failed
        private int _syncFailedBy;
        private int _writes;

        /// <summary>A log is in use when its header is written, a manifest when its first edit
        /// and the point behind that are.</summary>
        private bool IsLive => _kind switch
        {
            StoreFileKind.Log => _writes > 1,
            StoreFileKind.Manifest => _writes > 2,
            _ => false,
        };

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (_kind == StoreFileKind.Temporary)
                owner.RefuseIfFull("write", FileName);
            JudgeWrite();
            if (owner.IsFailing(FaultKind.ShortWrite, FileName, IsLive))
            {
                base.Write(buffer[..(buffer.Length / 2)]);
                _writeFailedBy = Environment.CurrentManagedThreadId;
                throw owner.Failure(FaultKind.ShortWrite, FileName);
            }
            StepOfWrite();
            base.Write(buffer);
            _writes++;
        }

        public override void WriteZerosTo(long end)
        {
            StepOfWrite();
            base.WriteZerosTo(end);
        }

        public override void CutZeros()
        {
            StepOfWrite();
            base.CutZeros();
        }

        public override void Sync()
        {
            if (_syncFailedBy != 0 || KnowsOf(_writeFailedBy))
                owner.Violated($"{FileName} was synced after a failure");
            try
            {
                owner.StepOfSync(FaultKind.Sync, FileName, IsLive);
            }
            catch
            {
                _syncFailedBy = Environment.CurrentManagedThreadId;
                throw;
            }
            base.Sync();
        }

        private void JudgeWrite()
        {
            if (_writeFailedBy != 0 || KnowsOf(_syncFailedBy))
                owner.Violated($"{FileName} was written after a failure");
        }

        /// <summary>Whether this thread knows, or had to, of what failed on that one.</summary>
        private bool KnowsOf(int failedBy) => failedBy != 0
            && (failedBy == Environment.CurrentManagedThreadId || owner.IsTold());

        private void StepOfWrite()
        {
            JudgeWrite();
            if (!owner.IsFailing(FaultKind.Write, FileName, IsLive))
                return;
            _writeFailedBy = Environment.CurrentManagedThreadId;
            throw owner.Failure(FaultKind.Write, FileName);
        }
    }
}
