// The byte picture of a log, version 1. A write-ahead log and a MANIFEST are both such a file.
// Every size and every number that stands on disk is written here and nowhere else. All integers
// are little-endian; docs/format.md draws the same picture with an example.
//
//   file     := header(64) frame(32768)*           frame k begins at 64 + k * 32768
//   header   := magic "LSMMLOG1"(8) version(4) headerBytes(4) storeId(8) logNumber(8) nonce(8)
//               bootId(16, in the order of its text) checksum(8, of bytes 0..55, seed 0)
//   frame    := chunk* zeros                       a chunk never crosses a frame
//   chunk    := checksum(8) length(2) type(1) payload(length)
//   record   := the payloads of one Full chunk, or of First Middle* Last, joined
//             = kind(1) varint(logNumber - synced log) varint(synced offset) body
//
// A record starts only where a frame has 32 bytes left (11 of chunk header, 21 of the longest
// record header); fewer bytes are zeros. So the record header always lies in the first chunk, and
// a reader that lands on any First or Full chunk knows what the record claims. First and Middle
// chunks fill their frame; Middle and Last chunks begin one.
//
// The checksum is XxHash3-64 of (length, type, payload), seeded by nonce, log number and the
// file offset of the chunk. A chunk that is stale, recycled, or copied to another place or file
// therefore does not verify there. The framing follows LevelDB's log (doc/log_format.md there),
// with the seed, the nonce and the synced point added.

using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.IO.Hashing;
using System.Runtime.CompilerServices;

namespace LsmMmap.Wal;

internal static class LogFormat
{
    /// <summary>The version this code writes, and the newest that it reads.</summary>
    public const int Version = 1;

    /// <summary>Bytes of the file header; the first frame begins here.</summary>
    public const int HeaderBytes = 64;

    /// <summary>Bytes of a frame.</summary>
    public const int FrameBytes = 32_768;

    /// <summary>Bytes before the payload of a chunk.</summary>
    public const int ChunkHeaderBytes = 11;

    /// <summary>Where the length stands in a chunk, and the checksummed bytes begin.</summary>
    public const int ChunkLengthAt = 8;

    /// <summary>Where the type stands in a chunk.</summary>
    public const int ChunkTypeAt = 10;

    /// <summary>The fewest bytes that a frame must have left for a record to start in it.</summary>
    public const int RecordRoomBytes = ChunkHeaderBytes + LogRecordHeader.BytesMax;

    /// <summary>The longest body: what one array of the runtime can hold, 2 GiB - 57.</summary>
    public const int BodyBytesMax = 0x7FFF_FFC7;

    private const int VersionAt = 8;
    private const int HeaderBytesAt = 12;
    private const int StoreIdAt = 16;
    private const int LogNumberAt = 24;
    private const int NonceAt = 32;
    private const int BootIdAt = 40;
    private const int ChecksumAt = 56;

    /// <summary>Weyl constant of SplitMix64 (2^64 divided by the golden ratio).</summary>
    private const ulong Golden = 0x9E37_79B9_7F4A_7C15;

    private static ReadOnlySpan<byte> Magic => "LSMMLOG1"u8;

