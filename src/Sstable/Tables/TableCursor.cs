// A position in a table: an index cursor over data blocks, and a position inside the current block.
// A move inside a block is BlockCursor's handful of instructions behind one comparison; a move to
// another block fetches it, checked. Nothing is allocated once the buffers have grown.
//
// Past either end, and after a failed seek, the cursor is not valid and stays so until it seeks.
// Key and value are lent until the next move, Reset or Dispose. One thread at a time; reusable:
// Reset turns it to another table and keeps its memory. The caller keeps the table's bytes mapped.

using System.Diagnostics;
using System.Runtime.CompilerServices;
using LsmMmap.Sstable.Blocks;
using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Mapping;

namespace LsmMmap.Sstable.Tables;

internal sealed class TableCursor : IDisposable
{
    private readonly NativeBuffer _key = new();
    private readonly IndexCursor _index = new();
    private BlockCursor _block;
    private ReadAhead _ahead;
    private NativeSlice _payload;
    private BlockHandle _handle;
    private TableReader? _reader;
    private BlockSource? _source;
    private ReadWindow? _window;
    private InflatedBlock? _owner;
    private InflatedBlock? _valueOwner;
    private NativeSlice _value;
    private int _valueIndex = -1;
    private bool _isSequential;
    private bool _isValid;

    public TableCursor() => _key.Resize(BlockCursor.KeyBufferBytes);

    /// <summary>Whether the cursor stands at an entry.</summary>
    public bool IsValid => _isValid;

