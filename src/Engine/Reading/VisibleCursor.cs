// The user's view of merged entries: of each key the newest version at or below the sequence,
// without tombstones, inside the bounds, in both directions.
//
// Moving forward, the merge stands on the current entry. Moving backward, versions of a key come
// oldest first, so the newest visible one is known only when the merge has passed to the key
// before: then the merge stands before the current key, and key and value are saved here. Where the
// store is one run of tables and the block at hand holds no versions (a compacted store), both
// directions stand on the entry and nothing is saved or compared. Where other runs lie above such a
// block (a compacted store that is written to), moving forward compares with the next of their
// entries only. What lies under a range tombstone is passed by with a seek (RangeCover).
//
// Position: nowhere (new), before the first entry, on an entry, after the last one. Bounds are
// copied. No allocation per move; the buffers grow to the largest key and saved value.
// Threads: one at a time.

using System.Diagnostics;
using System.Runtime.CompilerServices;
using LsmMmap.Engine.Memory;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;

namespace LsmMmap.Engine.Reading;

internal sealed class VisibleCursor : IDisposable
{
    private readonly MergingCursor _merge = new();
    private readonly RangeCover _cover = new();
    private GrowOnlyBuffer _key;
    private GrowOnlyBuffer _savedValue;
    private GrowOnlyBuffer _target;
    private GrowOnlyBuffer _lower;
    private GrowOnlyBuffer _upper;
    private ulong _sequence;
    private long _nowMs;
    private TreeView? _view;
    private Position _position;
    private TableCursor? _plain;
    private RunCursor? _second;
    private MemTable? _skipped;
    private bool _backward;
    private bool _isEmptyRange;

    // Where in the stored value of the entry that the merge stands on its value begins.
    private int _valueAt;
    private bool _isWhole;

    // Whether a plain entry may have to be passed by: for bounds or range tombstones.
    private bool _isGuarded;

    private enum Position
    {
        Nowhere,
        BeforeFirst,
        OnEntry,
        AfterLast,
    }

    public bool IsValid => _position == Position.OnEntry;

    public ReadOnlySpan<byte> Key => _plain is { } table ? table.UserKey
        : _backward ? _key.Span : _merge.UserKey;

    public ReadOnlySpan<byte> Value => _plain is { } table ? table.Value
        : _backward ? _savedValue.Span : StoredValue;

    private ReadOnlySpan<byte> StoredValue =>
        _valueAt == 0 ? _merge.Value : _merge.Value[_valueAt..];

    /// <summary>Stands nowhere, over a view as of a sequence and of now. Requires: the caller
    /// keeps the view's state alive until Clear.</summary>
    public void Reset(TreeView view, ulong sequence)
    {
        Debug.Assert(sequence <= EntryTag.SequenceMax, "a sequence has 56 bits");
        Clear();
        _view = view;
        _sequence = sequence;
        if (_isEmptyRange)
            return;
        _skipped = view.Active.Table.IsEmpty ? view.Active.Table : null;
        ViewRuns.Add(view, _skipped == null, _merge, _cover, _lower.Span, _upper.Span);
        See(sequence);
        _isWhole = true;
    }

    /// <summary>Stands nowhere, over the same view as of a later sequence. False, and nothing is
    /// done, when the view has entries by now in a memtable that had none, or when the last Reset
    /// threw and left runs out.</summary>
    public bool TryAdvance(ulong sequence)
    {
        Debug.Assert(sequence >= _sequence, "a view does not go back");
        if (!_isWhole || _skipped is { IsEmpty: false })
            return false;
        See(sequence);
        _backward = false;
        Leave();
        return true;
    }

    /// <summary>Copies the bounds; empty means none. Before Reset.</summary>
    public void SetBounds(ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper)
    {
        Debug.Assert(_position == Position.Nowhere, "bounds are set before the view");
        _lower.Set(lower);
        _upper.Set(upper);
        _isEmptyRange = !upper.IsEmpty && lower.SequenceCompareTo(upper) >= 0;
    }

    public void Clear()
    {
        _merge.Clear();
        _cover.Clear();
        Leave();
        _view = null;
        _skipped = null;
        _isWhole = false;
        _backward = false;
    }

    public bool SeekToFirst() => _lower.IsEmpty ? SeekToVeryFirst() : Seek(_lower.Span);

