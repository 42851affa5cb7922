// A cursor over one sorted run: a memtable, or a list of tables that share no key (one table of
// level 0, or a whole deeper level). One sealed class for both, so that merging runs costs a
// predictable branch and never an interface call.
//
// What it hands out is borrowed until it moves. Its buffers are kept for the next use.
// Threads: one at a time.

using System.Diagnostics;
using LsmMmap.Engine.Memory;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Engine.Reading;

internal sealed class RunCursor : IDisposable
{
    private readonly TableCursor _tableCursor = new();
    private readonly MemTableCursor _memCursor = new();
    private bool _isMemTable;
    private bool _sequential;
    private TreeVersion? _version;
    private int _level;
    private ReadOnlyMemory<Table> _tables;
    private int _at;

    public bool IsValid { get; private set; }

    /// <summary>Its place among the runs of a merge, the youngest first.</summary>
    public int Age { get; set; }

    public ReadOnlySpan<byte> UserKey =>
        _isMemTable ? _memCursor.UserKey : _tableCursor.UserKey;

    public ulong Tag => _isMemTable ? _memCursor.Tag : _tableCursor.Tag;

    public ulong Head => _isMemTable ? _memCursor.Head : _tableCursor.Head;

    public ReadOnlySpan<byte> Value => _isMemTable ? _memCursor.Value : _tableCursor.Value;

    /// <summary>The table cursor, if it stands in a block in which no key has a second version;
    /// else null. Whoever has it may move it inside that block.</summary>
    public TableCursor? PlainTable =>
        !_isMemTable && _tableCursor.IsPlain ? _tableCursor : null;

    /// <summary>Whether the entry lies in such a block and has another one before it there, so that
    /// no newer version of its key comes before it.</summary>
    public bool IsPlainBackward => !_isMemTable && _tableCursor.IsPlainBackward;

    /// <summary>Over a memtable. Requires: the caller keeps it alive.</summary>
    public void Reset(LiveMemTable memTable)
    {
        _isMemTable = true;
        _memCursor.Reset(memTable.Table);
        IsValid = false;
    }

    /// <summary>Over one table, or over tables in key order that share no key. Requires: the
    /// caller keeps them alive.</summary>
    public void Reset(ReadOnlyMemory<Table> tables, bool sequential)
    {
        Debug.Assert(!tables.IsEmpty, "a run has a table");
        _isMemTable = false;
        _version = null;
        _tables = tables;
        _sequential = sequential;
        _at = -1;
        IsValid = false;
    }

    /// <summary>Over a whole sorted level.</summary>
    public void Reset(TreeVersion version, int level, bool sequential)
    {
        Debug.Assert(level > 0, "level 0 is several runs");
        Reset(version.LevelMemory(level), sequential);
        _version = version;
        _level = level;
    }

    public bool SeekToFirst()
    {
        if (_isMemTable)
            return IsValid = _memCursor.SeekToFirst();
        return IsValid = TryStand(0) && (_tableCursor.SeekToFirst() || MoveOn());
    }

    public bool SeekToLast()
    {
        if (_isMemTable)
            return IsValid = _memCursor.SeekToLast();
        return IsValid = TryStand(_tables.Length - 1) && (_tableCursor.SeekToLast() || MoveBack());
    }

    /// <summary>To the first entry at or after (key, tag).</summary>
    public bool Seek(ReadOnlySpan<byte> key, ulong tag)
    {
        if (_isMemTable)
            return IsValid = _memCursor.Seek(key, tag);
        return IsValid = TryStand(Find(key)) && (_tableCursor.Seek(key, tag) || MoveOn());
    }

    /// <summary>To the last entry at or before (key, tag).</summary>
    public bool SeekForPrevious(ReadOnlySpan<byte> key, ulong tag)
    {
        if (_isMemTable)
            return IsValid = _memCursor.SeekForPrevious(key, tag);
        int at = Math.Min(Find(key), _tables.Length - 1);
        return IsValid = TryStand(at) && (_tableCursor.SeekForPrevious(key, tag) || MoveBack());
    }

    public bool Next()
    {
        Debug.Assert(IsValid, "only a cursor that stands can move");
        if (_isMemTable)
            return IsValid = _memCursor.Next();
        return IsValid = _tableCursor.Next() || MoveOn();
    }

    public bool Previous()
    {
        Debug.Assert(IsValid, "only a cursor that stands can move");
        if (_isMemTable)
            return IsValid = _memCursor.Previous();
        return IsValid = _tableCursor.Previous() || MoveBack();
    }

    /// <summary>Stands on no entry until the next seek.</summary>
    public void Leave() => IsValid = false;

    /// <summary>Lets go of tables and memtables but keeps the buffers.</summary>
    public void Clear()
    {
        _memCursor.Clear();
        _tableCursor.Release();
        IsValid = false;
        _version = null;
        _tables = default;
        _at = -1;
    }

    public void Dispose() => _tableCursor.Dispose();

    private int Find(ReadOnlySpan<byte> key)
    {
        if (_version != null)
            return _version.FindTable(_level, key);
        ReadOnlySpan<Table> tables = _tables.Span;
        int at = 0;
        while (at < tables.Length - 1
            && tables[at].Info.Keys.EndsBefore(key))
            at++;
        return at;
    }

    private bool TryStand(int at)
    {
        if ((uint)at >= (uint)_tables.Length)
            return false;
        if (at != _at)
        {
            // Nowhere while it turns: a turn that fails must not pass for the old table.
            _at = -1;
            _tableCursor.Reset(_tables.Span[at].Reader, _sequential);
            _at = at;
        }
        return true;
    }

    private bool MoveOn()
    {
        while (TryStand(_at + 1))
        {
            if (_tableCursor.SeekToFirst())
                return true;
        }
        return false;
    }

    private bool MoveBack()
    {
        while (TryStand(_at - 1))
        {
            if (_tableCursor.SeekToLast())
                return true;
        }
        return false;
    }
}
