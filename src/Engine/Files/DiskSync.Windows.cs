// The Windows twin of DiskSync: FlushFileBuffers and MoveFileEx with write-through. Written from
// their documentation; not run on a Windows machine yet.

using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LsmMmap.Engine.Files;

internal static partial class DiskSync
{
    private const int MoveReplaceExisting = 1;
    private const int MoveWriteThrough = 8;

    private static void SyncFileWindows(SafeFileHandle handle, string path)
    {
        if (!Windows.FlushFileBuffers(handle))
            throw LastWindowsError(path);
    }

    private static void RenameWindows(string from, string to)
    {
        if (!Windows.MoveFileEx(from, to, MoveReplaceExisting | MoveWriteThrough))
            throw LastWindowsError(from);
    }

    private static IOException LastWindowsError(string path)
    {
        int error = Marshal.GetLastPInvokeError();
        return new IOException(
            $"{path}: {new Win32Exception(error).Message}", unchecked((int)0x80070000) | error);
    }

    private static class Windows
    {
        [DllImport("kernel32", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool FlushFileBuffers(SafeFileHandle handle);

        [DllImport("kernel32", EntryPoint = "MoveFileExW", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool MoveFileEx(
            [MarshalAs(UnmanagedType.LPWStr)] string from,
            [MarshalAs(UnmanagedType.LPWStr)] string to, int flags);
    }
}
