// How a table's pages come into memory and whether they are there: advice, populating a mapping,
// and questions to the kernel that .NET has no equivalent for. Where a system has no such call,
// advice does nothing, populating leaves the work to the first touch, and the answer to a question
// is "not known".
//
// Populate waits for the disk, so its call must never be marked SuppressGCTransition: a thread
// that waits without the transition stops the garbage collector of the whole process.
//
// Tested on Linux; the other systems take the paths that do nothing.
// Threads: any. Source: madvise(2), posix_fadvise(2), preadv2(2), cachestat(2).

using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LsmMmap.Engine.Files;

internal static unsafe class PageCache
{
    private const int PageBytes = 4096;
    private const int ErrnoInterrupted = 4;
    private const int ErrnoIo = 5;
    private const int ErrnoFault = 14;
    private const int ErrnoInvalid = 22;
    private const int ErrnoPoisoned = 133;
    private const int AdviceRandom = 1;
    private const int AdviceWillNeed = 3;
    private const int AdvicePopulateRead = 22;
    private const long AdviceBytes = 128 * 1024;
    private const int NoWait = 8;
    private const int CacheStat = 451;
    private const int ProbeBytes = 64 * 1024;

    private static readonly bool s_canPopulate = CanPopulate();
    private static readonly bool s_canProbe =
        OperatingSystem.IsLinux() && Environment.Is64BitProcess && HasProbe();

    [ThreadStatic]
    private static byte[]? t_probe;

    /// <summary>Tells the kernel not to read ahead of random faults. Advice: failure is
    /// ignored.</summary>
    public static void AdviseRandom(byte* address, long bytes)
    {
        Debug.Assert(address != null, "advice is about a mapping");
        // Safety: the caller owns the mapping; advice changes no byte of it.
        if (!OperatingSystem.IsWindows())
            _ = Unix.MAdvise((nint)address, (nuint)bytes, AdviceRandom);
    }

    /// <summary>The same for positioned reads of a file.</summary>
    public static void AdviseRandom(SafeFileHandle handle) =>
        Advise(handle, 0, 0, AdviceRandom);

    /// <summary>Starts to read a range of a file into memory and returns.</summary>
    public static void AdviseWillNeed(SafeFileHandle handle, long offset, long bytes)
    {
        Debug.Assert(bytes > 0, "a length of 0 would mean the rest of the file");
        // Of one call the kernel may read no more than its own read-ahead would.
        for (long done = 0; done < bytes; done += AdviceBytes)
            Advise(handle, offset + done, Math.Min(AdviceBytes, bytes - done), AdviceWillNeed);
    }

    /// <summary>Makes a range of a mapping resident, or says that the system could not read it.
    /// True also where the system has no such call: then the first touch is an ordinary fault.
    /// </summary>
    public static bool Populate(byte* address, long bytes)
    {
        if (!s_canPopulate)
            return true;
        const long Page = PageBytes;
        // Safety: the caller owns the mapping; both ends are widened to whole pages, which a
        // mapping always consists of.
        long start = (long)address & ~(Page - 1);
        nuint length = (nuint)((((long)address + bytes + Page - 1) & ~(Page - 1)) - start);
        if (length > (nuint)Page)
            _ = Unix.MAdvise((nint)start, length, AdviceWillNeed);
        int errno;
        do
        {
            if (Unix.MAdvise((nint)start, length, AdvicePopulateRead) == 0)
                return true;
            errno = Marshal.GetLastPInvokeError();
        }
        while (errno == ErrnoInterrupted);
        // Want of memory is not the disk's fault; the touch that follows finds out.
        return errno is not (ErrnoIo or ErrnoFault or ErrnoPoisoned);
    }

    /// <summary>Whether a positioned read of a range would not wait for the disk. Asked by such
    /// a read, told not to wait: the kernel's other answers are not for files of others.
    /// </summary>
    public static bool IsResident(SafeFileHandle handle, long offset, int bytes)
    {
        Debug.Assert(bytes > 0, "nothing is always there");
        if (!s_canProbe)
            return false;
        byte[] probe = t_probe ??= new byte[ProbeBytes];
        for (int done = 0; done < bytes;)
        {
            int count = Math.Min(bytes - done, probe.Length);
            if (ReadWithoutWaiting(handle, offset + done, probe.AsSpan(0, count)) != count)
                return false;
            done += count;
        }
        return true;
    }