    /// <summary>The user key, in the cursor's own buffer. Requires: valid.</summary>
    public ReadOnlySpan<byte> UserKey
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            Debug.Assert(_isValid, "a cursor stands at an entry before it is asked for it");
            return _block.UserKey;
        }
    }

    /// <summary>Sequence and kind of the entry. Requires: valid.</summary>
    public ulong Tag => _block.Tag;

    /// <summary><see cref="InternalKey.Head8"/> of the user key. Requires: valid.</summary>
    public ulong Head => _block.Head;

    /// <summary>Where in the file the entry's block lies. Requires: valid.</summary>
    public long BlockOffset => _handle.Offset;

    /// <summary>The value; verified here when it lies apart. Requires: valid.</summary>
    public ReadOnlySpan<byte> Value => _block.IsApart ? ApartValue().Span : _block.InlineValue;

    /// <summary>Length of the value, without touching it. Requires: valid.</summary>
    public int ValueBytes => _block.ValueBytes;

    /// <summary>The value as bytes that can be held until the next move. Requires: valid.</summary>
    public NativeSlice ValueSlice => _block.IsApart
        ? ApartValue() : _payload.Slice(_block.ValueStart, _block.ValueBytes);

    /// <summary>Whether the block holds plain puts of sequence zero only, so that no key has a
    /// second version in it. Requires: valid.</summary>
    public bool IsPlain => _block.IsPlain;

    /// <summary>Whether the entry and the one before it lie in one plain block.</summary>
    public bool IsPlainBackward => _block.IsPlain && _block.Index > 0;

    /// <summary>Turns to a table; stands nowhere.</summary>
    /// <param name="reader">Outlives the cursor's use of it.</param>
    /// <param name="sequentialRead">
    /// True reads front to back by large positioned reads and never touches the mapping.
    /// </param>
    public void Reset(TableReader reader, bool sequentialRead)
    {
        Release();
        _reader = reader;
        _source = reader.Source;
        _isSequential = sequentialRead;
        FlatIndex? flat = sequentialRead ? null : reader.FlatIndexForCursor();
        if (sequentialRead)
        {
            _window ??= new ReadWindow();
            _window.Reset(_source);
        }
        _index.Reset(_source, flat, sequentialRead);
    }

    /// <summary>
    /// Lets go of the table, keeps the memory. Allowed at any time; the cursor is not valid.
    /// </summary>
    public void Release()
    {
        Invalidate();
        _index.Release();
        _reader = null;
        _source = null;
    }

    public bool SeekToFirst()
    {
        Debug.Assert(_source != null, "a cursor is turned to a table before it seeks");
        _ahead.Reset();
        if (!_index.SeekToFirst())
            return Invalidate();
        Load(mayInsert: false);
        return Land(0);
    }

    public bool SeekToLast()
    {
        Debug.Assert(_source != null, "a cursor is turned to a table before it seeks");
        _ahead.Reset();
        if (!_index.SeekToLast())
            return Invalidate();
        Load(mayInsert: false);
        return Land(_block.Count - 1);
    }

    /// <summary>Goes to the first entry at or after (key, tag).</summary>
    public bool Seek(ReadOnlySpan<byte> userKey, ulong tag)
    {
        Debug.Assert(_source != null, "a cursor is turned to a table before it seeks");
        _ahead.Reset();
        if (!_index.Seek(userKey, tag))
            return Invalidate();
        Load(mayInsert: true);
        int index = _block.LowerBound(userKey, tag);
        return index < _block.Count ? Land(index) : EnterNextBlock();
    }

    /// <summary>Goes to the last entry at or before (key, tag).</summary>
    public bool SeekForPrevious(ReadOnlySpan<byte> userKey, ulong tag)
    {
        Debug.Assert(_source != null, "a cursor is turned to a table before it seeks");
        _ahead.Reset();
        if (!_index.Seek(userKey, tag))
            return SeekToLast();
        Load(mayInsert: true);
        int index = _block.LowerBound(userKey, tag);
        // All entries of the next block lie above the separator, hence above the target.
        if (index == _block.Count)
            return Land(index - 1);
        if (!Land(index))
            return false;
        if (_block.Tag == tag && _block.UserKey.SequenceEqual(userKey))
            return true;
        return Previous();
    }

    /// <summary>Goes one entry on. False past the end, or when not valid.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Next() => _block.MoveNext() || LeaveForward();

    /// <summary>Next, if the entry it comes to lies in the same plain block; else false without a
    /// move.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryNextPlain() => _block.IsPlain && _block.MoveNext();

    /// <summary>Goes one entry back. False before the start, or when not valid.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Previous() => _block.MovePrevious() || LeaveBackward();

    /// <summary>Previous, if the entry it comes to has one before it in the same plain block; else
    /// false without a move.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryPreviousPlain() =>
        _block.IsPlain && _block.Index >= 2 && _block.MovePrevious();

    public void Dispose()
    {
        Release();
        _window?.Dispose();
        _key.Dispose();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool LeaveForward()
    {
        CheckWhole();
        return _isValid && EnterNextBlock();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool LeaveBackward()
    {
        CheckWhole();
        if (!_isValid)
            return false;
        long before = _handle.Offset;
        if (!_index.MovePrevious())
            return Invalidate();
        CheckDirection(_index.Handle.Offset < before);
        if (!_isSequential)
            _ahead.Backward(_source!, _index.Handle);
        Load(mayInsert: false);
        return Land(_block.Count - 1);
    }

    private bool EnterNextBlock()
    {
        BlockHandle before = _handle;
        if (!_index.MoveNext())
            return Invalidate();
        CheckDirection(_index.Handle.Offset >= before.End);
        if (!_isSequential)
            _ahead.Forward(_source!, before.End, _index.Handle);
        Load(mayInsert: false);
        return Land(0);
    }

    /// <summary>Makes the block that the index names the current one.</summary>
    private void Load(bool mayInsert)
    {
        BlockHandle handle = _index.Handle;
        // Copies are fetched again at a seek only if the block is another one.
        if (_handle == handle && _block.Count > 0)
            return;
        Invalidate();
        if (_isSequential)
            _payload = _window!.Block(handle, out _owner);
        else if (_source!.IsDataMapped)
        {
            _source.PrefetchBlock(handle);
            _payload = _source.Mapped(handle, BlockType.Data);
        }
        else
            _payload = (_owner = _reader!.AcquireOwned(handle, mayInsert)).Slice;
        _handle = handle;
        _block.Attach(_payload.Span, _key.Span);
        // A whole block has entries: this one rotted, or two handles disagree about it.
        if (_block.Count == 0)
            ThrowBroken();
    }

    private bool Land(int index)
    {
        bool isThere = _block.MoveTo(index);
        if (!isThere)
            CheckWhole();
        _isValid = isThere;
        return isThere;
    }

    /// <summary>Forgets block and value; always false.</summary>
    private bool Invalidate()
    {
        _isValid = false;
        _block.Detach();
        _payload = default;
        _handle = default;
        ReleaseValue();
        _owner?.Release();
        _owner = null;
        return false;
    }

    private void ReleaseValue()
    {
        _valueOwner?.Release();
        _valueOwner = null;
        _valueIndex = -1;
    }

    private NativeSlice ApartValue()
    {
        Debug.Assert(_isValid, "a cursor stands at an entry before it is asked for it");
        if (_valueIndex == _block.Index)
            return _value;
        ReleaseValue();
        long offset = _block.ApartOffset;
        _value = _isSequential
            ? _window!.Value(offset, _block.ValueBytes, out _valueOwner)
            : _source!.Value(offset, _block.ValueBytes, fromFile: false, out _valueOwner);
        _valueIndex = _block.Index;
        return _value;
    }

    /// <summary>Blocks follow each other in the file as in the index, so that walks end.</summary>
    private void CheckDirection(bool isRight)
    {
        if (!isRight)
            _source!.ThrowDamage(_index.Handle.Offset, "data blocks are not in file order");
    }

    private void CheckWhole()
    {
        if (_block.IsBroken)
            ThrowBroken();
    }

    private void ThrowBroken() =>
        _source!.ThrowDamage(_handle.Offset, "a block is broken that was whole before");
}
