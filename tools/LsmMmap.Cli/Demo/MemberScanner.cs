// Finds the <member name="..."> elements of an XML documentation file, as ranges of its bytes: the
// demo stores exactly what stands in the file, so a parser that rewrites white space or entities
// will not do. Understands as much XML as matters for that: quotes in tags, empty elements,
// comments, CDATA, processing instructions. Only ASCII-compatible files (UTF-8) hold members.
//
// A file that ends early ends the scan: what is not a whole element is not a member.

using System.Net;
using System.Text;

namespace LsmMmap.Cli.Demo;

/// <summary>One element: its name attribute, and where its bytes stand in the file.</summary>
internal readonly record struct FoundMember(string Name, int Offset, int Length);

internal ref struct MemberScanner(ReadOnlySpan<byte> file)
{
    private readonly ReadOnlySpan<byte> _file = file;
    private int _at;

    public FoundMember Current { get; private set; }

    /// <summary>To the next whole element named member that has a name attribute.</summary>
    public bool MoveNext()
    {
        while (NextTag(out ReadOnlySpan<byte> tag, out int start))
        {
            if (!IsElement(tag, "member"u8) || NameIn(tag) is not string name)
                continue;
            if (!tag.EndsWith("/"u8) && !SkipContent())
                return false;
            Current = new FoundMember(name, start, _at - start);
            return true;
        }
        return false;
    }

    private static bool IsElement(ReadOnlySpan<byte> tag, ReadOnlySpan<byte> name) =>
        tag.StartsWith(name) && (tag.Length == name.Length || IsSpaceOrSlash(tag[name.Length]));

    private static bool IsSpaceOrSlash(byte one) =>
        one is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or (byte)'/';

    private static string? NameIn(ReadOnlySpan<byte> tag)
    {
        int at = tag.IndexOf("name"u8);
        while (at > 0 && !IsSpaceOrSlash(tag[at - 1]))
        {
            int next = tag[(at + 4)..].IndexOf("name"u8);
            at = next < 0 ? -1 : at + 4 + next;
        }
        if (at < 0)
            return null;
        ReadOnlySpan<byte> rest = tag[(at + 4)..].TrimStart(" \t\r\n"u8);
        if (!rest.StartsWith("="u8))
            return null;
        rest = rest[1..].TrimStart(" \t\r\n"u8);
        int end = rest.IsEmpty ? -1 : rest[1..].IndexOf(rest[0]);
        return end < 0 ? null : WebUtility.HtmlDecode(Encoding.UTF8.GetString(rest[1..(end + 1)]));
    }

    // Elements nest, so the end tag that counts is the one at our own depth.
    private bool SkipContent()
    {
        int depth = 1;
        while (NextTag(out ReadOnlySpan<byte> tag, out _))
        {
            if (tag.StartsWith("/"u8))
                depth--;
            else if (!tag.EndsWith("/"u8))
                depth++;
            if (depth == 0)
                return true;
        }
        return false;
    }

    // The next tag, without its angle brackets; comments and the like are passed over.
    private bool NextTag(out ReadOnlySpan<byte> tag, out int start)
    {
        while (true)
        {
            tag = default;
            int open = _file[_at..].IndexOf((byte)'<');
            start = _at + open;
            if (open < 0)
                return false;
            ReadOnlySpan<byte> rest = _file[start..];
            if (rest.StartsWith("<!--"u8) ? !SkipTo(start + 4, "-->"u8)
                : rest.StartsWith("<![CDATA["u8) ? !SkipTo(start + 9, "]]>"u8)
                : rest.StartsWith("<?"u8) && !SkipTo(start + 2, "?>"u8))
                return false;
            if (_at > start)
                continue;
            int close = CloseOf(rest);
            if (close < 0)
                return false;
            tag = rest[1..close];
            _at = start + close + 1;
            return true;
        }
    }

    private bool SkipTo(int from, ReadOnlySpan<byte> end)
    {
        int found = _file[from..].IndexOf(end);
        if (found >= 0)
            _at = from + found + end.Length;
        return found >= 0;
    }

    // A quoted attribute may hold an angle bracket.
    private static int CloseOf(ReadOnlySpan<byte> tag)
    {
        int at = 1;
        while (at < tag.Length)
        {
            int found = tag[at..].IndexOfAny((byte)'>', (byte)'"', (byte)'\'');
            if (found < 0)
                return -1;
            at += found;
            if (tag[at] == (byte)'>')
                return at;
            int quote = tag[(at + 1)..].IndexOf(tag[at]);
            if (quote < 0)
                return -1;
            at += quote + 2;
        }
        return -1;
    }
}
