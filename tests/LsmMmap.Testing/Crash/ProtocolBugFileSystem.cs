// A file system that makes of a right store one with a mistake in its protocol: a sync forgotten,
// or two steps in the wrong order. The sweep of crashes must find each that matters, or it could
// not find a real one. A step that is put off is owed, and paid at the moment that the bug names.
// Threads: as the file system below; what is owed is under a lock.

using LsmMmap.Engine.Files;

namespace LsmMmap.Testing.Crash;

internal sealed class ProtocolBugFileSystem(IFileSystem inner, ProtocolBug bug)
    : ForwardingFileSystem(inner)
{
    private readonly Lock _lock = new();
    private readonly List<Action> _owed = [];
    private volatile ProtocolBug _lastChange;
    private volatile BuggyFile? _newestLog;

    /// <summary>The workload says when it begins to close the store.</summary>
    public bool IsClosing { get; set; }

    private bool DeletesNext =>
        bug is ProtocolBug.LogDeletedBeforeEdit or ProtocolBug.ManifestDeletedBeforeSwitch;

    public override IDisposable Lock(string directory)
    {
        IsClosing = false;
        return base.Lock(directory);
    }

    public override DurableFile Create(string path, long reservedBytes = 0)
    {
        PayBefore();
        string name = Path.GetFileName(path);
        StoreFileKind kind = FileNames.Parse(name, out _);
        if (kind == StoreFileKind.Log)
            _lastChange = ProtocolBug.DirectoryUnsyncedAfterLog;
        if (kind == StoreFileKind.Manifest)
            _lastChange = ProtocolBug.DirectoryUnsyncedAfterManifest;
        var file = new BuggyFile(
            this, base.Create(path, reservedBytes), kind, name == "CURRENT.tmp");
        if (kind == StoreFileKind.Log)
            _newestLog = file;
        return file;
    }

    public override void Seal(string path)
    {
        if (bug != ProtocolBug.SealForgotten)
            base.Seal(path);
    }

    public override void Rename(string from, string to)
    {
        PayBefore();
        bool isCurrent = Path.GetFileName(to) == "CURRENT";
        _lastChange = isCurrent ? ProtocolBug.DirectoryUnsyncedAfterCurrent
            : ProtocolBug.DirectoryUnsyncedAfterTable;
        base.Rename(from, to);
        bool pays = isCurrent
            ? bug is ProtocolBug.CurrentSyncedAfterRename
                or ProtocolBug.NewManifestSyncedAfterSwitch
            : bug == ProtocolBug.TableSyncedAfterRename;
        if (pays)
            Pay();
    }

    public override void Delete(string path)
    {
        base.Delete(path);
        bool pays = bug == FileNames.Parse(Path.GetFileName(path), out _) switch
        {
            StoreFileKind.Table => ProtocolBug.TableDeletedBeforeEdit,
            StoreFileKind.Log => ProtocolBug.LogDeletedBeforeEdit,
            StoreFileKind.Manifest => ProtocolBug.ManifestDeletedBeforeSwitch,
            _ => ProtocolBug.None,
        };
        if (pays)
            Pay();
    }

    public override void SyncDirectory(string path)
    {
        PayBefore();
        if (bug == ProtocolBug.ManifestDeletedBeforeSwitch
            && _lastChange == ProtocolBug.DirectoryUnsyncedAfterCurrent)
            Owe(() => base.SyncDirectory(path));
        else if (bug != ProtocolBug.DirectoryUnsynced && bug != _lastChange)
            base.SyncDirectory(path);
    }

    private void Owe(Action step)
    {
        lock (_lock)
            _owed.Add(step);
    }

    private void Pay()
    {
        Action[] owed;
        lock (_lock)
        {
            owed = [.. _owed];
            _owed.Clear();
        }
        foreach (Action step in owed)
            step();
    }

    /// <summary>Logs and manifests are deleted too early only where that is the very next step;
    /// tables go in their own time, so edits wait for that however long it takes.</summary>
    private void PayBefore()
    {
        if (DeletesNext)
            Pay();
    }

    private sealed class BuggyFile(
        ProtocolBugFileSystem owner, DurableFile inner, StoreFileKind kind, bool isCurrent)
        : ForwardingFile(inner)
    {
        private readonly List<byte[]> _heldBack = [];
        private readonly ProtocolBugFileSystem _owner = owner;
        private bool _wasSynced;

        private bool IsLog => kind == StoreFileKind.Log;

        private bool IsManifest => kind == StoreFileKind.Manifest;

        private bool IsTable => !IsLog && !IsManifest && !isCurrent;

        private bool IsOldLog => IsLog && !ReferenceEquals(this, _owner._newestLog);

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            ProtocolBug bug = _owner.Bug;
            if (IsLog && bug == ProtocolBug.LogWriteHeldBack)
            {
                lock (_heldBack)
                    _heldBack.Add(buffer.ToArray());
                return;
            }
            int first = IsLog && bug == ProtocolBug.LogWriteInTwo ? buffer.Length / 2 : 0;
            if (first > 0)
                base.Write(buffer[..first]);
            base.Write(buffer[first..]);
        }

        public override void Sync()
        {
            bool isFirst = !_wasSynced;
            _wasSynced = true;
            GiveBack();
            if (!IsManifest || isFirst)
                _owner.PayBefore();
            if (IsForgotten(isFirst))
                return;
            if (IsOwed(isFirst))
            {
                _owner.Owe(base.Sync);
                return;
            }
            // Both are synced before the store is told so: only their order is another.
            if (_owner.Bug == ProtocolBug.OldLogSyncedLast && IsOldLog)
                _owner._newestLog!.SyncInner();
            base.Sync();
            bool pays = _owner.Bug is ProtocolBug.LogSyncedAfterEdit
                or ProtocolBug.TableSyncedAfterEdit or ProtocolBug.LogSyncedAfterCleanMark;
            if (pays && IsManifest)
                _owner.Pay();
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                GiveBack();
            base.Dispose(disposing);
        }

        private void SyncInner() => base.Sync();

        private bool IsForgotten(bool isFirst) => _owner.Bug switch
        {
            ProtocolBug.LogUnsynced => IsLog,
            ProtocolBug.LogHeaderUnsynced => IsLog && isFirst,
            ProtocolBug.OldLogUnsynced => IsOldLog,
            ProtocolBug.TableUnsynced => IsTable,
            ProtocolBug.ManifestUnsynced => IsManifest,
            ProtocolBug.NewManifestUnsynced => IsManifest && isFirst,
            ProtocolBug.EditUnsynced => IsManifest && !isFirst,
            ProtocolBug.CurrentUnsynced => isCurrent,
            _ => false,
        };

        private bool IsOwed(bool isFirst) => _owner.Bug switch
        {
            // Flush and compaction sync the log on their own threads, before their edit.
            ProtocolBug.LogSyncedAfterEdit => IsLog && Thread.CurrentThread.Name is
                "LsmMmap compaction" or "LsmMmap flush",
            ProtocolBug.LogSyncedAfterCleanMark => IsLog && _owner.IsClosing,
            ProtocolBug.TableSyncedAfterEdit or ProtocolBug.TableSyncedAfterRename => IsTable,
            ProtocolBug.CurrentSyncedAfterRename => isCurrent,
            ProtocolBug.NewManifestSyncedAfterSwitch => IsManifest && isFirst,
            ProtocolBug.TableDeletedBeforeEdit or ProtocolBug.LogDeletedBeforeEdit =>
                IsManifest && !isFirst,
            _ => false,
        };

        private void GiveBack()
        {
            lock (_heldBack)
            {
                foreach (byte[] bytes in _heldBack)
                    base.Write(bytes);
                _heldBack.Clear();
            }
        }
    }

    private ProtocolBug Bug => bug;
}
