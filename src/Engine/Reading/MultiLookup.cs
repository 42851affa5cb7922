// Many point lookups at once, over one view. Source by source, every key still open takes the same
// step before any takes the next one, and each step asks memory for what the next will need: the
// misses of some thirty keys overlap, where single lookups would wait for each in turn.
//
// The keys of a group go through the sources in PointLookup's order, so the first source that knows
// a key decides. Results point into memtables, mapped tables and counted blocks; the state that
// keeps them alive is held until Release.
//
// Cost: no allocation once the arrays have grown, one counted reference for all keys.
// Threads: one at a time.

using System.Diagnostics;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Mapping;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Engine.Reading;

internal sealed class MultiLookup
{
    // Enough to fill the core's queue of outstanding misses, few enough for the probes to stay
    // in its first cache.
    private const int GroupKeys = 32;

    private readonly TableProbe[] _probes = new TableProbe[GroupKeys];
    private readonly int[] _open = new int[GroupKeys];
    private Lookup[] _lookups = [];
    private byte[] _keys = [];
    private ReadState? _state;
    private ulong _seekTag;
    private long _nowMs;
    private int _count;
    private int _keyBytes;
    private int _openCount;

    public int Count => _count;

    /// <summary>Whether results are held.</summary>
    public bool HoldsResults => _state != null;

    /// <summary>Tells the results of one read from those of the next.</summary>
    public int Generation { get; private set; }

    /// <summary>Adds a key and returns its index. Requires: no results are held.</summary>
    public int Add(ReadOnlySpan<byte> key)
    {
        Debug.Assert(!HoldsResults, "keys are added between reads");
        if (_count == _lookups.Length)
            Array.Resize(ref _lookups, Math.Max(GroupKeys, 2 * _count));
        int end = checked(_keyBytes + key.Length);
        if (end > _keys.Length)
            Array.Resize(ref _keys, Math.Max(end, (int)Math.Min(2L * end, Array.MaxLength)));
        key.CopyTo(_keys.AsSpan(_keyBytes));
        _lookups[_count] = new Lookup
        {
            KeyStart = _keyBytes,
            KeyBytes = key.Length,
            Hash = InternalKey.Hash(key),
        };
        _keyBytes = end;
        return _count++;
    }

    /// <summary>Looks every key up, in the view as of now.</summary>
    public void Run(KeyspaceReader reader)
    {
        Debug.Assert(!HoldsResults, "one read at a time");
        Generation++;
        _state = reader.Acquire(out TreeView view, out ulong sequence);
        _seekTag = EntryTag.SeekAt(sequence);
        _nowMs = view.HasExpiring ? view.NowMs : 0;
        try
        {
            for (int first = 0; first < _count; first += GroupKeys)
                RunGroup(view, first, Math.Min(GroupKeys, _count - first));
            if (view.HasRanges)
                Hide(view, sequence);
        }
        catch
        {
            Release();
            throw;
        }
    }

    public bool Found(int index) => At(index).IsFound;

    /// <summary>Empty for a key without a value.</summary>
    public ReadOnlySpan<byte> Value(int index) => At(index).Value.Value.Span;

    /// <summary>Lets go of the results, keeps the keys.</summary>
    public void Release()
    {
        foreach (ref TableProbe probe in _probes.AsSpan())
            probe.End();
        foreach (ref Lookup lookup in _lookups.AsSpan(0, _count))
        {
            lookup.Value.Owner?.Release();
            lookup.Value = default;
            lookup.IsFound = false;
        }
        _state?.Release();
        _state = null;
    }

    /// <summary>Forgets the keys too.</summary>
    public void Clear()
    {
        Release();
        _count = 0;
        _keyBytes = 0;
    }

    /// <summary>Lets go of what lies under a range tombstone.</summary>
    private void Hide(TreeView view, ulong sequence)
    {
        foreach (ref Lookup lookup in _lookups.AsSpan(0, _count))
        {
            if (!lookup.IsFound
                || PointLookup.IsVisible(view, KeyOf(lookup), sequence, ref lookup.Value))
                continue;
            lookup.IsFound = false;
        }
    }

