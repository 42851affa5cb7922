// Logs whose chunks carry right checksums over impossible content: lengths, types and orders of
// chunks, record headers, bodies. What is read may be anything, since nothing can tell; but reading
// ends, throws nothing, and the decoders of bodies refuse what they cannot read.
//
// Seen to fail: without the comparison of lengths in FieldReader.Take, an
// ArgumentOutOfRangeException in the first case.
// Threads: one.

using System.Buffers.Binary;
using LsmMmap.Engine.Versions;
using LsmMmap.Engine.Writing;
using LsmMmap.Wal;

namespace LsmMmap.Fuzz.Tests;

internal sealed class LogStructureFuzz : IFuzz
{
    private readonly List<LogBase> _bases = [];

    public LogStructureFuzz(int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 4; i++)
            _bases.Add(LogBase.Make(random, 7, 20, 400, 0));
        _bases.Add(LogBase.Make(random, 7, 8, 80_000, 600));
    }

    public void Run(FuzzCase the)
    {
        LogBase whole = the.Pick(_bases);
        ReadAll(the.OneIn(3) ? Composed(the, whole.Header) : Resealed(the, whole));
    }

    /// <summary>Reads a log of whatever content, and decodes its bodies.</summary>
    public static void ReadAll(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        FuzzCase.Check(
            LogReader.TryReadHeader(stream, out LogHeader header, out _), "the header is whole");
        var reader = new LogReader(stream, header);
        long steps = 0;
        do
        {
            while (reader.Read())
            {
                Decode(reader.Body);
                FuzzCase.Check(reader.EndOffset <= bytes.Length, "a record beyond the file");
                FuzzCase.Check(++steps < bytes.Length, "reading does not move on");
            }
            FuzzCase.Check(++steps < bytes.Length, "searching does not move on");
        }
        while (reader.Damage != null && reader.FindVerifying());
    }

    /// <summary>What the engine does with a body.</summary>
    private static void Decode(ReadOnlySpan<byte> body)
    {
        var batch = new BatchReader(body);
        int entries = 0;
        while (batch.MoveNext())
            entries += 1 + batch.Key.Length * 0 + batch.Value.Length * 0;
        FuzzCase.Check(entries <= body.Length, "more entries than bytes");
        bool isEdit = EditCodec.TryDecode(body, out _, out VersionEdit edit, out string problem);
        FuzzCase.Check(isEdit || problem.Length > 0, "an edit is refused without a reason");
        if (isEdit)
            _ = new ManifestContents().Apply(edit);
    }

    /// <summary>Changes chunks of a whole log and seals them again.</summary>
    public static byte[] Resealed(FuzzCase the, LogBase whole)
    {
        byte[] bytes = [.. whole.Bytes];
        ulong seed = LogFormat.LogSeed(whole.Header);
        int changes = 1 + the.Random.Next(3);
        for (int i = 0; i < changes; i++)
        {
            int at = (int)the.Pick(whole.Records).Offset;
            // Now and then any place: a chunk where none should be.
            if (the.OneIn(8))
                at = LogFormat.HeaderBytes + the.Random.Next(bytes.Length - 80);
            Reseal(the, bytes, at, seed);
        }
        return bytes;
    }

    private static void Reseal(FuzzCase the, byte[] bytes, int at, ulong seed)
    {
        if (bytes.Length - at <= LogFormat.ChunkHeaderBytes)
            return;
        Span<byte> chunk = bytes.AsSpan(at);
        int length = BinaryPrimitives.ReadUInt16LittleEndian(chunk[LogFormat.ChunkLengthAt..]);
        int room = Math.Min(chunk.Length, LogFormat.BytesLeftInFrame(at))
            - LogFormat.ChunkHeaderBytes;
        if (room <= 0)
            return;
        length = the.Random.Next(6) switch
        {
            0 => 1 + the.Random.Next(room),
            1 => room,
            _ => Math.Clamp(length, 1, room),
        };
        var type = (LogChunkType)chunk[LogFormat.ChunkTypeAt];
        if (the.OneIn(3))
            type = (LogChunkType)the.Random.Next(6);
        Span<byte> payload = chunk.Slice(LogFormat.ChunkHeaderBytes, length);
        int reach = the.OneIn(2) ? Math.Min(24, length) : length;
        for (int i = the.Random.Next(4); i > 0; i--)
            payload[the.Random.Next(reach)] = (byte)the.AbsurdNumber(256);
        the.Say($"chunk at {at} sealed as {type} of {length}");
        LogChunk.Seal(chunk[..(LogFormat.ChunkHeaderBytes + length)], type, seed, at);
    }

    /// <summary>The same records with some bodies changed, all of them whole.</summary>
    public static byte[] Rewritten(FuzzCase the, LogBase whole)
    {
        using var stream = new MemoryStream();
        var writer = new LogWriter(stream, whole.Header);
        writer.WriteHeader();
        int victim = the.Random.Next(whole.Records.Count);
        for (int i = 0; i < whole.Records.Count; i++)
        {
            LoggedRecord record = whole.Records[i];
            byte[] body = [.. record.Body];
            if (i == victim)
            {
                int at = the.Random.Next(Math.Max(1, Math.Min(40, body.Length)));
                if (the.OneIn(3) || body.Length == 0)
                    body = AbsurdBody.Make(the);
                else
                    body[at] = (byte)the.AbsurdNumber(body.Length);
                the.Say($"{record.Kind} at {record.Offset}, byte {at}");
                victim += 1 + the.Random.Next(20);
            }
            writer.Append(record.Kind, default, body);
        }
        return stream.ToArray();
    }

    /// <summary>Well-framed records of bodies that look like batches and edits.</summary>
    private static byte[] Composed(FuzzCase the, LogHeader header)
    {
        using var stream = new MemoryStream();
        var writer = new LogWriter(stream, header);
        writer.WriteHeader();
        int records = 1 + the.Random.Next(6);
        for (int i = 0; i < records; i++)
        {
            byte[] body = AbsurdBody.Make(the);
            var kind = (LogRecordKind)(1 + the.Random.Next(4));
            the.Say($"{kind} {Convert.ToHexString(body.AsSpan(0, Math.Min(48, body.Length)))}");
            writer.Append(kind, default, body);
        }
        return stream.ToArray();
    }
}
