// Memory with an inaccessible page on both sides: whoever reads a byte outside ends the process
// there and then, so that a touch too far cannot pass for luck. On systems other than Linux the
// memory is ordinary and such a touch may go unseen. One thread.

using System.Runtime.InteropServices;

namespace LsmMmap.Fuzz.Tests;

internal sealed unsafe class GuardedMemory : IDisposable
{
    private const int PageBytes = 4096;
    private const int ReadWrite = 3;
    private const int PrivateAnonymous = 0x22;

    private readonly byte* _whole;
    private readonly nuint _wholeBytes;
    private readonly int _bytes;

    public GuardedMemory(int bytes)
    {
        _bytes = (bytes + PageBytes - 1) / PageBytes * PageBytes;
        _wholeBytes = (nuint)_bytes + 2 * PageBytes;
        if (!OperatingSystem.IsLinux())
        {
            _whole = (byte*)NativeMemory.AlignedAlloc(_wholeBytes, PageBytes);
            return;
        }
        _whole = Map(null, _wholeBytes, ReadWrite, PrivateAnonymous, -1, 0);
        if (_whole == (byte*)-1 || Protect(_whole, PageBytes, 0) != 0
            || Protect(_whole + PageBytes + _bytes, PageBytes, 0) != 0)
            throw new InvalidOperationException("the system gives no guarded memory");
    }

    /// <summary>Copies the bytes to the very end, or to the very start, and says where.</summary>
    public byte* Place(ReadOnlySpan<byte> content, bool atEnd)
    {
        if (content.Length > _bytes)
            throw new ArgumentException($"{content.Length} bytes do not fit {_bytes}");
        byte* start = _whole + PageBytes + (atEnd ? _bytes - content.Length : 0);
        content.CopyTo(new Span<byte>(start, content.Length));
        return start;
    }

    public void Dispose()
    {
        if (OperatingSystem.IsLinux())
            _ = Unmap(_whole, _wholeBytes);
        else
            NativeMemory.AlignedFree(_whole);
    }

    [DllImport("libc", EntryPoint = "mmap")]
    private static extern byte* Map(
        void* address, nuint length, int protection, int flags, int descriptor, nint offset);

    [DllImport("libc", EntryPoint = "mprotect")]
    private static extern int Protect(void* address, nuint length, int protection);

    [DllImport("libc", EntryPoint = "munmap")]
    private static extern int Unmap(void* address, nuint length);
}
