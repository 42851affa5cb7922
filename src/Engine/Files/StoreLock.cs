// One process, and one store object in it, per directory. The lock is an exclusive advisory lock
// on the file LOCK, which is never deleted; the owner's process id stands beside it in
// LOCK.owner, because a locked file cannot be read everywhere. A table of directories held by
// this process backs it up on file systems that know no locks.
// Threads: any; the table is under its own lock.

using System.Diagnostics;
using System.Globalization;
using LsmMmap.Engine.Waiting;

namespace LsmMmap.Engine.Files;

internal sealed class StoreLock : IDisposable
{
    private static readonly Gate s_heldGate = new(isOfProcess: true);
    private static readonly HashSet<string> s_held = [];

    private readonly string _realPath;
    private FileStream? _stream;

    private StoreLock(string realPath, FileStream stream)
    {
        _realPath = realPath;
        _stream = stream;
    }

    public static StoreLock Take(string directory)
    {
        string realPath = DiskSync.RealPath(directory);
        using (s_heldGate.Hold())
        {
            AssertInvariants();
            if (!s_held.Add(realPath))
                throw new StoreLockedException(
                    $"{directory} is already open in this process (process id " +
                    $"{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)})",
                    Environment.ProcessId);
        }
        try
        {
            return new StoreLock(realPath, Open(directory));
        }
        catch
        {
            Leave(realPath);
            throw;
        }
    }

    public void Dispose()
    {
        if (_stream == null)
            return;
        _stream.Dispose();
        _stream = null;
        Leave(_realPath);
    }

    private static FileStream Open(string directory)
    {
        string path = FileNames.Lock(directory);
        string ownerPath = FileNames.LockOwner(directory);
        FileStream stream;
        try
        {
            stream = OpenNamed(path);
        }
        catch (IOException e) when (File.Exists(path))
        {
            int? owner = ReadOwner(ownerPath);
            string by = owner is int id
                ? $"process {id.ToString(CultureInfo.InvariantCulture)}" : "another process";
            throw new StoreLockedException($"{directory} is locked by {by}", owner, e);
        }
        try
        {
            File.WriteAllText(
                ownerPath, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Somebody may have removed LOCK after this process opened it and before it was
    /// locked; then the lock is on a file that nobody else will look at.</summary>
    private static FileStream OpenNamed(string path)
    {
        while (true)
        {
            var stream = new FileStream(
                path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            if (!OperatingSystem.IsLinux() || !IsUnlinked(stream))
                return stream;
            stream.Dispose();
        }
    }

    /// <summary>What Linux says of a descriptor whose file has lost its name.</summary>
    internal static bool IsUnlinked(FileStream stream)
    {
        nint descriptor = stream.SafeFileHandle.DangerousGetHandle();
        var link = new FileInfo(string.Create(
            CultureInfo.InvariantCulture, $"/proc/self/fd/{descriptor}"));
        return link.LinkTarget?.EndsWith(" (deleted)", StringComparison.Ordinal) == true;
    }

    private static int? ReadOwner(string path)
    {
        try
        {
            return int.TryParse(File.ReadAllText(path), CultureInfo.InvariantCulture, out int id)
                ? id : null;
        }
        catch (Exception e) when (IoFailure.IsIo(e))
        {
            return null;
        }
    }

    private static void Leave(string realPath)
    {
        using (s_heldGate.Hold())
        {
            AssertInvariants();
            bool wasHeld = s_held.Remove(realPath);
            Debug.Assert(wasHeld, "a directory is let go by its owner, once");
        }
    }

    [Conditional("DEBUG")]
    private static void AssertInvariants() =>
        Debug.Assert(s_heldGate.IsHeld, "the table of directories is under its lock");
}
