// Where the lines of a filter lie. The filter is a run of lines of 64 bytes, cut into pages that
// verify one by one:
//
//   page  63 lines of 64 bytes, 48 zero bytes, trailer of 16 bytes (block type 3)
//
// The last page is as long as the others; its lines beyond the count are zero.

namespace LsmMmap.Sstable.Format;

internal static class FilterLayout
{
    public const int LineBytes = 64;
    public const int LineBits = LineBytes * 8;
    public const int LinesPerPage = 63;
    public const int ProbesMax = 16;

    /// <summary>Payload bytes of every page.</summary>
    public const int PagePayloadBytes = LinesPerPage * LineBytes;

    public static ulong Pages(uint lines) => ((ulong)lines + LinesPerPage - 1) / LinesPerPage;

    /// <summary>The line that a hash belongs to: its high half scaled to the count.</summary>
    public static uint Line(ulong hash, uint lines) => (uint)(((hash >> 32) * lines) >> 32);

    /// <summary>Offset of a line from the start of the filter: every page skips one line.</summary>
    public static long Offset(uint line) => (long)LineBytes * (line + line / LinesPerPage);
}
