// Native memory, and the wish that the kernel back large pieces of it by huge pages. A memtable is
// read and written at random: with pages of 4 KiB most of its cache misses also miss the table of
// translations, and its memory comes in thousands of page faults, each on a writer's path.
//
// Advice only: a kernel that has no huge page to give, or no such call, gives small ones.
// Threads: any. Source: madvise(2).

using System.Diagnostics;
using System.Runtime.InteropServices;
using LsmMmap.Engine.Files;

namespace LsmMmap.Engine.Memory;

internal static unsafe class HugePage
{
    /// <summary>Size and alignment of a huge page in bytes, on the systems that we know.</summary>
    public const int Bytes = 2 * 1024 * 1024;

    private const int SmallAlignment = 16;

    /// <summary>Memory that is not cleared.</summary>
    public static byte* Allocate(nuint bytes) => Allocate(bytes, SmallAlignment);

    /// <summary>The same, made of whole huge pages if the kernel has them. In many small pieces
    /// the alignment would leave holes between them: ask for few.</summary>
    public static byte* AllocateSlab(nuint bytes)
    {
        Debug.Assert(bytes % Bytes == 0, "a slab is made of whole huge pages");
        byte* slab = Allocate(bytes, Bytes);
        Advise(slab, bytes);
        return slab;
    }

    /// <summary>Cleared memory. A large piece comes from the system as it is, so that nobody
    /// waits for memory that is not used yet.</summary>
    public static byte* AllocateCleared(nuint bytes)
    {
        // The one way to free is AlignedFree, which elsewhere is free.
        if (OperatingSystem.IsWindows())
        {
            byte* cleared = Allocate(bytes);
            NativeMemory.Clear(cleared, bytes);
            return cleared;
        }
        byte* memory = (byte*)NativeMemory.AllocZeroed(bytes);
        Advise(memory, bytes);
        return memory;
    }

    public static void Free(void* memory) => NativeMemory.AlignedFree(memory);

    private static byte* Allocate(nuint bytes, nuint alignment)
    {
        Debug.Assert(bytes > 0, "nobody asks for nothing");
        return (byte*)NativeMemory.AlignedAlloc(bytes, alignment);
    }

    private static void Advise(byte* memory, nuint bytes)
    {
        // Safety: only whole huge pages inside the piece, which was just allocated, are named.
        nuint first = ((nuint)memory + Bytes - 1) & ~(nuint)(Bytes - 1);
        nuint end = ((nuint)memory + bytes) & ~(nuint)(Bytes - 1);
        if (first < end)
            PageCache.AdviseHuge((byte*)first, (long)(end - first));
    }
}
