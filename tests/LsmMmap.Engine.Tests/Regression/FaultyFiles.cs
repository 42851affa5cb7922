// The file system of the machine with a hook before every step, so that a test can make one step
// fail or wait. The hook may throw; what it throws reaches the store as a failure of that step.
// Threads: as the hook is.

using LsmMmap.Engine.Files;

namespace LsmMmap.Engine.Tests.Regression;

internal sealed class FaultyFiles : IFileSystem
{
    private static readonly LocalFileSystem s_inner = LocalFileSystem.Instance;

    /// <summary>Sees the step ("create", "write", "sync", "rename", "delete", "sync directory")
    /// and the name of the file (not its path; of a rename the new one).</summary>
    public Action<string, string> Before { get; set; } = static (_, _) => { };

    /// <summary>Makes the table files, when set: path, length, whether to map.</summary>
    public Func<string, long, bool, TableFile>? MakeTable { get; set; }

    /// <summary>What a full disk looks like to the store.</summary>
    public static LsmException DiskFull(string file) => IoFailure.Of(
        "write", file, new IOException("No space left on device", 28));

    /// <summary>What a broken disk looks like to the store.</summary>
    public static LsmException DiskBroken(string file) => IoFailure.Of(
        "write", file, new IOException("Input/output error", 5));

    public Guid BootId => s_inner.BootId;

    /// <summary>What the disk says is free, when set.</summary>
    public Func<long>? Free { get; set; }

    public long FreeBytes(string directory) => Free?.Invoke() ?? s_inner.FreeBytes(directory);

    public void CreateDirectory(string path) => s_inner.CreateDirectory(path);

    public IReadOnlyList<FileEntry> List(string directory) => s_inner.List(directory);

    public bool Exists(string path) => s_inner.Exists(path);

    public bool IsNetwork(string directory) => false;

    public DurableFile Create(string path, long reservedBytes = 0)
    {
        Before("create", Path.GetFileName(path));
        return new HookedFile(this, path);
    }

    public Stream OpenRead(string path) => s_inner.OpenRead(path);

    public TableFile OpenTable(string path, long expectedLength, bool map) =>
        MakeTable?.Invoke(path, expectedLength, map)
            ?? s_inner.OpenTable(path, expectedLength, map);

    public void Seal(string path) => s_inner.Seal(path);

    public void Rename(string from, string to)
    {
        Before("rename", Path.GetFileName(to));
        s_inner.Rename(from, to);
    }

    public void Delete(string path)
    {
        Before("delete", Path.GetFileName(path));
        s_inner.Delete(path);
    }

    public void SyncDirectory(string path)
    {
        Before("sync directory", Path.GetFileName(path));
        s_inner.SyncDirectory(path);
    }

    public IDisposable Lock(string directory) => s_inner.Lock(directory);

    private sealed class HookedFile(FaultyFiles files, string path) : DurableFile(
        path, new FileStream(
            path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0))
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            files.Before("write", Path.GetFileName(FileName));
            base.Write(buffer);
        }

        public override void WriteZerosTo(long end)
        {
            files.Before("lay zeros", Path.GetFileName(FileName));
            base.WriteZerosTo(end);
        }

        public override void Sync()
        {
            files.Before("sync", Path.GetFileName(FileName));
            base.Sync();
        }
    }
}
