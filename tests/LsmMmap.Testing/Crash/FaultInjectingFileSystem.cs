// A file system that fails the N-th operation of a kind, once or from there on, with an error as
// the real one would report it. It also watches what a store may not do after a failure: sync or
// write a log, manifest or directory again that has failed to sync.
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
}

/// <summary>Values of errno on Linux.</summary>
internal enum FaultError
{
    AccessDenied = 13,
    TooManyOpenFiles = 24,
    NoSpace = 28,
    Io = 5,
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
    private readonly int[] _counts = new int[Enum.GetValues<FaultKind>().Length];
    private readonly HashSet<string> _failedSyncs = [];
    private readonly Lock _lock = new();
    private volatile bool _isOff;

    /// <summary>The path of the first operation that was failed; null before that.</summary>
    public string? FailedPath { get; private set; }

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

    public override DurableFile Create(string path, long reservedBytes = 0)
    {
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
        lock (_lock)
            _failedSyncs.Remove(directory);
        return base.Lock(directory);
    }

    private bool IsFailing(FaultKind kind, string path)
    {
        lock (_lock)
        {
            int count = ++_counts[(int)kind];
            bool fails = fault != null && !_isOff && fault.Kind == kind
                && (fault.Always ? count >= fault.Number : count == fault.Number);
            if (fails)
                FailedPath ??= path;
            return fails;
        }
    }

    private void Step(FaultKind kind, string path)
    {
        if (IsFailing(kind, path))
            throw Failure(kind, path);
    }

    private void StepOfSync(FaultKind kind, string path)
    {
        lock (_lock)
        {
            if (_failedSyncs.Contains(path))
                Violations.Add($"{path} was synced again after a failed sync");
        }
        if (!IsFailing(kind, path))
            return;
        lock (_lock)
            _failedSyncs.Add(path);
        throw Failure(kind, path);
    }

    private LsmException Failure(FaultKind kind, string path)
    {
        Exception error = fault!.Error == FaultError.AccessDenied
            ? new UnauthorizedAccessException("injected: permission denied")
            : new IOException($"injected: {fault.Error}", (int)fault.Error);
        return IoFailure.Of(kind.ToString(), path, error);
    }

    private sealed class FaultyFile(FaultInjectingFileSystem owner, DurableFile inner)
        : ForwardingFile(inner)
    {
        private bool _writeFailed;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (_writeFailed)
                owner.Violations.Add($"{FileName} was written after a failed write");
            if (owner.IsFailing(FaultKind.ShortWrite, FileName))
            {
                base.Write(buffer[..(buffer.Length / 2)]);
                _writeFailed = true;
                throw owner.Failure(FaultKind.ShortWrite, FileName);
            }
            if (owner.IsFailing(FaultKind.Write, FileName))
            {
                _writeFailed = true;
                throw owner.Failure(FaultKind.Write, FileName);
            }
            base.Write(buffer);
        }

        public override void Sync()
        {
            owner.StepOfSync(FaultKind.Sync, FileName);
            base.Sync();
        }
    }
}
