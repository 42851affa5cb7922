// The last 128 bytes of every table. Size, version, checksum and magic keep their places in all
// versions, so that any reader can tell a newer table from a damaged one.
//
//     0  u64  table id (random)               64  u64  range tombstones offset (0: none)
//     8  u64  index root offset               72  u64  range tombstones bytes
//    16  u64  index root bytes                80  u64  data blocks
//    24  u64  properties offset               88  u64  entries
//    32  u64  properties bytes                96  u64  file length
//    40  u64  filter offset                  104  u32  flags: 1 values apart, 2 compressed,
//    48  u32  filter pages (0: no filter)              4 entries that expire
//    52  u32  filter lines                   108  u32  format version
//    56  u32  filter probes                  112  u64  XxHash3-64 of bytes 0..111,
//    60  u32  index depth (1: root is leaf)            seed = table id + offset of the footer
//                                            120       "LSMMSST1"
//
// The seed takes the id that the footer itself states: the checksum proves the footer whole and in
// its place, and the id is compared with the one the manifest gave.

using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Hashing;

namespace LsmMmap.Sstable.Format;

internal sealed record Footer
{
    public const int Bytes = 128;

    private const int ChecksumAt = 112;
    private const int VersionAt = 108;
    private const int MagicAt = 120;
    private const uint FlagValuesApart = 1;
    private const uint FlagCompressed = 2;
    private const uint FlagExpiring = 4;

    private readonly int? _version;

    public required ulong TableId { get; init; }
    public required BlockHandle IndexRoot { get; init; }
    public required BlockHandle Properties { get; init; }
    public required long FilterOffset { get; init; }
    public required int FilterPages { get; init; }
    public required uint FilterLines { get; init; }
    public required int FilterProbes { get; init; }
    public required int IndexDepth { get; init; }
    public required long DataBlocks { get; init; }
    public required long Entries { get; init; }
    public required long FileBytes { get; init; }

    /// <summary>Whether some values lie apart from their entries.</summary>
    public required bool HasValuesApart { get; init; }

    /// <summary>Whether data blocks are unaligned and possibly compressed.</summary>
    public required bool IsCompressed { get; init; }

    /// <summary>Whether some entries expire.</summary>
    public bool HasExpiring { get; init; }

    /// <summary>Null when there are none.</summary>
    public BlockHandle? Ranges { get; init; }

    /// <summary>Version of the format that the table is written in.</summary>
    public int Version
    {
        get => _version ?? (HasExpiring ? FormatVersion.WithExpiry
            : Ranges == null ? FormatVersion.Plain : FormatVersion.WithRanges);
        init => _version = value;
    }

    private static ReadOnlySpan<byte> Magic => "LSMMSST1"u8;

    public void Write(Span<byte> target)
    {
        Debug.Assert(target.Length == Bytes, "a footer has one size");
        Debug.Assert(FileBytes >= Bytes, "the file length covers the footer");
        target.Clear();
        WriteU64(target, 0, TableId);
        WriteU64(target, 8, (ulong)IndexRoot.Offset);
        WriteU64(target, 16, (ulong)IndexRoot.Bytes);
        WriteU64(target, 24, (ulong)Properties.Offset);
        WriteU64(target, 32, (ulong)Properties.Bytes);
        WriteU64(target, 40, (ulong)FilterOffset);
        WriteU32(target, 48, (uint)FilterPages);
        WriteU32(target, 52, FilterLines);
        WriteU32(target, 56, (uint)FilterProbes);
        WriteU32(target, 60, (uint)IndexDepth);
        WriteU64(target, 64, (ulong)(Ranges?.Offset ?? 0));
        WriteU64(target, 72, (ulong)(Ranges?.Bytes ?? 0));
        WriteU64(target, 80, (ulong)DataBlocks);
        WriteU64(target, 88, (ulong)Entries);
        WriteU64(target, 96, (ulong)FileBytes);
        WriteU32(target, 104, Flags());
        WriteU32(target, VersionAt, (uint)Version);
        WriteU64(target, ChecksumAt, Checksum(target, TableId, FileBytes - Bytes));
        Magic.CopyTo(target[MagicAt..]);
    }

    /// <summary>
    /// Reads and checks the last bytes of a file of <paramref name="fileBytes"/>. Null with a
    /// fault when they are no footer of this version.
    /// </summary>
    public static Footer? Read(ReadOnlySpan<byte> source, long fileBytes, out FooterFault fault)
    {
        Debug.Assert(source.Length == Bytes, "a footer has one size");
        ulong tableId = ReadU64(source, 0);
        fault = default;
        if (!source[MagicAt..].SequenceEqual(Magic))
            return Fail(out fault, "the file does not end as a table does", "LSMMSST1",
                Convert.ToHexString(source[MagicAt..]));
        ulong checksum = Checksum(source, tableId, fileBytes - Bytes);
        if (checksum != ReadU64(source, ChecksumAt))
            return Fail(out fault, "the checksum of the footer does not match",
                $"{ReadU64(source, ChecksumAt):x16}", $"{checksum:x16}");
        uint version = ReadU32(source, VersionAt);
        if (version > FormatVersion.Current)
        {
            fault = new FooterFault(
                "a newer format", null, null, (int)Math.Min(version, int.MaxValue));
            return null;
        }
        string? wrong = FindWrongField(source, fileBytes, version);
        if (wrong != null)
            return Fail(out fault, wrong, null, null);
        return Parse(source, tableId, fileBytes);
    }

