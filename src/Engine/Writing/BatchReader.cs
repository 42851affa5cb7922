// Reads the body of a log record: its header, then entry after entry. The bytes verified their
// checksum, but a reader of damaged or foreign files must survive anything: whatever does not
// fit ends the reading with Failed.

using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Writing;

internal ref struct BatchReader
{
    private FieldReader _fields;
    private int _left;

    /// <summary>Reads the header of a log record's body.</summary>
    public BatchReader(ReadOnlySpan<byte> body)
    {
        _fields = new FieldReader(body);
        FirstSequence = _fields.Varint();
        CommitCount = _fields.Int();
        EntryCount = _fields.Int();
        _left = EntryCount;
        bool fits = FirstSequence > 0
            && FirstSequence <= EntryTag.SequenceMax - (ulong)EntryCount;
        if (!fits)
            _fields.Fail();
    }

    /// <summary>Entries alone, as a batch holds them.</summary>
    public BatchReader(ReadOnlySpan<byte> entries, int count)
    {
        _fields = new FieldReader(entries);
        EntryCount = count;
        _left = count;
    }

    public ulong FirstSequence { get; }

    public int CommitCount { get; }

    public int EntryCount { get; }

    /// <summary>Whether the bytes are not what they should be.</summary>
    public bool Failed { get; private set; }

    public ValueKind Kind { get; private set; }

    public int KeyspaceId { get; private set; }

    public ReadOnlySpan<byte> Key { get; private set; }

    /// <summary>Of a RangeDelete: the end of the range. Of a PutWithExpiry: as it is stored, with
    /// its time in front.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    public bool MoveNext()
    {
        if (_left == 0 || _fields.Failed)
        {
            Failed |= _fields.Failed || !_fields.AtEnd;
            return false;
        }
        _left--;
        Kind = (ValueKind)_fields.Byte();
        KeyspaceId = _fields.Int();
        Key = _fields.Bytes();
        Value = Kind is ValueKind.Put or ValueKind.RangeDelete or ValueKind.PutWithExpiry
            ? _fields.Bytes() : default;
        bool fits = Key.Length <= InternalKey.UserKeyBytesMax && Kind switch
        {
            ValueKind.Put => Value.Length <= InternalKey.ValueBytesMax,
            ValueKind.PutWithExpiry =>
                Value.Length is >= Expiry.Bytes and <= InternalKey.ValueBytesMax,
            ValueKind.Delete => true,
            ValueKind.RangeDelete => Value.IsEmpty || (Key.SequenceCompareTo(Value) < 0
                && Value.Length <= InternalKey.UserKeyBytesMax),
            _ => false,
        };
        if (!fits)
            _fields.Fail();
        Failed |= _fields.Failed;
        return !Failed;
    }
}
