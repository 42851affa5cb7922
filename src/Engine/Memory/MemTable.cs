// What was written to one keyspace since its last flush: a contract over three parts that share
// one arena. A key lies in a KeyCell with its versions; OrderedIndex gives the order of the cells,
// KeyIndex the cell of a key, Arena the bytes. An overwrite adds a version to the cell and touches
// neither index.
//
// Nothing native exists before the first Add, so that thousands of idle keyspaces cost a small
// object each. Add, TryGet and the moves of a cursor do not allocate on the managed heap.
//
// Visibility is decided by tags, above this room: a reader asks for the newest entry at or below
// its tag. That is exact for a reader whose sequence was published after the Adds up to it had
// returned, which is the order in which the store publishes. See OrderedIndex and KeyIndex.
//
// Threads: one thread adds at a time; any thread reads at any time; nobody waits. The counters may
// be read by any thread and are exact for the writer.
// Lifetime: whoever holds bytes or entries of the memtable also keeps the memtable reachable (the
// arena's finalizer frees them otherwise) and undisposed. Dispose frees at once and trusts the
// caller that no reader is left.

using System.Diagnostics;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Engine.Memory;

internal sealed unsafe class MemTable : IDisposable
{
    private Arena? _arena;
    private KeyIndex? _keys;

    /// <summary>Published last of the three parts: who sees it sees the others.</summary>
    private OrderedIndex? _order;

    private long _dataBytes;
    private long _entryCount;
    private ulong _smallestSequence;
    private ulong _largestSequence;
    private bool _isDisposed;
    private bool _hasExpiring;

    /// <summary>Whether the last Add brought a new key. The writer's guess about the next one.
    /// </summary>
    private bool _lastWasNew = true;

    private int _writerCount;
    private RangeTombstones _ranges = RangeTombstones.None;
    private long _rangeBytes;

    // Added, and not published yet. By the one writer.
    private List<RangeFragment>? _newRanges;

    private readonly long _expectedKeys;

    /// <summary>An empty memtable, without native memory. The first Add makes room for the
    /// expected keys; more may come.</summary>
    public MemTable(int keyspaceId, long expectedKeys = 0)
    {
        KeyspaceId = keyspaceId;
        _expectedKeys = expectedKeys;
    }

    /// <summary>The keyspace whose entries these are.</summary>
    public int KeyspaceId { get; }

    /// <summary>Native bytes held, for the memory budget, and what the range tombstones take.
    /// 0 before the first Add.</summary>
    public long AllocatedBytes =>
        (Volatile.Read(ref _arena)?.AllocatedBytes ?? 0) + Volatile.Read(ref _rangeBytes);

    /// <summary>Keys, values and 8 bytes of tag an entry: compare with the flush size.</summary>
    public long DataBytes => Volatile.Read(ref _dataBytes);

    /// <summary>Entries, every version counted; without range tombstones.</summary>
    public long EntryCount => Volatile.Read(ref _entryCount);

    /// <summary>Different keys.</summary>
    public long KeyCount => EntryCount == 0 ? 0 : _keys!.Count;

    /// <summary>Whether nothing is readable yet.</summary>
    public bool IsEmpty => EntryCount == 0 && Ranges.IsEmpty;

    /// <summary>Whether an entry was added that expires.</summary>
    public bool HasExpiring => Volatile.Read(ref _hasExpiring);

    /// <summary>The range tombstones, as of now.</summary>
    public RangeTombstones Ranges => Volatile.Read(ref _ranges);

    /// <summary>The smallest sequence added; 0 when empty.</summary>
    public ulong SmallestSequence => Volatile.Read(ref _smallestSequence);

    /// <summary>The largest sequence added; 0 when empty.</summary>
    public ulong LargestSequence => Volatile.Read(ref _largestSequence);

    /// <summary>The order for cursors; null while empty.</summary>
    internal OrderedIndex? Order
    {
        get
        {
            Debug.Assert(!_isDisposed, "nobody reads a disposed memtable");
            return Volatile.Read(ref _order);
        }
    }

