// What a cursor lends, in checked builds only: a copy that is overwritten as soon as the cursor
// moves on, is refreshed or disposed. A caller that keeps a span too long then reads nonsense at
// once and always, where in a release build it would read right bytes until a block is evicted or
// a table unmapped. Release builds lend the bytes themselves and nothing here does anything.
//
// Tests of lifetimes turn it off for their process: they want the mapping itself to be touched.
// Threads: one at a time, as the cursor.

using System.Diagnostics;

namespace LsmMmap.Engine.Reading;

internal struct LentBytes
{
    /// <summary>What stale bytes read as.</summary>
    public const byte Poison = 0xDB;

    private static bool s_isOff;

    private byte[]? _copy;
    private int _length;
    private bool _isLent;

    /// <summary>Lends the bytes themselves from now on, in this process.</summary>
    public static void TurnOff() => s_isOff = true;

    /// <summary>The bytes to hand out for these; the same ones until the end.</summary>
    public ReadOnlySpan<byte> Lend(ReadOnlySpan<byte> bytes)
    {
        Replace(ref bytes);
        return bytes;
    }

    /// <summary>The borrower's time is over.</summary>
    [Conditional("DEBUG")]
    public void End()
    {
        if (!_isLent)
            return;
        _isLent = false;
        _copy.AsSpan(0, _length).Fill(Poison);
    }

    [Conditional("DEBUG")]
    private void Replace(ref ReadOnlySpan<byte> bytes)
    {
        if (s_isOff)
            return;
        if (!_isLent)
        {
            if (_copy == null || _copy.Length < bytes.Length)
                _copy = new byte[Math.Max(bytes.Length + bytes.Length / 2L, 1024) is var grown
                    && grown <= Array.MaxLength ? (int)grown : bytes.Length];
            bytes.CopyTo(_copy);
            _length = bytes.Length;
            _isLent = true;
        }
        Debug.Assert(_length == bytes.Length, "what is lent does not change under its borrower");
        bytes = _copy.AsSpan(0, _length);
    }
}
