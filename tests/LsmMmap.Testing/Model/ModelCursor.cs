// A cursor over a ModelView, by the documented rules: a new one stands nowhere and may enter from
// either end; past an end it stays past that end until the opposite move brings it back.
// Positions are indices of the view; start - 1 is before the first, end is after the last.

namespace LsmMmap.Testing.Model;

public sealed class ModelCursor
{
    private readonly byte[] _lower;
    private readonly byte[] _upper;
    private ModelView _view = ModelView.Empty;
    private int _start;
    private int _end;
    private int _position;
    private bool _standsNowhere;

    public ModelCursor(ModelView view, byte[] lower, byte[] upper)
    {
        _lower = lower;
        _upper = upper;
        Refresh(view);
    }

    public bool IsValid => !_standsNowhere && _position >= _start && _position < _end;

    public ModelEntry Entry => _view[_position];

    public void Refresh(ModelView view)
    {
        _view = view;
        _start = view.IndexAtOrAfter(_lower);
        int end = _upper.Length == 0 ? view.Count : view.IndexAtOrAfter(_upper);
        _end = Math.Max(_start, end);
        _standsNowhere = true;
    }

    public bool SeekToFirst() => StandAt(_start);

    public bool SeekToLast() => StandAt(_end - 1);

    public bool Seek(byte[] key) =>
        StandAt(Math.Clamp(_view.IndexAtOrAfter(key), _start, _end));

    public bool SeekForPrevious(byte[] key)
    {
        int index = _view.IndexAtOrAfter(key);
        bool exact = index < _view.Count && _view[index].Key.AsSpan().SequenceEqual(key);
        return StandAt(Math.Clamp(exact ? index : index - 1, _start - 1, _end - 1));
    }

    public bool MoveNext() => StandAt(_standsNowhere ? _start : Math.Min(_position + 1, _end));

    public bool MovePrevious() =>
        StandAt(_standsNowhere ? _end - 1 : Math.Max(_position - 1, _start - 1));

    private bool StandAt(int position)
    {
        _standsNowhere = false;
        _position = position;
        return IsValid;
    }
}
