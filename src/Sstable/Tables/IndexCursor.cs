// A position in the index of a table. Where the index is flat in memory it is a place in that
// array; else, and where heads tie in the array, it is a path of (block, entry) pairs from the root
// to a leaf, whose entry names a data block. Blocks that stay on the path are not fetched again.
//
// Damage that checksums cannot see is met here too: a child whose kind does not fit its depth fails
// in the block source, and every child lies before its parent (BlockFormat.Validate), so no path
// goes in circles. One thread; reusable; owns references to copied blocks until Release.

using System.Diagnostics;
using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Sstable.Tables;

internal sealed class IndexCursor
{
    private const int NotFlat = -1;

    private Level[] _levels = new Level[4];
    private BlockSource? _source;
    private FlatIndex? _flat;
    private int _flatAt = NotFlat;
    private int _depth;
    private bool _fromFile;

    /// <summary>
    /// The data block that the cursor stands at. Requires: the last move was true.
    /// </summary>
    public BlockHandle Handle { get; private set; }

    /// <summary>Turns to a table; stands nowhere.</summary>
    public void Reset(BlockSource source, FlatIndex? flat, bool fromFile)
    {
        Debug.Assert(flat == null || !fromFile, "who reads the file reads its index too");
        Release();
        _source = source;
        _flat = flat;
        _fromFile = fromFile;
        _depth = source.Footer.IndexDepth;
        if (_levels.Length < _depth)
            _levels = new Level[_depth];
    }

    /// <summary>Gives all blocks back.</summary>
    public void Release()
    {
        for (int i = 0; i < _levels.Length; i++)
        {
            _levels[i].Owner?.Release();
            _levels[i] = default;
        }
        _source = null;
        _flat = null;
        _flatAt = NotFlat;
        _depth = 0;
    }

    public bool SeekToFirst()
    {
        if (_flat != null)
            return StandFlat(0);
        EnterRoot();
        return Descend(0, 0);
    }

    public bool SeekToLast()
    {
        Debug.Assert(_depth > 0, "the cursor is turned to a table first");
        if (_flat != null)
            return StandFlat(_flat.Count - 1);
        EnterRoot();
        _levels[0].Position = _levels[0].View.Count - 1;
        return DescendLast(0);
    }

    /// <summary>The first block whose separator is at or after; false when none is.</summary>
    public bool Seek(ReadOnlySpan<byte> userKey, ulong tag)
    {
        Debug.Assert(_depth > 0, "the cursor is turned to a table first");
        if (_flat != null)
        {
            FlatIndexAnswer answer = _flat.Find(userKey, out int at);
            if (answer != FlatIndexAnswer.Undecided)
                return answer == FlatIndexAnswer.Found && StandFlat(at);
        }
        EnterRoot();
        for (int i = 0; ; i++)
        {
            ref Level level = ref _levels[i];
            level.Position = level.View.LowerBound(userKey, tag);
            if (level.Position == level.View.Count)
            {
                if (level.Position == 0)
                    ThrowBroken(level.Handle.Offset);
                if (i > 0)
                    ThrowSeparators(level.Handle.Offset);
                return false;
            }
            BlockHandle child = Child(i);
            if (i == _depth - 1)
                return Arrive(child);
            Enter(i + 1, child);
        }
    }

    public bool MoveNext()
    {
        if (_flatAt != NotFlat)
            return _flatAt + 1 < _flat!.Count && StandFlat(_flatAt + 1);
        for (int i = _depth - 1; i >= 0; i--)
        {
            if (_levels[i].Position + 1 < _levels[i].View.Count)
                return Descend(i, _levels[i].Position + 1);
        }
        return false;
    }

    public bool MovePrevious()
    {
        if (_flatAt != NotFlat)
            return _flatAt > 0 && StandFlat(_flatAt - 1);
        for (int i = _depth - 1; i >= 0; i--)
        {
            if (_levels[i].Position > 0)
            {
                _levels[i].Position--;
                return DescendLast(i);
            }
        }
        return false;
    }

    /// <summary>Copies the separator of the current entry; its length.</summary>
    public int CopySeparator(Span<byte> target, out ulong tag)
    {
        Debug.Assert(_depth > 0, "the cursor is turned to a table first");
        Debug.Assert(_flat == null, "separators stand in the file");
        ref Level leaf = ref _levels[_depth - 1];
        if (!leaf.View.TryDecode(leaf.Position, out BlockEntry entry))
            ThrowBroken(leaf.Handle.Offset);
        tag = entry.Tag;
        return leaf.View.CopyKey(entry, target);
    }

    private bool StandFlat(int at)
    {
        _flatAt = at;
        return Arrive(_flat!.Handle(at));
    }

    /// <summary>The path is used from here on.</summary>
    private void EnterRoot()
    {
        _flatAt = NotFlat;
        Enter(0, _source!.Footer.IndexRoot);
    }

    private bool Descend(int i, int position)
    {
        _levels[i].Position = position;
        for (; i < _depth - 1; i++)
        {
            Enter(i + 1, Child(i));
            _levels[i + 1].Position = 0;
        }
        return Arrive(Child(i));
    }

    private bool DescendLast(int i)
    {
        for (; i < _depth - 1; i++)
        {
            Enter(i + 1, Child(i));
            _levels[i + 1].Position = _levels[i + 1].View.Count - 1;
        }
        return Arrive(Child(i));
    }

    private bool Arrive(BlockHandle handle)
    {
        Handle = handle;
        return true;
    }

    private BlockHandle Child(int i)
    {
        ref Level level = ref _levels[i];
        BlockHandle child = default;
        if (level.View.Count == 0
            || !level.View.TryHandle(level.Position, level.Handle.Offset, out child))
            ThrowBroken(level.Handle.Offset);
        return child;
    }

    private void Enter(int i, BlockHandle handle)
    {
        ref Level level = ref _levels[i];
        if (level.Handle == handle)
            return;
        NativeSlice payload = _source!.Fetch(
            handle, BlockType.Index, _fromFile, out InflatedBlock? owner);
        level.Owner?.Release();
        level = new Level { Handle = handle, View = new BlockView(payload.Span), Owner = owner };
        Debug.Assert(handle.Bytes > 0, "a block on the path has a length");
    }

    private void ThrowBroken(long offset) =>
        _source!.ThrowDamage(offset, "an index block is broken that was whole before");

    private void ThrowSeparators(long offset) =>
        _source!.ThrowDamage(offset, "an index block ends before the separator that leads to it");

    private struct Level
    {
        public BlockHandle Handle;
        public BlockView View;
        public InflatedBlock? Owner;
        public int Position;
    }
}
