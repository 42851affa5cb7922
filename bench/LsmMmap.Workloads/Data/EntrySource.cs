// The keys and values of the workloads, as functions of a number.
//
// Keys are decimal numbers with leading zeros, as db_bench of LevelDB writes them. The entries of a
// store have the even numbers; a key that is missing is odd and so lies between two that are there,
// where no bound of a table can dismiss it. Values are slices of one buffer, which is compressible
// as far as it was asked for; the place in the buffer follows from the number, so that any value
// can be checked.
//
// Threads: immutable once made.

using System.Runtime.CompilerServices;

namespace LsmMmap.Workloads.Data;

internal sealed class EntrySource
{
    public const int KeyBytesMin = 12;
    private const int PieceBytes = 100;
    private const int BufferBytes = 1 << 20;

    private readonly byte[] _buffer;
    private readonly int _placeCount;

    public EntrySource(int keyBytes, int valueBytes, double compressibility, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keyBytes, KeyBytesMin);
        KeyBytes = keyBytes;
        ValueBytes = valueBytes;
        _buffer = Fill(Math.Max(BufferBytes, valueBytes * 4), compressibility, seed);
        _placeCount = _buffer.Length - valueBytes;
    }

    public int KeyBytes { get; }

    public int ValueBytes { get; }

    public int EntryBytes => KeyBytes + ValueBytes;

    /// <summary>The key of an entry.</summary>
    public void Key(Span<byte> target, long index) => Number(target[..KeyBytes], index * 2);

    /// <summary>A key between two entries.</summary>
    public void MissingKey(Span<byte> target, long index) =>
        Number(target[..KeyBytes], index * 2 + 1);

    /// <summary>The value of an entry; a later version of it has another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Value(long index, int version = 0) => _buffer.AsSpan(
        (int)(Mix.Of((ulong)index + ((ulong)version << 48)) % (ulong)_placeCount), ValueBytes);

    private static void Number(Span<byte> target, long number)
    {
        ulong rest = (ulong)number;
        for (int i = target.Length - 1; i >= 0; i--)
        {
            ulong next = rest / 10;
            target[i] = (byte)('0' + (rest - next * 10));
            rest = next;
            if (rest == 0)
            {
                target[..i].Fill((byte)'0');
                return;
            }
        }
    }

    // As db_bench does it: of each piece only a part is random, and repeated to fill the piece.
    private static byte[] Fill(int length, double compressibility, ulong seed)
    {
        byte[] buffer = new byte[length];
        var random = new RandomSource(seed ^ 0xC0FFEE);
        int randomBytes = Math.Clamp((int)(PieceBytes * compressibility), 1, PieceBytes);
        for (int start = 0; start < length; start += PieceBytes)
        {
            Span<byte> piece = buffer.AsSpan(start, Math.Min(PieceBytes, length - start));
            for (int i = 0; i < piece.Length; i++)
                piece[i] = i < randomBytes
                    ? (byte)(' ' + random.Below(95)) : piece[i - randomBytes];
        }
        return buffer;
    }
}
