// Keys and values are bytes; a terminal and a tab-separated line want text. Text that is valid
// UTF-8 and harmless is shown as it is; everything else becomes \t \n \r \\ or \xNN per byte, so
// that a value can neither break a line nor send control sequences to the terminal, and so that
// the text can be turned back into exactly the bytes (TryUnescape).

using System.Buffers;
using System.Globalization;
using System.Text;

namespace LsmMmap.Cli.Output;

internal static class ByteText
{
    /// <summary>Appends the escaped form of <paramref name="bytes"/> as UTF-8.</summary>
    public static void Escape(ReadOnlySpan<byte> bytes, IBufferWriter<byte> target)
    {
        while (!bytes.IsEmpty)
        {
            int plain = PlainLength(bytes);
            target.Write(bytes[..plain]);
            bytes = bytes[plain..];
            if (bytes.IsEmpty)
                return;
            OperationStatus status = Rune.DecodeFromUtf8(bytes, out Rune rune, out int consumed);
            if (status == OperationStatus.Done && !MustEscape(rune))
                target.Write(bytes[..consumed]);
            else
                foreach (byte one in bytes[..consumed])
                    target.Write(EscapeOf(one));
            bytes = bytes[consumed..];
        }
    }

    /// <summary>The escaped form as a string.</summary>
    public static string Escape(ReadOnlySpan<byte> bytes)
    {
        var buffer = new ArrayBufferWriter<byte>(bytes.Length + 8);
        Escape(bytes, buffer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>The escaped form, cut with an ellipsis to at most that many characters.</summary>
    public static string Shorten(ReadOnlySpan<byte> bytes, int charactersMax)
    {
        // Four bytes a character is the most that UTF-8 needs, so nothing beyond can be shown.
        ReadOnlySpan<byte> head = bytes[..Math.Min(bytes.Length, 4 * charactersMax)];
        string text = Escape(head);
        bool whole = head.Length == bytes.Length && text.Length <= charactersMax;
        return whole ? text : string.Concat(text.AsSpan(0, Math.Min(text.Length,
            Math.Max(0, charactersMax - 1))), "…");
    }

    /// <summary>Undoes <see cref="Escape(ReadOnlySpan{byte}, IBufferWriter{byte})"/>.</summary>
    /// <returns>False when a backslash begins nothing known.</returns>
    public static bool TryUnescape(ReadOnlySpan<byte> text, IBufferWriter<byte> target)
    {
        while (true)
        {
            int backslash = text.IndexOf((byte)'\\');
            target.Write(backslash < 0 ? text : text[..backslash]);
            if (backslash < 0)
                return true;
            text = text[(backslash + 1)..];
            if (text.IsEmpty)
                return false;
            int used = Unescape(text, out byte value);
            if (used == 0)
                return false;
            target.Write([value]);
            text = text[used..];
        }
    }

    /// <summary>Reads "0a1B2c" (an optional 0x before it).</summary>
    public static bool TryParseHex(string text, out byte[] bytes)
    {
        ReadOnlySpan<char> digits = text.StartsWith("0x", StringComparison.Ordinal)
            ? text.AsSpan(2) : text;
        bytes = [];
        if (digits.Length % 2 != 0)
            return false;
        bytes = new byte[digits.Length / 2];
        return Convert.FromHexString(digits, bytes, out _, out _) == OperationStatus.Done;
    }

    public static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    /// <summary>Whether the bytes are UTF-8, so that JSON can carry them as a string.</summary>
    public static bool IsUtf8(ReadOnlySpan<byte> bytes) =>
        System.Text.Unicode.Utf8.IsValid(bytes);

    private static int PlainLength(ReadOnlySpan<byte> bytes)
    {
        int i = 0;
        while (i < bytes.Length && bytes[i] is >= 0x20 and < 0x7F and not (byte)'\\')
            i++;
        return i;
    }

    // Controls could drive the terminal, format characters could reorder what is read, and line
    // separators could break the line.
    private static bool MustEscape(Rune rune) => rune.Value == '\\' ||
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    private static ReadOnlySpan<byte> EscapeOf(byte value) => value switch
    {
        (byte)'\t' => @"\t"u8,
        (byte)'\n' => @"\n"u8,
        (byte)'\r' => @"\r"u8,
        (byte)'\\' => @"\\"u8,
        _ => Encoding.ASCII.GetBytes($@"\x{value:x2}"),
    };

    private static int Unescape(ReadOnlySpan<byte> afterBackslash, out byte value)
    {
        value = afterBackslash[0] switch
        {
            (byte)'t' => (byte)'\t',
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'\\' => (byte)'\\',
            _ => 0,
        };
        if (value != 0)
            return 1;
        if (afterBackslash.Length < 3 || afterBackslash[0] != 'x')
            return 0;
        Span<byte> one = stackalloc byte[1];
        bool isHex = Convert.FromHexString(afterBackslash.Slice(1, 2), one, out _, out _)
            == OperationStatus.Done;
        value = one[0];
        return isHex ? 3 : 0;
    }
}
