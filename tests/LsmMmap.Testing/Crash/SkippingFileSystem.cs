// A file system whose callers forget one kind of sync: a store with a bug in its protocol. The
// sweep of crashes must find each, or it could not find a real one.
// Threads: as the file system below.

using LsmMmap.Engine.Files;

namespace LsmMmap.Testing.Crash;

internal enum SkippedSync
{
    Log,
    LogHeader,
    Table,
    Manifest,
    Current,
    Directory,
    DirectoryAfterLog,
    DirectoryAfterTable,
    DirectoryAfterManifest,
    DirectoryAfterCurrent,
}

internal sealed class SkippingFileSystem(IFileSystem inner, SkippedSync skipped)
    : ForwardingFileSystem(inner)
{
    private volatile SkippedSync _lastChange;

    public override DurableFile Create(string path, long reservedBytes = 0)
    {
        string name = Path.GetFileName(path);
        StoreFileKind kind = FileNames.Parse(name, out _);
        _lastChange = kind switch
        {
            StoreFileKind.Log => SkippedSync.DirectoryAfterLog,
            StoreFileKind.Manifest => SkippedSync.DirectoryAfterManifest,
            _ => _lastChange,
        };
        SkippedSync own = kind switch
        {
            StoreFileKind.Log => SkippedSync.Log,
            StoreFileKind.Manifest => SkippedSync.Manifest,
            _ => name == "CURRENT.tmp" ? SkippedSync.Current : SkippedSync.Table,
        };
        return new SkippingFile(this, base.Create(path, reservedBytes), own);
    }

    public override void Rename(string from, string to)
    {
        _lastChange = Path.GetFileName(to) == "CURRENT"
            ? SkippedSync.DirectoryAfterCurrent : SkippedSync.DirectoryAfterTable;
        base.Rename(from, to);
    }

    public override void SyncDirectory(string path)
    {
        if (skipped != SkippedSync.Directory && skipped != _lastChange)
            base.SyncDirectory(path);
    }

    private sealed class SkippingFile(
        SkippingFileSystem owner, DurableFile inner, SkippedSync own) : ForwardingFile(inner)
    {
        private readonly SkippingFileSystem _owner = owner;
        private bool _wasSynced;

        public override void Sync()
        {
            bool isFirst = !_wasSynced;
            _wasSynced = true;
            bool skips = _owner.Skipped == own
                || (_owner.Skipped == SkippedSync.LogHeader && own == SkippedSync.Log && isFirst);
            if (!skips)
                base.Sync();
        }
    }

    private SkippedSync Skipped => skipped;
}
