// Members for a machine without reference packs, and for tests: names and texts of about the
// shape and size of the real ones (500 bytes, some far longer), from a fixed generator of our own,
// so that they are the same bytes on every machine and every version of .NET.

using System.Text;

namespace LsmMmap.Cli.Demo;

internal static class SyntheticMembers
{
    private const int MembersPerType = 24;

    private static readonly string[] s_words =
    [
        "returns", "the", "value", "of", "this", "instance", "or", "null", "when", "specified",
        "key", "is", "absent", "throws", "if", "buffer", "length", "exceeds", "limit", "span",
    ];

    public static IEnumerable<(string Name, byte[] Value)> Generate(int count)
    {
        ulong state = 0x9E37_79B9_7F4A_7C15;
        for (int i = 0; i < count; i++)
        {
            string name = FormattableString.Invariant(
                $"M:Synthetic.Type{i / MembersPerType:D5}.Method{i % MembersPerType:D2}");
            // Mostly a few dozen words; one in 64 is long enough to span pages.
            int words = 20 + (int)(Next(ref state) % 60);
            if (Next(ref state) % 64 == 0)
                words *= 40;
            yield return (name, Element(name, words, ref state));
        }
    }

    private static byte[] Element(string name, int words, ref ulong state)
    {
        var text = new StringBuilder(64 + words * 7);
        text.Append("<member name=\"").Append(name).Append("\">\n  <summary>");
        for (int i = 0; i < words; i++)
            text.Append(s_words[Next(ref state) % (ulong)s_words.Length]).Append(' ');
        return Encoding.UTF8.GetBytes(text.Append("</summary>\n</member>").ToString());
    }

    // xorshift64*: Marsaglia 2003, Vigna 2016.
    private static ulong Next(ref ulong state)
    {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return (state * 0x2545_F491_4F6C_DD1D) >> 16;
    }
}
