// Reads the parts of an encoded record one after the other. The first part that does not fit
// marks the reader as failed; from then on everything reads as zero or empty, so that a decoder
// may read to its end and ask once.

using System.Buffers.Binary;
using System.Text;

namespace LsmMmap.Engine.Versions;

internal ref struct FieldReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public bool Failed { get; private set; }

    public readonly bool AtEnd => _rest.IsEmpty;

    public readonly int Remaining => _rest.Length;

    public void Fail()
    {
        Failed = true;
        _rest = default;
    }

    public byte Byte()
    {
        ReadOnlySpan<byte> one = Take(1);
        return one.IsEmpty ? (byte)0 : one[0];
    }

    public ulong Fixed()
    {
        ReadOnlySpan<byte> eight = Take(8);
        return eight.IsEmpty ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(eight);
    }

    public ulong Varint()
    {
        ulong value = 0;
        for (int i = 0; i < 10 && i < _rest.Length; i++)
        {
            byte part = _rest[i];
            if (i == 9 && part > 1)
                break;
            value |= (ulong)(part & 0x7F) << (7 * i);
            if (part < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return value;
            }
        }
        Fail();
        return 0;
    }

    public long Long()
    {
        ulong value = Varint();
        if (value <= long.MaxValue)
            return (long)value;
        Fail();
        return 0;
    }

    public int Int()
    {
        ulong value = Varint();
        if (value <= int.MaxValue)
            return (int)value;
        Fail();
        return 0;
    }

    /// <summary>A varint length and that many bytes.</summary>
    public ReadOnlySpan<byte> Bytes()
    {
        int length = Int();
        return Take(length);
    }

    public string Text() => Encoding.UTF8.GetString(Bytes());

    private ReadOnlySpan<byte> Take(int length)
    {
        if (Failed || length > _rest.Length)
        {
            Fail();
            return default;
        }
        ReadOnlySpan<byte> taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}