    /// <summary>
    /// Adds one entry; it is readable when this returns. Requires: one writer at a time, lengths
    /// within the limits, a (key, tag) pair that was never added. Throws OutOfMemoryException,
    /// and then the entry is absent.
    /// </summary>
    public void Add(ReadOnlySpan<byte> userKey, ulong tag, ReadOnlySpan<byte> value)
    {
        Debug.Assert(userKey.Length <= InternalKey.UserKeyBytesMax, "the key was checked above");
        Debug.Assert(value.Length <= InternalKey.ValueBytesMax, "the value was checked above");
        PublishRanges();
        EnterWriter();
        // Before the entry: whoever sees it sees the mark.
        if (!_ranges.IsEmpty)
            _ranges.Note(userKey, EntryTag.Sequence(tag));
        if (EntryTag.Kind(tag) == ValueKind.PutWithExpiry)
            Volatile.Write(ref _hasExpiring, true);
        OrderedIndex order = _order ?? CreateParts();
        KeyIndex keys = _keys!;
        ulong hash = InternalKey.Hash(userKey);
        keys.MakeRoom();
        keys.Prefetch(hash);
        order.MakeRoom();
        // Both ways lead to memory that is in no cache as a rule: taken at the same time, they
        // cost one wait. After an overwrite an overwrite is likelier, which needs no place.
        bool isLocated = _lastWasNew;
        if (isLocated)
            order.Locate(userKey);
        KeyCell* cell = keys.FindForAdd(userKey, hash, out ulong* slot);
        _lastWasNew = cell == null;
        if (cell != null)
        {
            AddVersion(cell, tag, value);
        }
        else
        {
            uint reference = NewCell(userKey, tag, value);
            if (!isLocated)
                order.Locate(userKey);
            order.Insert(userKey, reference);
            // After the order: whoever finds the key by its hash finds it in the order too.
            keys.Publish(slot, hash, reference);
        }

        Count(userKey.Length + value.Length + sizeof(ulong), EntryTag.Sequence(tag));
        Volatile.Write(ref _entryCount, _entryCount + 1);
        LeaveWriter();
    }

    /// <summary>Asks for what the Add of this key will wait for, if that comes soon. The writer.
    /// </summary>
    public void PrefetchForAdd(ReadOnlySpan<byte> userKey)
    {
        if (_order is not { } order)
            return;
        Debug.Assert(_keys != null, "both parts are made together");
        _keys.Prefetch(InternalKey.Hash(userKey));
        if (_lastWasNew)
            order.Prefetch(userKey);
    }

    /// <summary>
    /// Adds a range tombstone. Nobody sees it before PublishRanges, which the next Add calls too.
    /// Requires: those that are published together become visible together, so that the newest
    /// over a key is all that a reader needs.
    /// </summary>
    public void AddRange(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, ulong sequence)
    {
        Debug.Assert(sequence > _largestSequence, "a range tombstone is newer than what is there");
        EnterWriter();
        (_newRanges ??= []).Add(
            new RangeFragment(from.ToArray(), RangeTombstones.EndOf(to), [sequence]));
        Count(from.Length + to.Length + sizeof(ulong), sequence);
        LeaveWriter();
    }

    /// <summary>
    /// Makes the range tombstones that were added readable. The list is copied, and the copy
    /// counts as data: a memtable that holds many of them is full before copying costs much.
    /// </summary>
    public void PublishRanges()
    {
        if (_newRanges is not { Count: > 0 } added)
            return;
        EnterWriter();
        RangeTombstones newer = added.Count == 1
            ? RangeTombstones.OfOrdered([added[0]]) : RangeTombstones.NewestOf(added);
        RangeTombstones grown = _ranges.With(newer, out long madeBytes);
        added.Clear();
        Volatile.Write(ref _dataBytes, _dataBytes + madeBytes);
        Volatile.Write(ref _rangeBytes, _rangeBytes + madeBytes);
        // Publication: release, before the sequence is.
        Volatile.Write(ref _ranges, grown);
        LeaveWriter();
    }