    /// <summary>Writes the 64 bytes of a file header.</summary>
    public static void EncodeHeader(in LogHeader header, Span<byte> target)
    {
        Debug.Assert(target.Length >= HeaderBytes, "a header needs its 64 bytes");
        Debug.Assert(header.LogNumber >= 0, "a log number is not negative");
        target = target[..HeaderBytes];
        Magic.CopyTo(target);
        BinaryPrimitives.WriteUInt32LittleEndian(target[VersionAt..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(target[HeaderBytesAt..], HeaderBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(target[StoreIdAt..], header.StoreId);
        BinaryPrimitives.WriteUInt64LittleEndian(target[LogNumberAt..], (ulong)header.LogNumber);
        BinaryPrimitives.WriteUInt64LittleEndian(target[NonceAt..], header.Nonce);
        bool written = header.BootId.TryWriteBytes(target[BootIdAt..], bigEndian: true, out _);
        Debug.Assert(written, "a boot id has 16 bytes");
        ulong checksum = XxHash3.HashToUInt64(target[..ChecksumAt]);
        BinaryPrimitives.WriteUInt64LittleEndian(target[ChecksumAt..], checksum);
    }

    /// <summary>
    /// Reads a file header from the first bytes of a file (fewer than 64 when the file is
    /// shorter). Returns what is wrong with it, or null.
    /// </summary>
    /// <remarks>
    /// The version is judged before the checksum, because a newer version may keep its checksum
    /// elsewhere. A flipped bit in the version field thus reads as a newer version; both refuse.
    /// </remarks>
    public static LogDamage? DecodeHeader(ReadOnlySpan<byte> source, out LogHeader header)
    {
        header = default;
        if (source.Length > HeaderBytes)
            source = source[..HeaderBytes];
        if (!source.ContainsAnyExcept((byte)0))
            return Bad(LogDamageKind.HeaderMissing, "a header", $"{source.Length} bytes of zeros");
        if (source.Length < HeaderBytes)
            return Bad(LogDamageKind.HeaderShort, $"{HeaderBytes} bytes", Text(source.Length));
        if (!source[..VersionAt].SequenceEqual(Magic))
            return Bad(LogDamageKind.HeaderBadMagic, Hex(Magic), Hex(source[..VersionAt]));
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(source[VersionAt..]);
        if (version > Version)
            return Bad(LogDamageKind.NewerVersion, Text(Version), Text(version));
        ulong stored = BinaryPrimitives.ReadUInt64LittleEndian(source[ChecksumAt..]);
        ulong computed = XxHash3.HashToUInt64(source[..ChecksumAt]);
        if (stored != computed)
            return Bad(LogDamageKind.HeaderBadChecksum, $"{computed:x16}", $"{stored:x16}");
        uint headerBytes = BinaryPrimitives.ReadUInt32LittleEndian(source[HeaderBytesAt..]);
        ulong logNumber = BinaryPrimitives.ReadUInt64LittleEndian(source[LogNumberAt..]);
        if (version != Version || headerBytes != HeaderBytes || logNumber > long.MaxValue)
            return Bad(LogDamageKind.HeaderBadField,
                $"version {Version}, {HeaderBytes} bytes, a log number below 2^63",
                $"version {version}, {headerBytes} bytes, log number {logNumber}");
        header = new LogHeader(
            BinaryPrimitives.ReadUInt64LittleEndian(source[StoreIdAt..]),
            (long)logNumber,
            BinaryPrimitives.ReadUInt64LittleEndian(source[NonceAt..]),
            new Guid(source[BootIdAt..ChecksumAt], bigEndian: true));
        return null;
    }

    /// <summary>Bytes from a file offset to the end of its frame: 1 to 32,768.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int BytesLeftInFrame(long offset)
    {
        Debug.Assert(offset >= HeaderBytes, "frames begin behind the header");
        return FrameBytes - (int)((offset - HeaderBytes) & (FrameBytes - 1));
    }

    /// <summary>The part of every chunk seed that is the same in a whole log.</summary>
    public static ulong LogSeed(in LogHeader header) =>
        Mix(header.Nonce ^ Mix((ulong)header.LogNumber + Golden));

    /// <summary>
    /// The checksum of a chunk: of its bytes from the length field to the end of its payload.
    /// </summary>
    /// <remarks>
    /// <c>seed = mix(logSeed ^ offset)</c>, <c>logSeed = mix(nonce ^ mix(logNumber + golden))</c>,
    /// where mix is the finalizer of SplitMix64. It is a bijection, so two places of one log
    /// never share a seed, and two logs share one at a place with a chance of 2^-64.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ChunkChecksum(ReadOnlySpan<byte> checkedBytes, ulong logSeed, long offset)
    {
        Debug.Assert(offset >= HeaderBytes, "chunks lie behind the header");
        return XxHash3.HashToUInt64(checkedBytes, (long)Mix(logSeed ^ (ulong)offset));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
        return value ^ (value >> 31);
    }

    private static LogDamage Bad(LogDamageKind kind, string expected, string found) =>
        new(kind, 0, expected, found);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);
}