    private static Footer Parse(ReadOnlySpan<byte> source, ulong tableId, long fileBytes) => new()
    {
        TableId = tableId,
        IndexRoot = new BlockHandle((long)ReadU64(source, 8), (int)ReadU64(source, 16)),
        Properties = new BlockHandle((long)ReadU64(source, 24), (int)ReadU64(source, 32)),
        FilterOffset = (long)ReadU64(source, 40),
        FilterPages = (int)ReadU32(source, 48),
        FilterLines = ReadU32(source, 52),
        FilterProbes = (int)ReadU32(source, 56),
        IndexDepth = (int)ReadU32(source, 60),
        Ranges = ReadU64(source, 72) == 0
            ? null : new BlockHandle((long)ReadU64(source, 64), (int)ReadU64(source, 72)),
        DataBlocks = (long)ReadU64(source, 80),
        Entries = (long)ReadU64(source, 88),
        FileBytes = fileBytes,
        HasValuesApart = (ReadU32(source, 104) & FlagValuesApart) != 0,
        IsCompressed = (ReadU32(source, 104) & FlagCompressed) != 0,
        HasExpiring = (ReadU32(source, 104) & FlagExpiring) != 0,
    };

    private static string? FindWrongField(ReadOnlySpan<byte> source, long fileBytes, uint version)
    {
        long end = fileBytes - Bytes;
        if (version == 0)
            return "the footer states format version 0";
        if (ReadU64(source, 96) != (ulong)fileBytes)
            return "the footer states another file length";
        if (!IsBlock(ReadU64(source, 8), ReadU64(source, 16), end))
            return "the index root lies outside the table";
        if (!IsBlock(ReadU64(source, 24), ReadU64(source, 32), end))
            return "the properties lie outside the table";
        if (!IsFilter(source, end))
            return "the filter lies outside the table";
        uint depth = ReadU32(source, 60);
        if (depth is 0 or > TableLayout.IndexDepthMax)
            return "the index has an impossible depth";
        bool hasRanges = ReadU64(source, 64) != 0 || ReadU64(source, 72) != 0;
        if ((hasRanges && version < FormatVersion.WithRanges)
            || (!hasRanges && version == FormatVersion.WithRanges))
            return "the footer's version and its range tombstones do not go together";
        if (hasRanges && !IsBlock(ReadU64(source, 64), ReadU64(source, 72), end))
            return "the range tombstones lie outside the table";
        if (ReadU64(source, 80) is 0 or > long.MaxValue
            || ReadU64(source, 88) is 0 or > long.MaxValue)
            return "the footer states an impossible count";
        uint flags = ReadU32(source, 104);
        if (flags > (FlagValuesApart | FlagCompressed | FlagExpiring))
            return "the footer carries an unknown flag";
        return (flags & FlagExpiring) != 0 != (version == FormatVersion.WithExpiry)
            ? "the footer's version and its entries that expire do not go together" : null;
    }

    private static bool IsBlock(ulong offset, ulong bytes, long end) =>
        offset % TableLayout.PageBytes == 0 && bytes > BlockTrailer.Bytes && bytes <= int.MaxValue
        && offset <= (ulong)end && bytes <= (ulong)end - offset;

    private static bool IsFilter(ReadOnlySpan<byte> source, long end)
    {
        ulong offset = ReadU64(source, 40);
        ulong pages = ReadU32(source, 48);
        uint lines = ReadU32(source, 52);
        uint probes = ReadU32(source, 56);
        if (pages == 0)
            return lines == 0 && offset == 0;
        return pages <= int.MaxValue
            && offset % TableLayout.PageBytes == 0
            && offset <= (ulong)end && pages * TableLayout.PageBytes <= (ulong)end - offset
            && FilterLayout.Pages(lines) == pages
            && probes is >= 1 and <= FilterLayout.ProbesMax;
    }

    private static Footer? Fail(
        out FooterFault fault, string what, string? expected, string? found)
    {
        fault = new FooterFault(what, expected, found, 0);
        return null;
    }

    private uint Flags() =>
        (HasValuesApart ? FlagValuesApart : 0) | (IsCompressed ? FlagCompressed : 0)
        | (HasExpiring ? FlagExpiring : 0);

    private static ulong Checksum(ReadOnlySpan<byte> source, ulong tableId, long offset) =>
        XxHash3.HashToUInt64(source[..ChecksumAt], BlockTrailer.Seed(tableId, offset));

    private static ulong ReadU64(ReadOnlySpan<byte> source, int at) =>
        BinaryPrimitives.ReadUInt64LittleEndian(source[at..]);

    private static uint ReadU32(ReadOnlySpan<byte> source, int at) =>
        BinaryPrimitives.ReadUInt32LittleEndian(source[at..]);

    private static void WriteU64(Span<byte> target, int at, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(target[at..], value);

    private static void WriteU32(Span<byte> target, int at, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(target[at..], value);
}

/// <summary>Why 128 bytes are no footer. NewerVersion is 0 unless that is the reason.</summary>
internal readonly record struct FooterFault(
    string What, string? Expected, string? Found, int NewerVersion);
