// Where a compaction ends one output table and begins the next: when the table has its size, or
// when it already overlaps so much of the level below its own that moving it on would be dear.
// Only ever between two user keys: a sorted level keeps all versions of a key in one table.
// A run on level 0 is never cut.
//
// The walk over the grandparents goes forward only, about one comparison a kept entry.
// Threads: one.

using System.Diagnostics;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Compaction;

internal sealed class OutputSplitter
{
    private readonly Table[] _grandparents;
    private readonly long _tableBytesMax;
    private readonly long _overlapBytesMax;
    private readonly bool _isSingle;

    private byte[] _key = new byte[256];
    private int _keyBytes = -1; // no entry yet
    private int _grandparent;
    private long _overlapBytes;

    public OutputSplitter(CompactionPlan plan, long tableBytesMax)
    {
        Debug.Assert(tableBytesMax > 0, "a table holds something");
        _grandparents = plan.Grandparents;
        _tableBytesMax = tableBytesMax;
        _overlapBytesMax = CompactionPlan.GrandparentTablesMax * tableBytesMax;
        _isSingle = plan.SingleOutput;
    }

    /// <summary>
    /// Whether the entry begins a new table. Called once for each entry that is kept, in order;
    /// true must be obeyed. Never true for the first entry of all.
    /// </summary>
    public bool ShouldCutBefore(ReadOnlySpan<byte> userKey, long currentTableBytes)
    {
        if (_isSingle)
            return false;
        bool isFirst = _keyBytes < 0;
        if (!isFirst && userKey.SequenceEqual(_key.AsSpan(0, _keyBytes)))
            return false;
        Remember(userKey);
        // What the first key passes by lies before this compaction and overlaps nothing of it.
        long passedBytes = PassGrandparents(userKey);
        if (isFirst)
            return false;
        _overlapBytes += passedBytes;
        if (currentTableBytes < _tableBytesMax && _overlapBytes <= _overlapBytesMax)
            return false;
        _overlapBytes = 0;
        return true;
    }

    private long PassGrandparents(ReadOnlySpan<byte> userKey)
    {
        long bytes = 0;
        while (_grandparent < _grandparents.Length
            && _grandparents[_grandparent].Info.Keys.EndsBefore(userKey))
        {
            bytes += _grandparents[_grandparent].Info.FileBytes;
            _grandparent++;
        }
        Debug.Assert(_grandparent <= _grandparents.Length, "the walk ends with the level");
        return bytes;
    }

    private void Remember(ReadOnlySpan<byte> userKey)
    {
        Debug.Assert(
            _keyBytes < 0 || userKey.SequenceCompareTo(_key.AsSpan(0, _keyBytes)) > 0,
            "keys ascend");
        if (userKey.Length > _key.Length)
            _key = new byte[Math.Max(userKey.Length, 2 * _key.Length)];
        userKey.CopyTo(_key);
        _keyBytes = userKey.Length;
    }
}