    /// <summary>
    /// The newest entry of the key with a tag of at most <paramref name="seekTag"/>, a tombstone
    /// too. <paramref name="hash"/> is InternalKey.Hash of the key. The value stays valid as long
    /// as the caller keeps the memtable.
    /// </summary>
    public bool TryGet(
        ReadOnlySpan<byte> userKey, ulong hash, ulong seekTag, out ulong tag,
        out NativeSlice value)
    {
        Debug.Assert(hash == InternalKey.Hash(userKey), "the hash belongs to the key");
        OrderedIndex? order = Order;
        KeyCell* cell = order == null ? null : _keys!.Find(userKey, hash);
        EntryVersion* version = cell == null
            ? null : KeyCell.AtOrBelow(cell, seekTag, order!.Arena);
        if (version == null)
        {
            tag = 0;
            value = default;
            return false;
        }

        // Safety: entries live as long as the arena, which this object keeps up to the line below
        // and the caller after it.
        tag = version->Tag;
        value = EntryVersion.Value(version);
        GC.KeepAlive(this);
        return true;
    }

    /// <summary>Asks for what a lookup of this hash will read first.</summary>
    public void Prefetch(ulong hash)
    {
        Debug.Assert(!_isDisposed, "whoever reads a memtable keeps it");
        if (Order != null)
            _keys!.Prefetch(hash);
        GC.KeepAlive(this);
    }

    /// <summary>
    /// Frees the native memory. Requires: no reader is left, and none comes. A second call does
    /// nothing. The counters keep their values, except AllocatedBytes.
    /// </summary>
    public void Dispose()
    {
        Debug.Assert(_writerCount == 0, "nobody adds to a memtable that is disposed");
        _isDisposed = true;
        _arena?.Dispose();
    }

    private uint NewCell(ReadOnlySpan<byte> userKey, ulong tag, ReadOnlySpan<byte> value)
    {
        long bytes = KeyCell.SizeOf(userKey.Length, value.Length);
        // Safety: the run has room for exactly this cell with its first version.
        KeyCell* cell = (KeyCell*)_arena!.Allocate(bytes, out uint reference);
        KeyCell.Fill(cell, reference, userKey, tag, value);
        return reference;
    }

    private void AddVersion(KeyCell* cell, ulong tag, ReadOnlySpan<byte> value)
    {
        // Safety: the run has room for exactly this version.
        EntryVersion* version = (EntryVersion*)_arena!.Allocate(
            sizeof(EntryVersion) + (long)value.Length, out uint reference);
        EntryVersion.Fill(version, tag, value);
        KeyCell.Push(cell, version, reference, _arena);
    }

    private OrderedIndex CreateParts()
    {
        Debug.Assert(_order == null, "the parts are made once");
        Debug.Assert(!_isDisposed, "nobody adds to a disposed memtable");
        // The arena remains when a part cannot be made, so that Dispose finds it.
        Arena arena = _arena ?? new Arena();
        Volatile.Write(ref _arena, arena);
        OrderedIndex order = new(arena);
        _keys = new KeyIndex(arena, _expectedKeys);
        // Publication: release, so that a reader who sees the order sees the keys.
        Volatile.Write(ref _order, order);
        return order;
    }

    private void Count(int bytes, ulong sequence)
    {
        if (_largestSequence == 0 || sequence < _smallestSequence)
            Volatile.Write(ref _smallestSequence, sequence);
        if (sequence > _largestSequence)
            Volatile.Write(ref _largestSequence, sequence);
        Volatile.Write(ref _dataBytes, _dataBytes + bytes);
    }

    [Conditional("DEBUG")]
    private void EnterWriter()
    {
        Debug.Assert(!_isDisposed, "nobody adds to a disposed memtable");
        Debug.Assert(Interlocked.Increment(ref _writerCount) == 1, "one writer at a time");
    }

    [Conditional("DEBUG")]
    private void LeaveWriter() => Interlocked.Decrement(ref _writerCount);
}
