// The system calls that a child needs to harm itself: limits, protections, a thread's number.
// Linux on 64 bits only; the tests that start such a child look before they do.
// Threads: any.

using System.ComponentModel;
using System.Runtime.InteropServices;

namespace LsmMmap.Real.Child;

internal static unsafe class NativeCalls
{
    public const long PageBytes = 4096;

    private const int LimitCore = 4;
    private const int LimitFiles = 7;
    private const int ProtectNone = 0;
    private const int ProtectRead = 1;
    private const int ProtectReadWrite = 3;
    private const int MapShared = 1;
    private const int MapPrivate = 2;
    private const int MapFixed = 0x10;
    private const int MapAnonymous = 0x20;
    private const int MapNoReserve = 0x4000;
    private const int CallGetThreadId = 186;
    private const int CallGetThreadIdArm = 178;

    public static int ThreadId => (int)CallSystem(
        RuntimeInformation.ProcessArchitecture == Architecture.Arm64
            ? CallGetThreadIdArm : CallGetThreadId);

    public static void ForbidCoreFiles()
    {
        if (OperatingSystem.IsLinux())
            SetLimit(LimitCore, 0);
    }

    /// <summary>How many files may be open; the earlier limit is returned.</summary>
    public static ulong SetFilesMax(ulong count)
    {
        if (GetLimitOf(LimitFiles, out Limit limit) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        SetLimit(LimitFiles, count);
        return limit.Soft;
    }

    /// <summary>Takes away every right to a range of whole pages, and what is in it.</summary>
    public static void ReplaceByNothing(nint address, long bytes)
    {
        nint got = Map(
            address, (nuint)bytes, ProtectNone,
            MapPrivate | MapAnonymous | MapFixed | MapNoReserve, -1, 0);
        if (got != address)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    public static nint AllocatePages(long bytes)
    {
        nint got = Map(0, (nuint)bytes, ProtectReadWrite, MapPrivate | MapAnonymous, -1, 0);
        return got != -1 ? got : throw new InsufficientMemoryException();
    }

    public static void FreePages(nint address, long bytes)
    {
        if (Unmap(address, (nuint)bytes) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    /// <summary>Puts pages there of a file that has lost them: reading them raises SIGBUS, as
    /// reading a page does that the disk cannot deliver.</summary>
    public static void MakeUnreadable(nint address, long bytes)
    {
        string path = Path.GetTempFileName();
        using FileStream file = File.Open(path, FileMode.Open);
        File.Delete(path);
        file.SetLength(bytes);
        nint got = Map(
            address, (nuint)bytes, ProtectRead, MapShared | MapFixed,
            (int)file.SafeFileHandle.DangerousGetHandle(), 0);
        if (got != address)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        file.SetLength(0);
    }

    public static void Truncate(string path, long bytes)
    {
        if (TruncateFile(path, bytes) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    private static void SetLimit(int what, ulong soft)
    {
        if (GetLimitOf(what, out Limit limit) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        limit.Soft = Math.Min(soft, limit.Hard);
        if (SetLimitOf(what, limit) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [DllImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static extern int GetLimitOf(int what, out Limit limit);

    [DllImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static extern int SetLimitOf(int what, in Limit limit);

    [DllImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static extern nint Map(
        nint address, nuint bytes, int protection, int flags, int file, long offset);

    [DllImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static extern int Unmap(nint address, nuint bytes);

    [DllImport("libc", EntryPoint = "truncate", SetLastError = true)]
    private static extern int TruncateFile(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string path, long bytes);

    [DllImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static extern long CallSystem(long number);

    private struct Limit
    {
        public ulong Soft;
        public ulong Hard;
    }
}
