// Native memory that lives and dies with one memtable. Allocation is a bump of a pointer; nothing
// is freed alone, everything is freed at once. The garbage collector never sees the bytes: a
// memtable of any size costs it one small object.
//
// Chunks grow 4 KiB, 16 KiB, 64 KiB, 256 KiB, then 1 MiB, so that a small keyspace stays small and
// a busy one calls the system rarely. A request above a quarter of the coming chunk gets a chunk
// of its own and leaves the current one open, so that at most a quarter of a chunk is ever wasted.
//
// A run of bytes has two names: its address, and a 32-bit reference (chunk number and offset in
// units of eight bytes) for structures where four bytes must do.
//
//   table:  [0] the table outgrown by this one   [1] chunk 1   [2] chunk 2 ...
//
// Invariants: every run is eight-byte aligned; reference 0 is never given out; a chunk stands in
// the table before any reference to it is given out; an outgrown table is freed with the chunks,
// never before, because a reader may still look into it.
// Threads: one thread allocates at a time. Resolve and AllocatedBytes may be called from any
// thread; Free may not overlap with anything.
// Ownership: Dispose frees. The finalizer is only a net under a memtable that was dropped without
// Dispose, since leaked native memory would never come back; it may run as soon as this object is
// unreachable, so whoever holds an address out of the arena also holds the arena (or its memtable).
// Source: the arena of LevelDB (util/arena.h), with growing chunks and short references.

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LsmMmap.Engine.Memory;

internal sealed unsafe class Arena : IDisposable
{
    /// <summary>Size of the first chunk in bytes.</summary>
    public const int ChunkBytesFirst = 4 * 1024;

    /// <summary>Size that chunks grow to, in bytes.</summary>
    public const int ChunkBytesMax = 1024 * 1024;

    /// <summary>Every run begins at a multiple of this, and references count in it: a reference
    /// plus one names what is this many bytes further on in the same run.</summary>
    public const int Alignment = 8;

    private const int ChunkGrowth = 4;

    /// <summary>Offsets in a shared chunk, in units of the alignment, fit these bits.</summary>
    private const int OffsetBits = 17;

    private const int OffsetMask = (1 << OffsetBits) - 1;

    /// <summary>
    /// Chunks that a reference can name. Behind the first few, a chunk stands for 256 KiB at
    /// least, so the limit lies beyond 8 GiB in one memtable.
    /// </summary>
    private const int ChunkCountMax = (1 << (32 - OffsetBits)) - 1;

    private const int TableSlotsFirst = 16;

    private static long s_processBytes;
    private static Func<nuint, nint>? s_allocate;
    private static Action<nint>? s_free;

    private nint _table;
    private int _tableSlots;
    private int _chunkCount;
    private int _chunkBytesNext = ChunkBytesFirst;
    private byte* _free;
    private byte* _freeEnd;
    private byte* _current;
    private int _currentNumber;
    private long _allocatedBytes;

    /// <summary>Makes an arena with room for the first few chunks but without any.</summary>
    public Arena()
    {
        Debug.Assert(
            ChunkBytesMax / Alignment <= 1 << OffsetBits, "every offset fits a reference");
        _tableSlots = TableSlotsFirst;
        _table = (nint)AllocateNative((nuint)(TableSlotsFirst * sizeof(nint)));
        // Safety: the table was just allocated with more than one slot.
        *(nint*)_table = 0;
    }

    ~Arena() => Free();

    /// <summary>Native bytes that all arenas of the process hold, for statistics.</summary>
    public static long ProcessBytes => Interlocked.Read(ref s_processBytes);

    /// <summary>For a test of lifetimes: chunks come from elsewhere and go back there, so that a
    /// freed one can be made inaccessible. Before the first arena of the process.</summary>
    internal static void TakeMemoryFrom(Func<nuint, nint> allocate, Action<nint> free)
    {
        Debug.Assert(ProcessBytes == 0, "no chunk goes back where it did not come from");
        s_allocate = allocate;
        s_free = free;
    }

    /// <summary>Native bytes held, the unused rest of chunks included. Any thread.</summary>
    public long AllocatedBytes => Volatile.Read(ref _allocatedBytes);

    /// <summary>
    /// Hands out bytes, eight-byte aligned and not cleared. Throws OutOfMemoryException, and then
    /// has changed nothing that a reader or a later call would notice.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* Allocate(long bytes, out uint reference)
    {
        Debug.Assert(_table != 0, "a freed arena hands out nothing");
        Debug.Assert(bytes is > 0 and <= int.MaxValue, "a run has at least one byte, below 2 GiB");
        long rounded = (bytes + (Alignment - 1)) & ~(long)(Alignment - 1);
        if (rounded > _freeEnd - _free)
            return AllocateElsewhere(rounded, out reference);

        // Safety: the line above checked that the run ends inside the chunk.
        byte* run = _free;
        _free += rounded;
        reference = ReferenceOf(_currentNumber, run - _current);
        return run;
    }

