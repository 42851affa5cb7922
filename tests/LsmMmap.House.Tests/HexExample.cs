// The hex examples of docs/format.md: blocks fenced as ```hex NAME, each line an offset, the bytes
// that stand there, and after '|' what they mean. Lines may leave out parts of the file. Compared
// with the bytes that the codecs make today, so that the page cannot drift from the code.

using System.Globalization;
using System.Text;
using LsmMmap.Testing;

namespace LsmMmap.House.Tests;

internal static class HexExample
{
    private const string Page = "docs/format.md";
    private const int LineBytes = 16;

    public static void AssertShows(string name, ReadOnlySpan<byte> actual)
    {
        CodeBlock? block = PageCode.Blocks(Page).FirstOrDefault(b => b.Info == $"hex {name}");
        Assert.True(block != null, $"{Page} has no ```hex {name}:\n{Dump(actual)}");
        Findings findings = new();
        string[] lines = block!.Text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
            JudgeLine(lines[i], block.Line + 1 + i, actual, findings);
        findings.AssertNone($"{Page}, example {name}; the bytes are\n{Dump(actual)}");
    }

    private static void JudgeLine(
        string line, int number, ReadOnlySpan<byte> actual, Findings findings)
    {
        string[] words = line.Split('|')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0 || words[0] == "...")
            return;
        int offset = int.Parse(words[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        string shown = string.Concat(words[1..]);
        int count = shown.Length / 2;
        if (offset + count > actual.Length)
            findings.Add(Page, number, $"the example ends at {actual.Length:x4}");
        else if (Convert.ToHexStringLower(actual.Slice(offset, count)) != shown)
            findings.Add(Page, number, line);
    }

    /// <summary>All bytes as the page shows them, without runs of zero lines.</summary>
    private static string Dump(ReadOnlySpan<byte> bytes)
    {
        StringBuilder text = new();
        for (int at = 0; at < bytes.Length; at += LineBytes)
        {
            ReadOnlySpan<byte> line = bytes.Slice(at, Math.Min(LineBytes, bytes.Length - at));
            if (!line.ContainsAnyExcept((byte)0))
                continue;
            text.Append(CultureInfo.InvariantCulture, $"{at:x4} ");
            foreach (byte value in line)
                text.Append(CultureInfo.InvariantCulture, $" {value:x2}");
            text.Append('\n');
        }
        return text.ToString();
    }
}