    /// <summary>Bytes of a file that are in memory, in whole pages; -1 where the system does not
    /// tell (Linux does since 6.5).</summary>
    public static long ResidentBytes(SafeFileHandle handle)
    {
        if (!s_canProbe)
            return -1;
        bool added = false;
        try
        {
            handle.DangerousAddRef(ref added);
            var range = default(CacheRange);
            var found = default(CacheCounts);
            // Safety: both structures are this method's own and as large as the kernel's.
            long result = Unix.SystemCall(
                CacheStat, (uint)handle.DangerousGetHandle(), &range, &found, 0);
            return result == 0 ? (long)found.Cached * Environment.SystemPageSize : -1;
        }
        finally
        {
            if (added)
                handle.DangerousRelease();
        }
    }

    private static void Advise(SafeFileHandle handle, long offset, long bytes, int advice)
    {
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess)
            return;
        bool added = false;
        try
        {
            handle.DangerousAddRef(ref added);
            _ = Unix.FAdvise((int)handle.DangerousGetHandle(), offset, bytes, advice);
        }
        finally
        {
            if (added)
                handle.DangerousRelease();
        }
    }

    private static nint ReadWithoutWaiting(
        SafeFileHandle handle, long offset, Span<byte> destination)
    {
        bool added = false;
        try
        {
            handle.DangerousAddRef(ref added);
            // Safety: the span is pinned during the call, which writes inside it at most.
            fixed (byte* bytes = destination)
            {
                var part = new Part { Base = bytes, Length = (nuint)destination.Length };
                return Unix.PReadV2(
                    (int)handle.DangerousGetHandle(), &part, 1, offset, NoWait);
            }
        }
        finally
        {
            if (added)
                handle.DangerousRelease();
        }
    }

    /// <summary>Whether the system knows the call (Linux does since 5.14), asked once with memory
    /// that is surely there: what it says of a mapping later is about that mapping alone.
    /// </summary>
    private static bool CanPopulate()
    {
        if (!OperatingSystem.IsLinux())
            return false;
        // Safety: the page is ours from the allocation to the line that frees it.
        void* page = NativeMemory.AlignedAlloc(PageBytes, PageBytes);
        bool can = Unix.MAdvise((nint)page, PageBytes, AdvicePopulateRead) == 0
            || Marshal.GetLastPInvokeError() != ErrnoInvalid;
        NativeMemory.AlignedFree(page);
        return can;
    }

    /// <summary>Whether the C library has the call.</summary>
    private static bool HasProbe()
    {
        try
        {
            _ = Unix.PReadV2(-1, null, 0, 0, NoWait);
            return true;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    private struct Part
    {
        public byte* Base;
        public nuint Length;
    }

    private struct CacheRange
    {
        public ulong Offset;

        /// <summary>0 means to the end of the file.</summary>
        public ulong Length;
    }

    private struct CacheCounts
    {
        public ulong Cached;
        public ulong Dirty;
        public ulong Writeback;
        public ulong Evicted;
        public ulong RecentlyEvicted;
    }

    private static class Unix
    {
        [DllImport("libc", EntryPoint = "madvise", SetLastError = true)]
        internal static extern int MAdvise(nint address, nuint length, int advice);

        [DllImport("libc", EntryPoint = "posix_fadvise")]
        internal static extern int FAdvise(
            int descriptor, long offset, long bytes, int advice);

        [DllImport("libc", EntryPoint = "preadv2")]
        internal static extern nint PReadV2(
            int descriptor, Part* parts, int count, long offset, int flags);

        [DllImport("libc", EntryPoint = "syscall")]
        internal static extern long SystemCall(
            long number, uint descriptor, CacheRange* range, CacheCounts* found, uint flags);
    }
}
