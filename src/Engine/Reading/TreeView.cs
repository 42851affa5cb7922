// What a reader sees of one keyspace: the memtable that takes writes, the frozen ones, newest
// first, and the version. Immutable; every change of the tree makes a new one. Holds a counted
// reference on each part, and is itself counted by the read states that show it.

using System.Diagnostics;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Reading;

internal sealed class TreeView
{
    private readonly bool _hasOlderRanges;
    private readonly bool _hasOlderExpiring;
    private readonly TimeProvider _clock;
    private int _references = 1;

    /// <summary>Adds a reference to every part.</summary>
    public TreeView(
        int keyspaceId, LiveMemTable active, LiveMemTable[] frozen, TreeVersion version,
        TimeProvider clock)
    {
        Debug.Assert(active.Table.KeyspaceId == keyspaceId, "a memtable belongs to one keyspace");
        KeyspaceId = keyspaceId;
        _clock = clock;
        Active = active;
        Frozen = frozen;
        Version = version;
        active.AddReference();
        foreach (LiveMemTable memTable in frozen)
            memTable.AddReference();
        Debug.Assert(Array.IndexOf(frozen, active) < 0, "the active memtable is not frozen");
        version.AddReference();
        _hasOlderRanges = version.HasRanges
            || Array.Exists(frozen, static memTable => !memTable.Table.Ranges.IsEmpty);
        _hasOlderExpiring = version.HasExpiring
            || Array.Exists(frozen, static memTable => memTable.Table.HasExpiring);
    }

    public int KeyspaceId { get; }

    public LiveMemTable Active { get; }

    /// <summary>Newest first.</summary>
    public LiveMemTable[] Frozen { get; }

    public TreeVersion Version { get; }

    /// <summary>Whether any part may hold a range tombstone that a reader sees. Asked after the
    /// reader has its sequence.</summary>
    public bool HasRanges => _hasOlderRanges || !Active.Table.Ranges.IsEmpty;

    /// <summary>Whether any part may hold an entry that expires and that a reader sees. Asked
    /// after the reader has its sequence.</summary>
    public bool HasExpiring => _hasOlderExpiring || Active.Table.HasExpiring;

    /// <summary>The time by which entries are over, in milliseconds of Unix time.</summary>
    public long NowMs => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>The newest range tombstone over a key at or below a sequence, of all parts; 0 when
    /// there is none. May read those of the tables.</summary>
    public ulong Covering(ReadOnlySpan<byte> key, ulong sequence)
    {
        ulong newest = Active.Table.Ranges.Covering(key, sequence);
        foreach (LiveMemTable memTable in Frozen)
            newest = Math.Max(newest, memTable.Table.Ranges.Covering(key, sequence));
        foreach (RangeRun run in Version.RangeRuns)
            newest = Math.Max(newest, run.Ranges.Covering(key, sequence));
        return newest;
    }

    public void AddReference()
    {
        int count = Interlocked.Increment(ref _references);
        Debug.Assert(count > 1, "a dead view was referenced again");
    }

    public void Release()
    {
        int count = Interlocked.Decrement(ref _references);
        Debug.Assert(count >= 0, "released once too often");
        if (count > 0)
            return;
        Active.Release();
        foreach (LiveMemTable memTable in Frozen)
            memTable.Release();
        Version.Release();
    }
}
