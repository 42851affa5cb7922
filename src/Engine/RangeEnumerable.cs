// foreach over a range: a cursor behind the compiler's pattern. Nothing is taken before
// GetEnumerator, and the compiler disposes the enumerator.

using System.Diagnostics.CodeAnalysis;

namespace LsmMmap;

/// <summary>What foreach runs over; <see cref="Reversed"/> turns it round. Holds nothing until
/// GetEnumerator, which takes the state and copies the bounds.</summary>
public readonly ref struct RangeEnumerable
{
    private readonly IReadView _view;
    private readonly ReadOnlySpan<byte> _from;
    private readonly ReadOnlySpan<byte> _to;
    private readonly bool _isPrefix;
    private readonly bool _isReversed;

    internal RangeEnumerable(
        IReadView view, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, bool isPrefix,
        bool isReversed = false)
    {
        _view = view;
        _from = from;
        _to = to;
        _isPrefix = isPrefix;
        _isReversed = isReversed;
    }

    /// <summary>The same entries in the other direction; twice is forward again.</summary>
    public RangeEnumerable Reversed() => new(_view, _from, _to, _isPrefix, !_isReversed);

    /// <summary>Takes the view as it is now.</summary>
    public Enumerator GetEnumerator()
    {
        if (_view == null)
            return default;
        byte[] to = _isPrefix ? PrefixEnd(_from) : _to.ToArray();
        return new Enumerator(
            _view.CreateCursor(new CursorOptions { LowerBound = _from.ToArray(), UpperBound = to }),
            _isReversed);
    }

    /// <summary>The first key beyond all that begin with the prefix; empty when there is
    /// none.</summary>
    private static byte[] PrefixEnd(ReadOnlySpan<byte> prefix)
    {
        ReadOnlySpan<byte> kept = prefix.TrimEnd((byte)0xFF);
        if (kept.IsEmpty)
            return [];
        byte[] end = kept.ToArray();
        end[^1]++;
        return end;
    }

    /// <summary>Stands before the first entry until it is moved.</summary>
    public ref struct Enumerator : IDisposable
    {
        private readonly Cursor? _cursor;
        private readonly bool _isReversed;

        internal Enumerator(Cursor cursor, bool isReversed)
        {
            _cursor = cursor;
            _isReversed = isReversed;
        }

        /// <summary>The entry, borrowed until the next step.</summary>
        public KeyValueView Current =>
            _cursor == null ? default : new KeyValueView(_cursor.Key, _cursor.Value);

        /// <summary>To the next entry; false at the end.</summary>
        public bool MoveNext() =>
            _cursor != null && (_isReversed ? _cursor.MovePrevious() : _cursor.MoveNext());

        /// <summary>Lets go of the view.</summary>
        public void Dispose() => _cursor?.Dispose();
    }
}

/// <summary>One entry, borrowed until the enumeration moves on.</summary>
public readonly ref struct KeyValueView
{
    private readonly ReadOnlySpan<byte> _key;
    private readonly ReadOnlySpan<byte> _value;

    internal KeyValueView(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        _key = key;
        _value = value;
    }

    /// <summary>The key.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> Key => _key;

    /// <summary>The value.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> Value => _value;
}
