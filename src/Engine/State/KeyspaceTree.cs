// One keyspace of an open store: its name, its options, its memtables and its version. Every
// field that changes is under the store's lock; readers never look here, they have the read
// state. The active memtable is filled by the write leader alone.

using System.Diagnostics;
using LsmMmap.Engine.Reading;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.State;

internal sealed class KeyspaceTree
{
    private readonly List<LiveMemTable> _frozen = [];
    private volatile bool _isDropped;
    private volatile KeyspaceOptions _options;

    /// <summary>Adopts the reference on the memtable and on the version.</summary>
    public KeyspaceTree(
        StoreState store, KeyspaceRecord record, KeyspaceOptions options, int slot,
        LiveMemTable active, TreeVersion version)
    {
        Store = store;
        Id = record.Id;
        Name = record.Name;
        FlushedSequence = record.FlushedSequence;
        Slot = slot;
        Active = active;
        Version = version;
        _options = options;
    }

    /// <summary>The store it belongs to.</summary>
    public StoreState Store { get; }

    public int Id { get; }

    public string Name { get; }

    /// <summary>Its place in the read state.</summary>
    public int Slot { get; }

    /// <summary>Once true, true for ever. Set by the write leader, so that the leader's own look
    /// at it is exact.</summary>
    public bool IsDropped => _isDropped;

    public KeyspaceOptions Options
    {
        get => _options;
        set => _options = value;
    }

    public LiveMemTable Active { get; private set; }

    public TreeVersion Version { get; private set; }

    /// <summary>Frozen memtables, oldest first: they are flushed in this order.</summary>
    public List<LiveMemTable> Frozen => _frozen;

    /// <summary>Entries up to it are in tables.</summary>
    public ulong FlushedSequence { get; private set; }

    /// <summary>Whether a flush runs: one at a time, so that edits commit in memtable order.
    /// </summary>
    public bool IsFlushing { get; set; }

    /// <summary>What is known of tables that lie whole under range tombstones.</summary>
    public CoveredState Covered { get; } = new();

    /// <summary>The oldest log that holds an entry of this keyspace which no table has; long
    /// max when there is none. A memtable being flushed may be left out.</summary>
    public long OldestLog(LiveMemTable? except = null)
    {
        foreach (LiveMemTable memTable in _frozen)
        {
            if (!ReferenceEquals(memTable, except) && memTable.FirstLog > 0)
                return memTable.FirstLog;
        }
        return Active.FirstLog > 0 ? Active.FirstLog : long.MaxValue;
    }

    /// <summary>Native bytes of memtables that no table has yet.</summary>
    public long UnflushedBytes()
    {
        long bytes = Active.Table.AllocatedBytes;
        foreach (LiveMemTable memTable in _frozen)
            bytes += memTable.Table.AllocatedBytes;
        return bytes;
    }

    public void Freeze(LiveMemTable next)
    {
        Debug.Assert(!Active.Table.IsEmpty, "an empty memtable needs no flush");
        Debug.Assert(next.Table.IsEmpty, "a new memtable holds nothing");
        Debug.Assert(!_isDropped, "a dropped keyspace takes no more writes");
        _frozen.Add(Active);
        Active = next;
    }

    /// <summary>A durable edit has put the oldest frozen memtable's entries into a table.
    /// </summary>
    public void Flushed(LiveMemTable memTable)
    {
        Debug.Assert(ReferenceEquals(_frozen[0], memTable), "memtables are flushed in order");
        FlushedSequence = Math.Max(FlushedSequence, memTable.Table.LargestSequence);
        _frozen.RemoveAt(0);
        memTable.Release();
    }

    public void Install(TreeVersion version)
    {
        Debug.Assert(!ReferenceEquals(Version, version), "a version is installed once");
        TreeVersion old = Version;
        Version = version;
        old.Release();
    }

    public void MarkDropped() => _isDropped = true;

    /// <summary>Lets go of memtables and version: the keyspace was dropped or the store is
    /// closing.</summary>
    public void ReleaseAll()
    {
        Active.Release();
        foreach (LiveMemTable memTable in _frozen)
            memTable.Release();
        _frozen.Clear();
        Version.Release();
    }

    public TreeView MakeView()
    {
        LiveMemTable[] frozen = [.. _frozen];
        Array.Reverse(frozen);
        return new TreeView(
            Id, Active, frozen, Version, Store.Services.Options.TimeProvider);
    }
}

/// <summary>Where the look for covered tables of a keyspace stands. Under the store's lock.
/// </summary>
internal sealed class CoveredState
{
    /// <summary>Whether there may be some that nobody has looked for.</summary>
    public bool IsDue { get; set; }

    public bool IsRunning { get; set; }

    /// <summary>Whether a compaction had taken some when they were looked for.</summary>
    public bool IsHeldByWork { get; set; }

    /// <summary>Of each that a snapshot held back, one snapshot that did.</summary>
    public HashSet<ulong> HeldBy { get; } = [];
}
