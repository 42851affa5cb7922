// The system calls that .NET has no equivalent for, or hides the errors of: syncing a file and a
// directory, setting disk aside, and an atomic rename that never falls back to copying.
//
// On .NET 10, FileStream.Flush(true) and RandomAccess.FlushToDisk return normally when fsync
// fails on Linux; a store that believes them loses data. So every sync goes through here, any
// nonzero result is a failure, and only EINTR is retried: after a failed fsync the kernel marks
// the pages clean, and a second call would report a success that never happened.
//
// None of the calls may be marked SuppressGCTransition: each can wait for the disk, and a thread
// that waits without the transition stops the garbage collector of the whole process.
//
// Tested on Linux. The macOS constants and the Windows twin (DiskSync.Windows.cs) follow their
// documentation and have not been run.

using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LsmMmap.Engine.Files;

internal static partial class DiskSync
{
    private const int ErrnoInterrupted = 4;
    private const int ErrnoIo = 5;
    private const int ErrnoNoSpace = 28;
    private const int ErrnoQuota = 122;
    private const int OpenReadOnly = 0;
    private const int KeepSize = 1;
    private const int FullSyncMac = 51;

    /// <summary>Refuses to go on where a sync of a closed descriptor "succeeds": on such a
    /// system no sync can be believed.</summary>
    public static void CheckThatFailuresAreSeen()
    {
        if (OperatingSystem.IsWindows())
            return;
        if (Unix.FSync(-1) == 0)
            throw new LsmException("fsync of an invalid descriptor reported success");
    }

    public static void SyncFile(SafeFileHandle handle, string path)
    {
        Debug.Assert(!handle.IsInvalid, "only an open file can be synced");
        if (OperatingSystem.IsWindows())
        {
            SyncFileWindows(handle, path);
            return;
        }
        bool added = false;
        try
        {
            handle.DangerousAddRef(ref added);
            int descriptor = (int)handle.DangerousGetHandle();
            Retry(descriptor, OperatingSystem.IsMacOS()
                ? static d => Unix.FControl(d, FullSyncMac) : static d => Unix.FDataSync(d));
        }
        finally
        {
            if (added)
                handle.DangerousRelease();
        }
    }

    public static void SyncDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
            return; // NTFS journals its metadata; a directory handle cannot be flushed.
        int descriptor = Unix.Open(path, OpenReadOnly);
        if (descriptor < 0)
            throw LastError();
        try
        {
            Retry(descriptor, static d => Unix.FSync(d));
        }
        finally
        {
            _ = Unix.Close(descriptor);
        }
    }

    public static void Rename(string from, string to)
    {
        Debug.Assert(from != to, "a file gets another name");
        if (OperatingSystem.IsWindows())
            RenameWindows(from, to);
        else if (Unix.Rename(from, to) != 0)
            throw LastError();
    }

    /// <summary>Sets disk aside for a file without changing its length. Does nothing where the
    /// system or the file system has no such call; a disk that has not so much throws.</summary>
    public static void Reserve(SafeFileHandle handle, long bytes)
    {
        Debug.Assert(bytes > 0, "nothing needs no reservation");
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess)
            return;
        while (Unix.FAllocate((int)handle.DangerousGetHandle(), KeepSize, 0, bytes) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno is ErrnoNoSpace or ErrnoQuota or ErrnoIo)
                throw LastError();
            if (errno != ErrnoInterrupted)
                return;
        }
    }

    /// <summary>The path with every symbolic link resolved, as the name of a directory that two
    /// spellings share.</summary>
    public static string RealPath(string path)
    {
        if (OperatingSystem.IsWindows())
            return Path.GetFullPath(path);
        nint resolved = Unix.RealPath(path, 0);
        if (resolved == 0)
            throw LastError();
        string text = Marshal.PtrToStringUTF8(resolved)!;
        Unix.Free(resolved);
        return text;
    }

    private static void Retry(int descriptor, Func<int, int> call)
    {
        while (call(descriptor) != 0)
        {
            if (Marshal.GetLastPInvokeError() != ErrnoInterrupted)
                throw LastError();
        }
    }

    private static IOException LastError()
    {
        int errno = Marshal.GetLastPInvokeError();
        return new IOException(new Win32Exception(errno).Message, errno);
    }

    private static class Unix
    {
        [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
        internal static extern int FSync(int descriptor);

        [DllImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
        internal static extern int FDataSync(int descriptor);

        [DllImport("libc", EntryPoint = "fcntl", SetLastError = true)]
        internal static extern int FControl(int descriptor, int command);

        [DllImport("libc", EntryPoint = "fallocate", SetLastError = true)]
        internal static extern int FAllocate(int descriptor, int mode, long offset, long bytes);

        [DllImport("libc", EntryPoint = "open", SetLastError = true)]
        internal static extern int Open(
            [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

        [DllImport("libc", EntryPoint = "close", SetLastError = true)]
        internal static extern int Close(int descriptor);

        [DllImport("libc", EntryPoint = "rename", SetLastError = true)]
        internal static extern int Rename(
            [MarshalAs(UnmanagedType.LPUTF8Str)] string from,
            [MarshalAs(UnmanagedType.LPUTF8Str)] string to);

        [DllImport("libc", EntryPoint = "realpath", SetLastError = true)]
        internal static extern nint RealPath(
            [MarshalAs(UnmanagedType.LPUTF8Str)] string path, nint buffer);

        [DllImport("libc", EntryPoint = "free")]
        internal static extern void Free(nint block);
    }
}
