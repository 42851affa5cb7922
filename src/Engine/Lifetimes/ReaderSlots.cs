// What each thread is reading at this moment. Readers must not write a cache line that another
// core reads or writes on its hot path, so there is no shared counter: every thread owns one
// padded row of entries and publishes there the id of the object it is about to read. The
// reclaimer, which runs rarely, pays for it by asking all cores for a memory barrier and then
// looking into every row.
//
// The protocol of a reader: publish the id of the current object, then read the current pointer
// again; when it is still the same, the object cannot be reclaimed until the entry changes,
// because the reclaimer looks at the rows after the pointer moved and after the barrier.
// An entry may be narrowed from an outer owner (the read state) to an inner one (the table that
// the value lies in): the row always names at least one of the two.
//
// Entries 0 to 7 serve pinned values, which live as long as the caller likes; entry 8 serves
// calls that copy and is free again when they return. A forgotten pinned value therefore keeps
// at most eight objects of its thread. Each entry has a generation, so that a stale or copied
// handle is told from a live one.
//
// Threads: a row is written by its thread alone (a pinned value is a ref struct and cannot
// leave it) and read by the reclaimer. The registry holds rows weakly: when a thread is gone and
// no value points to its row, nobody can be reading through it.

using System.Diagnostics;
using System.Numerics;
using LsmMmap.Engine.Waiting;
using LsmMmap.Sstable.Caching;

namespace LsmMmap.Engine.Lifetimes;

internal sealed class ReaderSlots
{
    /// <summary>The entry for calls that hold nothing when they return.</summary>
    public const int CallEntry = 8;

    private const int EntryCount = 9;
    private const uint AllFree = 0xFF;

    // 128 bytes before and after the entries keep neighbours off their cache lines.
    private const int PadLongs = 16;

    private static readonly Gate s_registryLock = new(isOfProcess: true);
    private static readonly List<WeakReference<ReaderSlots>> s_registry = [];
    private static long s_copyCount;

    [ThreadStatic]
    private static ReaderSlots? t_current;

    private readonly long[] _owners = new long[PadLongs + EntryCount + PadLongs];
    private readonly uint[] _generations = new uint[EntryCount];
    private readonly InflatedBlock?[] _blocks = new InflatedBlock?[EntryCount];
    private uint _free = AllFree;

    private ReaderSlots() { }

    /// <summary>Whether the thread's last lookup found its key: lookups guess that the next one
    /// does as the last one did.</summary>
    public bool ExpectsHit { get; set; }

    /// <summary>The row of the calling thread.</summary>
    public static ReaderSlots Current => t_current ?? Register();

    /// <summary>Pinned values that the calling thread has not given back.</summary>
    public static int HeldByThisThread =>
        t_current is { } row ? BitOperations.PopCount(AllFree & ~row._free) : 0;

    /// <summary>Pinned reads that had to copy because all eight entries were taken.</summary>
    public static long CopyCount => Volatile.Read(ref s_copyCount);

    /// <summary>A row that belongs to one copied value alone and pins nothing: it gives the copy
    /// the same stale-handle check as a pinned one has.</summary>
    public static ReaderSlots ForCopy(out int entry)
    {
        Interlocked.Increment(ref s_copyCount);
        var row = new ReaderSlots();
        entry = row.Take();
        return row;
    }

    /// <summary>A free entry for a pinned value; <see cref="CallEntry"/> when there is
    /// none.</summary>
    public int Take()
    {
        Debug.Assert((_free & ~AllFree) == 0, "pinned values use eight entries");
        if (_free == 0)
            return CallEntry;
        int entry = BitOperations.TrailingZeroCount(_free);
        _free &= _free - 1;
        return entry;
    }

    /// <summary>From here on the entry names this owner.</summary>
    public void Publish(int entry, long ownerId) =>
        Volatile.Write(ref _owners[PadLongs + entry], ownerId);

    /// <summary>The entry holds a counted block from here on, and no longer needs its
    /// owner.</summary>
    public void Hold(int entry, InflatedBlock block)
    {
        Debug.Assert(_blocks[entry] == null, "an entry holds one block");
        _blocks[entry] = block;
        Publish(entry, 0);
    }

    public uint Generation(int entry) => _generations[entry];

    /// <summary>Ends what the entry pins, and every handle to it.</summary>
    public void Free(int entry)
    {
        Debug.Assert(entry == CallEntry || (_free & (1u << entry)) == 0, "freed once");
        InflatedBlock? block = _blocks[entry];
        if (block != null)
        {
            _blocks[entry] = null;
            block.Release();
        }
        _generations[entry]++;
        Publish(entry, 0);
        if (entry != CallEntry)
            _free |= 1u << entry;
    }

    /// <summary>Adds the id in every entry of every row to the set. Requires: the caller issued
    /// a process-wide barrier after retiring what it asks about.</summary>
    internal static void CollectPinned(HashSet<long> ids)
    {
        using (s_registryLock.Hold())
        {
            AssertInvariants();
            for (int i = s_registry.Count - 1; i >= 0; i--)
            {
                if (s_registry[i].TryGetTarget(out ReaderSlots? row))
                    row.AddTo(ids);
                else
                    s_registry.RemoveAt(i);
            }
        }
    }

    private static ReaderSlots Register()
    {
        Debug.Assert(t_current == null, "a thread has one row");
        var row = new ReaderSlots();
        using (s_registryLock.Hold())
        {
            AssertInvariants();
            s_registry.Add(new WeakReference<ReaderSlots>(row));
        }
        t_current = row;
        return row;
    }

    [Conditional("DEBUG")]
    private static void AssertInvariants() =>
        Debug.Assert(s_registryLock.IsHeld, "the registry is under its lock");

    private void AddTo(HashSet<long> ids)
    {
        for (int entry = 0; entry < EntryCount; entry++)
        {
            long id = Volatile.Read(ref _owners[PadLongs + entry]);
            if (id != 0)
                ids.Add(id);
        }
    }
}