    public bool SeekToLast()
    {
        if (_isEmptyRange)
            return At(Position.BeforeFirst);
        Leave();
        if (_upper.IsEmpty)
            _merge.SeekToLast();
        else
            _merge.SeekForPrevious(_upper.Span, ulong.MaxValue);
        return FindBackward();
    }

    public bool Seek(ReadOnlySpan<byte> key)
    {
        if (_isEmptyRange)
            return At(Position.AfterLast);
        if (!_lower.IsEmpty && key.SequenceCompareTo(_lower.Span) < 0)
            key = _lower.Span;
        key = Own(key);
        Leave();
        _merge.Seek(key, EntryTag.SeekAt(_sequence));
        return FindForward(skipping: false);
    }

    public bool SeekForPrevious(ReadOnlySpan<byte> key)
    {
        if (_isEmptyRange)
            return At(Position.BeforeFirst);
        if (!_upper.IsEmpty && key.SequenceCompareTo(_upper.Span) >= 0)
            return SeekToLast();
        key = Own(key);
        Leave();
        _merge.SeekForPrevious(key, 0);
        return FindBackward();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveNext() =>
        _plain is { } table && table.TryNextPlain()
            ? StandPlain(table, forward: true) : MoveOn();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MovePrevious() => _plain is { } table && _merge.IsAlone && table.TryPreviousPlain()
        ? StandPlain(table, forward: false) : MoveBack();

    private bool MoveOn()
    {
        switch (_position)
        {
            case Position.AfterLast:
                return false;
            case Position.OnEntry:
                break;
            default:
                return SeekToFirst();
        }
        bool mayHaveVersions = _plain == null;
        // A move that throws leaves the cursor nowhere, so that the next one begins anew.
        Leave();
        if (!_backward && mayHaveVersions)
            _key.Set(_merge.UserKey);
        if (_backward)
            _merge.Seek(_key.Span, 0); // the way back may have passed by what stands twice
        else
            _merge.Next();
        return FindForward(skipping: mayHaveVersions);
    }

    private bool MoveBack()
    {
        switch (_position)
        {
            case Position.BeforeFirst:
                return false;
            case Position.OnEntry:
                break;
            default:
                return SeekToLast();
        }
        Leave();
        if (!_backward)
        {
            _key.Set(_merge.UserKey);
            do
                _merge.Previous();
            while (_merge.IsValid && _merge.UserKey.SequenceEqual(_key.Span));
        }
        return FindBackward();
    }

    public void Dispose() => _merge.Dispose();

    /// <summary>A target that may lie in what the cursor lent, the value of the entry it stands
    /// on, outlives the first run's move only as a copy.</summary>
    private ReadOnlySpan<byte> Own(ReadOnlySpan<byte> target)
    {
        if (_position != Position.OnEntry)
            return target;
        _target.Set(target);
        return _target.Span;
    }

    private void See(ulong sequence)
    {
        _sequence = sequence;
        _cover.SetSequence(sequence);
        // One time for all moves, so that both directions tell the same.
        _nowMs = _view is { HasExpiring: true } view ? view.NowMs : 0;
        _isGuarded = !_lower.IsEmpty || !_upper.IsEmpty || !_cover.IsEmpty;
    }

    /// <summary>Whether a range tombstone hides the entry that the merge stands on.</summary>
    private bool IsHidden(ulong tag) =>
        !_cover.IsEmpty && _cover.Hides(_merge.UserKey, EntryTag.Sequence(tag));

    /// <summary>Whether the entry that the merge stands on is a value now.</summary>
    private bool IsValue(ulong tag)
    {
        _valueAt = 0;
        ValueKind kind = EntryTag.Kind(tag);
        return kind == ValueKind.Put || (kind == ValueKind.PutWithExpiry && IsLive());
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool IsLive()
    {
        if (Expiry.IsOver(_merge.Value, _nowMs))
            return false;
        _valueAt = Expiry.Bytes;
        return true;
    }

    private bool SeekToVeryFirst()
    {
        if (_isEmptyRange)
            return At(Position.AfterLast);
        Leave();
        _merge.SeekToFirst();
        return FindForward(skipping: false);
    }

    /// <summary>From where the merge stands to the next entry that the user sees. Skipping means
    /// that the versions of the saved key are done with.</summary>
    private bool FindForward(bool skipping)
    {
        Debug.Assert(_position == Position.Nowhere, "a cursor on its way stands nowhere");
        _backward = false;
        while (_merge.IsValid)
        {
            ulong tag = _merge.Tag;
            bool isPast = skipping && _merge.UserKey.SequenceEqual(_key.Span);
            if (!isPast && !_upper.IsEmpty && _merge.UserKey.SequenceCompareTo(_upper.Span) >= 0)
                break;
            if (!isPast && EntryTag.Sequence(tag) <= _sequence)
            {
                if (IsHidden(tag))
                {
                    if (_merge.TrySkipTo(_cover.Fragment!.To, _cover.FirstHiddenRun))
                        continue;
                }
                else if (IsValue(tag))
                {
                    return At(Position.OnEntry);
                }
                else
                {
                    _key.Set(_merge.UserKey);
                    skipping = true;
                }
            }
            _merge.Next();
        }
        return At(Position.AfterLast);
    }

    /// <summary>From where the merge stands back to the first entry of the key before the one
    /// found, whose newest visible version is saved.</summary>
    private bool FindBackward()
    {
        Debug.Assert(_position == Position.Nowhere, "a cursor on its way stands nowhere");
        if (_merge.IsValid && _merge.IsOnlyVersionBackward && !IsHidden(_merge.Tag))
            return StandBackward();
        _backward = true;
        bool found = false;
        while (_merge.IsValid)
        {
            ReadOnlySpan<byte> key = _merge.UserKey;
            ulong tag = _merge.Tag;
            if (found && !key.SequenceEqual(_key.Span))
                break;
            if (!_lower.IsEmpty && key.SequenceCompareTo(_lower.Span) < 0)
                break;
            if (EntryTag.Sequence(tag) <= _sequence)
            {
                bool isHidden = IsHidden(tag);
                if (isHidden
                    && _merge.TrySkipBefore(_cover.Fragment!.From, _cover.FirstHiddenRun))
                    continue;
                // Newer than what was saved of this key, so it takes its place.
                found = !isHidden && IsValue(tag);
                if (found)
                {
                    _key.Set(key);
                    _savedValue.Set(StoredValue);
                }
            }
            _merge.Previous();
        }
        return At(found ? Position.OnEntry : Position.BeforeFirst);
    }

    /// <summary>On the entry that the merge stands on, which is all there is of its key.
    /// </summary>
    private bool StandBackward()
    {
        Debug.Assert(_merge.Tag == EntryTag.PlainPut, "an entry without versions is a plain put");
        _backward = false;
        bool isInside = _lower.IsEmpty || _merge.UserKey.SequenceCompareTo(_lower.Span) >= 0;
        return At(isInside ? Position.OnEntry : Position.BeforeFirst);
    }

    /// <summary>On the entry that the run on top has come to inside its plain block, if it is the
    /// next of all runs and the bounds have it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool StandPlain(TableCursor table, bool forward)
    {
        Debug.Assert(table.Tag == EntryTag.PlainPut, "an entry without versions is a plain put");
        if (_second is { } second && !IsBelow(table, second))
            return MergeOn();
        return !_isGuarded || StandInside(table, forward);
    }

    private static bool IsBelow(TableCursor table, RunCursor second)
    {
        ulong head = table.Head;
        ulong limit = second.Head;
        return head != limit
            ? head < limit : table.UserKey.SequenceCompareTo(second.UserKey) < 0;
    }

    /// <summary>The run on top has come to where another one stands, or beyond.</summary>
    private bool MergeOn()
    {
        Leave();
        _merge.Settle();
        return FindForward(skipping: false);
    }

    private bool StandInside(TableCursor table, bool forward)
    {
        ReadOnlySpan<byte> key = table.UserKey;
        if (!_upper.IsEmpty && key.SequenceCompareTo(_upper.Span) >= 0)
            return At(Position.AfterLast);
        if (!_lower.IsEmpty && key.SequenceCompareTo(_lower.Span) < 0)
            return At(Position.BeforeFirst);
        if (!IsHidden(table.Tag))
            return true;
        if (forward)
            return MergeOn();
        Leave();
        return FindBackward();
    }

    private void Leave()
    {
        _position = Position.Nowhere;
        _plain = null;
        _second = null;
    }

    private bool At(Position position)
    {
        Debug.Assert(position != Position.Nowhere, "a move ends somewhere");
        _position = position;
        bool isOnEntry = position == Position.OnEntry;
        _second = null;
        _plain = isOnEntry && !_backward ? _merge.PlainTable(out _second) : null;
        return isOnEntry;
    }
}
