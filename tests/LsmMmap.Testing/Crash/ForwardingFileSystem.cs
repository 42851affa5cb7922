// A file system that passes every call on. Subclasses record, skip or fail what they choose.
// Threads: as the file system below.

using LsmMmap.Engine.Files;

namespace LsmMmap.Testing.Crash;

internal abstract class ForwardingFileSystem(IFileSystem inner) : IFileSystem
{
    public virtual Guid BootId => inner.BootId;

    public virtual bool IsNetwork(string directory) => inner.IsNetwork(directory);

    public virtual long FreeBytes(string directory) => inner.FreeBytes(directory);

    public virtual void CreateDirectory(string path) => inner.CreateDirectory(path);

    public virtual IReadOnlyList<FileEntry> List(string directory) => inner.List(directory);

    public virtual bool Exists(string path) => inner.Exists(path);

    public virtual DurableFile Create(string path, long reservedBytes = 0) =>
        inner.Create(path, reservedBytes);

    public virtual Stream OpenRead(string path) => inner.OpenRead(path);

    public virtual TableFile OpenTable(string path, long expectedLength, bool map) =>
        inner.OpenTable(path, expectedLength, map);

    public virtual void Seal(string path) => inner.Seal(path);

    public virtual void Rename(string from, string to) => inner.Rename(from, to);

    public virtual void Delete(string path) => inner.Delete(path);

    public virtual void SyncDirectory(string path) => inner.SyncDirectory(path);

    public virtual IDisposable Lock(string directory) => inner.Lock(directory);
}
