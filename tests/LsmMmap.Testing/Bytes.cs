// Short ways to write byte strings in tests and to print them in failure messages.

using System.Buffers.Binary;
using System.Text;

namespace LsmMmap.Testing;

public static class Bytes
{
    public static byte[] Of(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Eight bytes that order as the number does.</summary>
    public static byte[] Number(long number)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        return bytes;
    }

    public static byte[] Repeat(byte value, int length)
    {
        byte[] bytes = new byte[length];
        bytes.AsSpan().Fill(value);
        return bytes;
    }

    /// <summary>
    /// Bytes that follow from the number alone: the first half is noise, the second repeats.
    /// </summary>
    public static byte[] Value(long number, int length)
    {
        byte[] bytes = new byte[length];
        ulong state = (ulong)number * 0x9E3779B97F4A7C15 + 0x1234567;
        for (int i = 0; i < (length + 1) / 2; i++)
        {
            state = state * 6364136223846793005 + 1442695040888963407;
            bytes[i] = (byte)(state >> 56);
        }
        bytes.AsSpan((length + 1) / 2).Fill((byte)number);
        return bytes;
    }

    /// <summary>Hexadecimal, shortened in the middle of nothing: a prefix and the length.</summary>
    public static string Show(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= 12)
            return $"[{Convert.ToHexString(bytes)}]";
        return $"[{Convert.ToHexString(bytes[..12])}.. {bytes.Length} bytes]";
    }

    public static string Show(byte[]? bytes) => bytes is null ? "absent" : Show(bytes.AsSpan());
}