    /// <summary>A cleared run in a chunk of its own. A large one comes from the system as it is,
    /// so that nobody waits for memory that is not used yet. Throws as Allocate does.</summary>
    public byte* AllocateCleared(long bytes)
    {
        Debug.Assert(bytes is > 0 and <= int.MaxValue, "a run has at least one byte, below 2 GiB");
        return AddChunk(bytes, isCleared: true);
    }

    /// <summary>The address behind a reference that this arena gave out. Any thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* Resolve(uint reference)
    {
        Debug.Assert(reference >> OffsetBits != 0, "chunk numbers begin with one");
        // Safety: the reference was published after its chunk was put into a table and after that
        // table was published, so this read, which comes later, sees a table that has it.
        nint* table = (nint*)Volatile.Read(ref _table);
        return (byte*)table[reference >> OffsetBits]
            + (long)(reference & OffsetMask) * Alignment;
    }

    /// <summary>Frees everything. Requires: no reader is left. Idempotent.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private static uint ReferenceOf(int chunkNumber, long offset)
    {
        Debug.Assert(chunkNumber is > 0 and <= ChunkCountMax, "the chunk number fits its bits");
        Debug.Assert(offset % Alignment == 0, "runs are aligned");
        Debug.Assert(offset / Alignment <= OffsetMask, "the offset fits its bits");
        return ((uint)chunkNumber << OffsetBits) | (uint)(offset / Alignment);
    }

    private byte* AllocateElsewhere(long bytes, out uint reference)
    {
        int chunkBytes = _chunkBytesNext;
        bool isOwn = bytes > chunkBytes / 4;
        long newBytes = isOwn ? bytes : chunkBytes;
        byte* chunk = AddChunk(newBytes, isCleared: false);
        // A chunk of its own counts as growth too: else entries of 2 KiB would each get one for
        // ever.
        _chunkBytesNext = Math.Min(chunkBytes * ChunkGrowth, ChunkBytesMax);
        if (!isOwn)
        {
            _current = chunk;
            _currentNumber = _chunkCount;
            _free = chunk + bytes;
            _freeEnd = chunk + newBytes;
        }

        reference = ReferenceOf(_chunkCount, 0);
        return chunk;
    }

    private byte* AddChunk(long bytes, bool isCleared)
    {
        if (_chunkCount >= ChunkCountMax)
            ThrowFull();
        if (_chunkCount + 1 >= _tableSlots)
            GrowTable();

        byte* chunk = AllocateNative((nuint)bytes, isCleared);
        _chunkCount++;
        // Safety: the table has a slot for it, made above when it was missing. Publication: plain,
        // because the caller publishes the reference with a release after this write.
        ((nint*)_table)[_chunkCount] = (nint)chunk;
        return chunk;
    }

    private void GrowTable()
    {
        int slots = _tableSlots * 2;
        nint* larger = (nint*)AllocateNative((nuint)slots * (nuint)sizeof(nint));
        nint* smaller = (nint*)_table;
        // Safety: chunks 1.._chunkCount stand in the smaller table, and the larger one has twice
        // its slots.
        for (int number = 1; number <= _chunkCount; number++)
            larger[number] = smaller[number];
        larger[0] = (nint)smaller;
        _tableSlots = slots;
        // Publication: release, so that who sees the larger table sees what was copied to it.
        Volatile.Write(ref _table, (nint)larger);
    }

    private byte* AllocateNative(nuint bytes, bool isCleared = false)
    {
        byte* memory = s_allocate is { } allocate ? (byte*)allocate(bytes)
            : (byte*)(isCleared ? NativeMemory.AllocZeroed(bytes) : NativeMemory.Alloc(bytes));
        if (isCleared && s_allocate != null)
            NativeMemory.Clear(memory, bytes);
        Volatile.Write(ref _allocatedBytes, _allocatedBytes + (long)bytes);
        Interlocked.Add(ref s_processBytes, (long)bytes);
        return memory;
    }

    private static void FreeNative(void* memory)
    {
        // Safety: only what AllocateNative gave out comes here, once, by way of Free.
        if (s_free is { } free)
            free((nint)memory);
        else
            NativeMemory.Free(memory);
    }

    private void Free()
    {
        nint* table = (nint*)Interlocked.Exchange(ref _table, 0);
        if (table == null)
            return;

        // Safety: the exchange lets one caller through; Dispose requires that no reader is left,
        // and the finalizer runs when nobody can reach the arena. The newest table names every
        // chunk once, the chain in slot 0 every table once.
        for (int number = 1; number <= _chunkCount; number++)
            FreeNative((void*)table[number]);
        while (table != null)
        {
            nint* outgrown = (nint*)table[0];
            FreeNative(table);
            table = outgrown;
        }

        Interlocked.Add(ref s_processBytes, -_allocatedBytes);
        _chunkCount = 0;
        _free = _freeEnd = _current = null;
        Volatile.Write(ref _allocatedBytes, 0);
    }

    [DoesNotReturn]
    private static void ThrowFull() =>
        throw new InsufficientMemoryException(
            $"one memtable holds at most {ChunkCountMax} chunks of native memory");
}
