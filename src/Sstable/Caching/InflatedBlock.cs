// A native buffer with the payload of one block: inflated from LZ4, or copied by a positioned read.
// It is counted: whoever got it (from Rent, or from the cache) releases it once.
//
// Recycling. Objects go round through a small list per thread and a few places shared by all, so
// that neither hits nor misses allocate in steady state. An object keeps its type and its native
// memory for ever, so a thread may look at one that has long been recycled: it must first win a
// reference (never from zero) and then compare the key, which only changes while nobody but the
// renter holds one.
//
// Threads: the count and the key may be touched by any thread; the bytes are written by the renter
// before the key is set, and never change while the key stands.

using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Sstable.Caching;

internal sealed unsafe class InflatedBlock
{
    /// <summary>Larger buffers are freed rather than kept for the next.</summary>
    public const int PooledBytesMax = 1 << 20;

    /// <summary>What a freed block is filled with in checked builds.</summary>
    public const byte SpoiltByte = 0xDB;

    private const int PooledPerThread = 8;
    private const int PooledShared = 64;
    private const int LengthMin = 4096;

    private static readonly InflatedBlock?[] s_shared = new InflatedBlock?[PooledShared];

    [ThreadStatic]
    private static ThreadPoolOfBlocks t_pool;

    private byte* _bytes;
    private int _capacity;
    private int _references;
    private long _keyTable;
    private long _keyOffset;

    private InflatedBlock()
    {
    }

    // The finalizer runs when neither a pool, the cache nor a reader knows the object any more.
    ~InflatedBlock() => FreeBytes();

    public int Length { get; private set; }

    /// <summary>Native bytes behind it, for the cache's accounts.</summary>
    public int Capacity => _capacity;

    /// <summary>Set by the cache while the block is in it: a clock for eviction.</summary>
    public bool IsUsedLately { get; set; }

    /// <summary>The payload. Valid while the reference is held.</summary>
    public NativeSlice Slice
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        // Safety: Length was compared with the capacity; the holder's reference keeps the memory.
        get => new(_bytes, Length);
    }

    // Safety: likewise.
    public Span<byte> Span => new(_bytes, Length);

    /// <summary>
    /// A buffer of this length, of any content, with one reference that the caller releases.
    /// </summary>
    public static InflatedBlock Rent(int length)
    {
        Debug.Assert(length >= 0, "a block has no negative length");
        InflatedBlock block = t_pool.Take() ?? TakeShared() ?? new InflatedBlock();
        Debug.Assert(block._references == 0, "a pooled block has no holder");
        Debug.Assert(block._keyTable == 0, "a pooled block has no key");
        block.Reserve(length);
        block.Length = length;
        Volatile.Write(ref block._references, 1);
        return block;
    }

    /// <summary>
    /// Cuts the length, when a sealed block was read and only its payload counts.
    /// </summary>
    public void Truncate(int length)
    {
        Debug.Assert(length <= Length, "a block only gets shorter");
        Length = length;
    }

    /// <summary>Wins one more reference unless the last one is gone.</summary>
    public bool TryAddReference()
    {
        int count = Volatile.Read(ref _references);
        while (count > 0)
        {
            int seen = Interlocked.CompareExchange(ref _references, count + 1, count);
            if (seen == count)
                return true;
            count = seen;
        }
        return false;
    }

    /// <summary>Gives one reference back; the last one recycles the buffer.</summary>
    public void Release()
    {
        Debug.Assert(Volatile.Read(ref _references) > 0, "a reference is released once");
        // Nobody wins a reference from zero, so the block is ours alone from here; its key must be
        // gone before anyone can rent it.
        if (Interlocked.Decrement(ref _references) != 0)
            return;
        Volatile.Write(ref _keyTable, 0);
        Spoil();
        Recycle();
    }

    /// <summary>Names the content. Only the renter, before it shares the block.</summary>
    public void SetKey(long table, long offset)
    {
        Debug.Assert(table != 0, "zero stands for no key");
        Debug.Assert(_keyTable == 0, "a key is set once a rent");
        _keyOffset = offset;
        Volatile.Write(ref _keyTable, table);
    }

    /// <summary>
    /// Whether the content is this block. A hint without a reference, a fact with one.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool HasKey(long table, long offset) =>
        Volatile.Read(ref _keyTable) == table && _keyOffset == offset;

    /// <summary>Whether the content belongs to the table; a hint.</summary>
    public bool IsOfTable(long table) => Volatile.Read(ref _keyTable) == table;

    private void Reserve(int length)
    {
        long needed = (long)length + BlockView.SlackBytes;
        if (needed <= _capacity)
            return;
        if (needed > int.MaxValue)
            throw new InvalidOperationException($"a block of {length} bytes is too long to hold");
        long grown = needed;
        if (length <= PooledBytesMax / 2)
            grown = BitOperations.RoundUpToPowerOf2((uint)Math.Max(length, LengthMin))
                + BlockView.SlackBytes;
        // Safety: nobody else holds the block, so nobody else holds the old pointer.
        NativeMemory.Free(_bytes);
        _bytes = null;
        _capacity = 0;
        _bytes = (byte*)NativeMemory.Alloc((nuint)grown);
        _capacity = (int)grown;
    }

    /// <summary>In checked builds the bytes turn to nonsense with the last reference, so that
    /// whoever still reads them is noticed.</summary>
    [Conditional("DEBUG")]
    private void Spoil() => Span.Fill(SpoiltByte);

    private void Recycle()
    {
        IsUsedLately = false;
        if (_capacity > PooledBytesMax)
            FreeBytes();
        if (t_pool.TryPut(this))
            return;
        for (int i = 0; i < PooledShared; i++)
        {
            ref InflatedBlock? place = ref s_shared[i];
            if (place == null && Interlocked.CompareExchange(ref place, this, null) == null)
                return;
        }
        FreeBytes();
    }

    private static InflatedBlock? TakeShared()
    {
        for (int i = 0; i < PooledShared; i++)
        {
            ref InflatedBlock? place = ref s_shared[i];
            InflatedBlock? block = place == null ? null : Interlocked.Exchange(ref place, null);
            if (block != null)
                return block;
        }
        return null;
    }

    private void FreeBytes()
    {
        // Safety: called by the only holder or the finalizer; the pointer is forgotten.
        NativeMemory.Free(_bytes);
        _bytes = null;
        _capacity = 0;
        Length = 0;
    }

    /// <summary>The blocks that one thread keeps for itself.</summary>
    private struct ThreadPoolOfBlocks
    {
        private InflatedBlock?[]? _blocks;
        private int _count;

        public InflatedBlock? Take()
        {
            if (_count == 0)
                return null;
            InflatedBlock? block = _blocks![--_count];
            _blocks[_count] = null;
            return block;
        }

        public bool TryPut(InflatedBlock block)
        {
            if (_count == PooledPerThread)
                return false;
            _blocks ??= new InflatedBlock?[PooledPerThread];
            _blocks[_count++] = block;
            return true;
        }
    }
}