    private ref Lookup At(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)_count);
        return ref _lookups[index];
    }

    private ReadOnlySpan<byte> KeyOf(in Lookup lookup) =>
        _keys.AsSpan(lookup.KeyStart, lookup.KeyBytes);

    private void RunGroup(TreeView view, int first, int count)
    {
        Debug.Assert(count <= GroupKeys, "every key of a group has a probe");
        for (int i = 0; i < count; i++)
            _open[i] = first + i;
        _openCount = count;
        ReadMemTable(view.Active);
        foreach (LiveMemTable memTable in view.Frozen)
            ReadMemTable(memTable);
        TreeVersion version = view.Version;
        foreach (Table table in version.Tables(0))
        {
            for (int i = 0; i < _openCount; i++)
                _probes[i].Aim(table.Reader, _lookups[_open[i]].Hash);
            Finish();
        }
        ReadOnlySpan<int> levels = version.SortedLevels;
        for (int i = 0; i < levels.Length && _openCount > 0; i++)
            ReadLevel(version, levels[i]);
    }

    private void ReadMemTable(LiveMemTable memTable)
    {
        if (memTable.Table.IsEmpty)
            return;
        for (int i = 0; i < _openCount; i++)
            memTable.Table.Prefetch(_lookups[_open[i]].Hash);
        int left = 0;
        for (int i = 0; i < _openCount; i++)
        {
            ref Lookup lookup = ref _lookups[_open[i]];
            if (memTable.Table.TryGet(
                KeyOf(lookup), lookup.Hash, _seekTag, out ulong tag, out NativeSlice value))
            {
                lookup.Value.Value = value;
                lookup.Value.Tag = tag;
                lookup.IsFound = IsValue(ref lookup.Value);
            }
            else
            {
                _open[left++] = _open[i];
            }
        }
        _openCount = left;
    }

    private void ReadLevel(TreeVersion version, int level)
    {
        ReadOnlySpan<Table> tables = version.Tables(level);
        for (int i = 0; i < _openCount; i++)
        {
            ref Lookup lookup = ref _lookups[_open[i]];
            int at = version.FindTable(level, KeyOf(lookup));
            if (at < tables.Length)
                _probes[i].Aim(tables[at].Reader, lookup.Hash);
        }
        Finish();
    }

    /// <summary>The steps that are left of every probe that was aimed.</summary>
    private void Finish()
    {
        for (int i = 0; i < _openCount; i++)
        {
            ref Lookup lookup = ref _lookups[_open[i]];
            if (_probes[i].IsOpen
                && _probes[i].Find(KeyOf(lookup), lookup.Hash, _seekTag, isLikely: false))
                _probes[i].Announce();
        }
        for (int i = 0; i < _openCount; i++)
        {
            ref Lookup lookup = ref _lookups[_open[i]];
            if (_probes[i].IsOpen)
                _probes[i].Search(KeyOf(lookup), _seekTag);
        }
        int left = 0;
        for (int i = 0; i < _openCount; i++)
        {
            ref Lookup lookup = ref _lookups[_open[i]];
            if (_probes[i].IsOpen && _probes[i].Take(KeyOf(lookup), _seekTag, ref lookup.Value))
                lookup.IsFound = IsValue(ref lookup.Value);
            else
                _open[left++] = _open[i];
        }
        _openCount = left;
    }

    /// <summary>All keys of a read are asked as of one time.</summary>
    private bool IsValue(ref TableValue found) =>
        EntryTag.Kind(found.Tag) == ValueKind.Put || PointLookup.IsLive(ref found, _nowMs);

    private struct Lookup
    {
        public TableValue Value;
        public ulong Hash;
        public int KeyStart;
        public int KeyBytes;
        public bool IsFound;
    }
}
