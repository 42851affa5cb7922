// The file system of the machine. Each member is one step that a crash can fall before or after;
// what is durable when it returns is said in IFileSystem.

namespace LsmMmap.Engine.Files;

internal sealed class LocalFileSystem : IFileSystem
{
    public static readonly LocalFileSystem Instance = new();

    private const int ErrnoAccess = 13;
    private const string BootIdPath = "/proc/sys/kernel/random/boot_id";

    private LocalFileSystem() { }

    public Guid BootId =>
        Guid.TryParse(TryReadText(BootIdPath), out Guid id) ? id : Guid.Empty;

    public bool IsNetwork(string directory)
    {
        try
        {
            var drive = new DriveInfo(Path.GetFullPath(directory));
            return drive.DriveType == DriveType.Network
                || drive.DriveFormat is "fuse" or "9p" or "v9fs" or "ceph";
        }
        catch (Exception e) when (IoFailure.IsIo(e) || e is ArgumentException)
        {
            // Windows names a share by a path that is no drive.
            return OperatingSystem.IsWindows();
        }
    }

    public long FreeBytes(string directory)
    {
        try
        {
            return new DriveInfo(Path.GetFullPath(directory)).AvailableFreeSpace;
        }
        catch (Exception e) when (IoFailure.IsIo(e) || e is ArgumentException)
        {
            return long.MaxValue;
        }
    }

    public void CreateDirectory(string path)
    {
        Attempt("create the directory", path, static path =>
        {
            // The nearest ancestor that exists; everything below it is about to be made, and each
            // new entry must be synced in the directory that holds it.
            string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
            var missing = new Stack<string>();
            string? at = full;
            for (; at != null && !Directory.Exists(at); at = Path.GetDirectoryName(at))
                missing.Push(at);
            SyncNameOf(at);
            foreach (string directory in missing)
            {
                Directory.CreateDirectory(directory);
                DiskSync.SyncDirectory(Path.GetDirectoryName(directory)!);
            }
            return true;
        });
    }

    public IReadOnlyList<FileEntry> List(string directory) =>
        Attempt<IReadOnlyList<FileEntry>>("list", directory, static path => Directory.Exists(path)
            ? [.. new DirectoryInfo(path).EnumerateFiles()
                .Select(static file => new FileEntry(file.Name, LengthOf(file)))
                .Where(static entry => entry.Length >= 0)] : []);

    public bool Exists(string path) => File.Exists(path);

    public DurableFile Create(string path, long reservedBytes = 0) =>
        Attempt("create", path, path =>
        {
            var stream = new FileStream(
                path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            try
            {
                if (reservedBytes > 0)
                    DiskSync.Reserve(stream.SafeFileHandle, reservedBytes);
                return new DurableFile(path, stream, reservedBytes);
            }
            catch
            {
                // What was set aside before the disk was full goes back at once. To delete the
                // file is not enough while a process that is being started still has it open.
                using (stream)
                    stream.SetLength(0);
                File.Delete(path);
                throw;
            }
        });

    public Stream OpenRead(string path) =>
        Attempt("open", path, static path => new ReadableFile(path, new FileStream(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete,
            bufferSize: 0)));

    public TableFile OpenTable(string path, long expectedLength, bool map) =>
        Attempt("open", path, path =>
        {
            if (!File.Exists(path))
                throw new CorruptionException(path, 0, "the table is missing");
            var handle = File.OpenHandle(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            try
            {
                long length = RandomAccess.GetLength(handle);
                if (length != expectedLength)
                    throw new CorruptionException(path, Math.Min(length, expectedLength),
                        "the table has another length", $"{expectedLength}", $"{length}");
                return new TableFile(path, handle, length, map);
            }
            catch
            {
                handle.Dispose();
                throw;
            }
        });

    public void Seal(string path) =>
        Attempt("seal", path, static path =>
        {
            File.SetAttributes(path, File.GetAttributes(path) | FileAttributes.ReadOnly);
            return true;
        });

    public void Rename(string from, string to) =>
        Attempt("rename", from, from =>
        {
            DiskSync.Rename(from, to);
            return true;
        });

    public void Delete(string path) =>
        Attempt("delete", path, static path =>
        {
            if (OperatingSystem.IsWindows() && File.Exists(path))
                File.SetAttributes(path, FileAttributes.Normal);
            File.Delete(path);
            return true;
        });

    public void SyncDirectory(string path) =>
        Attempt("sync the directory", path, static path =>
        {
            DiskSync.SyncDirectory(path);
            return true;
        });

    public IDisposable Lock(string directory) =>
        Attempt("lock", directory, StoreLock.Take);

    /// <summary>A directory that is there already may be the work of a process that was killed
    /// before it synced the name. Whoever may not read the parent has not made it.</summary>
    private static void SyncNameOf(string? directory)
    {
        if (Path.GetDirectoryName(directory) is not { } parent)
            return;
        try
        {
            DiskSync.SyncDirectory(parent);
        }
        catch (IOException e) when (e.HResult == ErrnoAccess)
        {
            // Somebody else's directory, durable since before this store.
        }
    }

    /// <summary>Length of a file that may have been removed since it was listed; then
    /// -1.</summary>
    private static long LengthOf(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (FileNotFoundException)
        {
            return -1;
        }
    }

    /// <summary>The text of a small file of the system; null when it cannot be read.</summary>
    public static string? TryReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (IoFailure.IsIo(e))
        {
            return null;
        }
    }

    private static TResult Attempt<TResult>(string what, string path, Func<string, TResult> step)
    {
        try
        {
            return step(path);
        }
        catch (Exception e) when (IoFailure.IsIo(e))
        {
            throw IoFailure.Of(what, path, e);
        }
    }
}
