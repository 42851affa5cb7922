// A directory in memory, enough of one to read CURRENT and manifests from. One thread.

using LsmMmap.Engine.Files;

namespace LsmMmap.Fuzz.Tests;

internal sealed class MemoryFiles : IFileSystem
{
    public const string Directory = "/store";

    private readonly Dictionary<string, byte[]> _files = [];

    public Guid BootId => Guid.Empty;

    public void Put(string name, byte[] content) =>
        _files[Path.Combine(Directory, name)] = content;

    public bool Exists(string path) => _files.ContainsKey(path);

    public Stream OpenRead(string path) => new MemoryStream(_files[path], writable: false);

    public IReadOnlyList<FileEntry> List(string directory) =>
        [.. _files.Select(one => new FileEntry(Path.GetFileName(one.Key), one.Value.Length))];

    public void CreateDirectory(string path) => throw new NotSupportedException();

    public long FreeBytes(string directory) => long.MaxValue;

    public bool IsNetwork(string directory) => false;

    public DurableFile Create(string path, long reservedBytes = 0) =>
        throw new NotSupportedException();

    public TableFile OpenTable(string path, long expectedLength, bool map) =>
        throw new NotSupportedException();

    public void Seal(string path) => throw new NotSupportedException();

    public void Rename(string from, string to) => throw new NotSupportedException();

    public void Delete(string path) => throw new NotSupportedException();

    public void SyncDirectory(string path) => throw new NotSupportedException();

    public IDisposable Lock(string directory) => throw new NotSupportedException();
}
