// The three decoders as targets of the guided fuzz. One thread each.

using System.Buffers.Binary;
using System.IO.Hashing;
using LsmMmap.Engine.Files;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Tables;
using LsmMmap.Wal;

namespace LsmMmap.Fuzz.Tests;

/// <summary>Input: the frames of a log; each chunk that fits its frame is sealed.</summary>
internal sealed class GuidedLog(int seed) : IGuidedTarget
{
    private readonly LogHeader _header = new(77, 7, 99, Guid.Empty);

    public IReadOnlyList<byte[]> Seeds { get; } =
    [
        .. Enumerable.Range(0, 4).Select(i => LogBase.Make(
            new Random(seed + i), 7, 6 + i, 200, 0).Bytes[LogFormat.HeaderBytes..]),
        LogBase.Make(new Random(seed), 7, 3, 60_000, 0).Bytes[LogFormat.HeaderBytes..],
    ];

    public void Run(FuzzCase the, byte[] input)
    {
        byte[] bytes = new byte[LogFormat.HeaderBytes + input.Length];
        LogFormat.EncodeHeader(_header, bytes);
        input.CopyTo(bytes, LogFormat.HeaderBytes);
        Seal(bytes);
        LogStructureFuzz.ReadAll(bytes);
    }

    private void Seal(byte[] bytes)
    {
        ulong logSeed = LogFormat.LogSeed(_header);
        int at = LogFormat.HeaderBytes;
        while (at + LogFormat.ChunkHeaderBytes < bytes.Length)
        {
            Span<byte> chunk = bytes.AsSpan(at);
            int left = LogFormat.BytesLeftInFrame(at);
            int length = BinaryPrimitives.ReadUInt16LittleEndian(chunk[LogFormat.ChunkLengthAt..]);
            int whole = LogFormat.ChunkHeaderBytes + length;
            bool fits = left >= LogFormat.RecordRoomBytes && length > 0
                && whole <= left && whole <= chunk.Length;
            if (!fits)
            {
                at += left;
                continue;
            }
            LogChunk.Seal(
                chunk[..whole], (LogChunkType)chunk[LogFormat.ChunkTypeAt], logSeed, at);
            at += whole;
        }
    }
}

/// <summary>Input: edits behind a length of two bytes each; chained and logged.</summary>
internal sealed class GuidedManifest(int seed) : IGuidedTarget
{
    private const long Number = 7;

    public IReadOnlyList<byte[]> Seeds { get; } =
        [.. Enumerable.Range(0, 5).Select(i => Flat(
            ManifestBase.Make(new Random(seed + i), Number, 2 + 3 * i)))];

    public void Run(FuzzCase the, byte[] input)
    {
        using var stream = new MemoryStream();
        var writer = new LogWriter(stream, new LogHeader(77, Number, 9, Guid.Empty));
        writer.WriteHeader();
        ulong chain = 0;
        for (int at = 0; at + 2 < input.Length;)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(input.AsSpan(at));
            byte[] body = input[(at + 2)..Math.Min(input.Length, at + 2 + length)];
            at += 2 + length;
            if (body.Length >= sizeof(ulong))
                BinaryPrimitives.WriteUInt64LittleEndian(body, chain);
            chain = Manifest.NextChain(body);
            writer.Append(LogRecordKind.Data, default, body);
        }
        var files = new MemoryFiles();
        files.Put(FileNames.ManifestName(Number), stream.ToArray());
        FuzzCase.Attempt(() => ManifestStructureFuzz.Use(ManifestReader.Read(
            files, MemoryFiles.Directory, Number, out _)));
    }

    private static byte[] Flat(LogBase manifest)
    {
        List<byte> flat = [];
        foreach (LoggedRecord record in manifest.Records.Where(
            one => one.Kind == LogRecordKind.Data))
        {
            flat.Add((byte)record.Body.Length);
            flat.Add((byte)(record.Body.Length >> 8));
            flat.AddRange(record.Body);
        }
        return [.. flat];
    }
}

/// <summary>Input: a small table; its blocks, as the sound table has them, and its footer are
/// sealed.</summary>
internal sealed class GuidedTable : IGuidedTarget, IDisposable
{
    private const int FooterChecksumAt = 112;

    private readonly TableBase[] _bases;
    private readonly GuardedMemory _memory = new(1 << 20);

    public GuidedTable(int seed)
    {
        var random = new Random(seed);
        var small = new TableOptions { BlockBytes = 1024 };
        _bases =
        [
            TableBase.Make(random, small, 30, 40, 12),
            TableBase.Make(random, small, 12, 900, 8),
            TableBase.Make(random, small with { BloomBitsPerKey = 0 }, 60, 20, 20),
            TableBase.Make(random, new TableOptions { Codec = BlockCodec.Lz4 }, 60, 60, 12),
        ];
        Seeds = [.. _bases.Select(one => one.Bytes)];
    }

    public IReadOnlyList<byte[]> Seeds { get; }

    public void Run(FuzzCase the, byte[] input)
    {
        byte[] bytes = [.. input];
        // Inputs keep the length of the table that they come from, mostly.
        TableBase whole = Array.Find(_bases, one => one.Bytes.Length == input.Length)
            ?? the.Pick(_bases);
        foreach (InspectedBlock block in whole.Blocks.Where(
            one => one.Handle.End <= bytes.Length))
        {
            TableCrafting.Reseal(
                bytes.AsSpan((int)block.Handle.Offset, block.Handle.Bytes), whole.TableId,
                block.Handle.Offset);
        }
        if (bytes.Length >= Footer.Bytes)
            SealFooter(bytes, whole.TableId);
        TableStructureFuzz.ReadAll(the, whole, new FuzzedTable(_memory, bytes, the.OneIn(2)));
    }

    public void Dispose() => _memory.Dispose();

    private static void SealFooter(byte[] bytes, ulong tableId)
    {
        long offset = bytes.Length - Footer.Bytes;
        Span<byte> footer = bytes.AsSpan((int)offset);
        BinaryPrimitives.WriteUInt64LittleEndian(footer, tableId);
        BinaryPrimitives.WriteUInt64LittleEndian(footer[96..], (ulong)bytes.Length);
        ulong checksum = XxHash3.HashToUInt64(
            footer[..FooterChecksumAt], BlockTrailer.Seed(tableId, offset));
        BinaryPrimitives.WriteUInt64LittleEndian(footer[FooterChecksumAt..], checksum);
    }
}
