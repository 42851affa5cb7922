// A chunk belongs to one place of one log. Whatever is copied, swapped, left over from an
// earlier life of the file, or shifted, does not verify there.

namespace LsmMmap.Wal.Tests;

public sealed class LogBindingTests
{
    private static readonly int[] s_sizes = [50, 50, 33_000, 50, 70];

    [Fact]
    public void Chunk_FromALogWithAnotherNonce_DoesNotVerify() =>
        AssertForeign(SampleLog.Header with { Nonce = SampleLog.Header.Nonce + 1 });

    [Fact]
    public void Chunk_FromALogWithAnotherNumber_DoesNotVerify() =>
        AssertForeign(SampleLog.Header with { LogNumber = SampleLog.Header.LogNumber + 1 });

    [Fact]
    public void Chunk_CopiedOverAnotherOfTheSameSize_DoesNotVerify()
    {
        SampleLog log = SampleLog.OfSizes(1, 50, 50, 50, 60);
        byte[] bytes = log.Bytes;
        Copy(bytes, log.Records[0], bytes, log.Records[2].Start);
        LogReading reading = log.Read(bytes);
        log.AssertRecords(0, 2, reading.Records, "a copied record");
        Assert.Equal(LogDamageKind.BadChecksum, reading.Reader.Damage?.Kind);
        Assert.True(reading.Reader.FindVerifying());
        Assert.Equal(log.Records[3].Start, reading.Reader.RecordOffset);
    }

    [Fact]
    public void Frames_Swapped_DoNotVerify()
    {
        SampleLog log = SampleLog.OfSizes(2, 32_754, 32_753, 32_753, 10);
        byte[] bytes = log.Bytes;
        byte[] second = bytes[(64 + 32_768)..(64 + 65_536)];
        bytes.AsSpan(64 + 65_536, 32_768).CopyTo(bytes.AsSpan(64 + 32_768));
        second.CopyTo(bytes, 64 + 65_536);
        LogReading reading = log.Read(bytes);
        log.AssertRecords(0, 1, reading.Records, "swapped frames");
        Assert.True(reading.Reader.FindVerifying());
        Assert.Equal(log.Records[3].Start, reading.Reader.RecordOffset);
    }

    [Fact]
    public void Bytes_ShiftedByAnyDistance_DoNotVerify()
    {
        SampleLog log = SampleLog.OfSizes(3, 20, 30, 40);
        byte[] bytes = log.Bytes;
        for (int shift = 1; shift < 200; shift++)
        {
            byte[] shifted = [.. bytes[..64], .. new byte[shift], .. bytes[64..]];
            LogReading reading = log.Read(shifted);
            Assert.Empty(reading.Records);
            Assert.NotNull(reading.Reader.Damage);
            Assert.False(reading.Reader.FindVerifying());
        }
    }

    [Fact]
    public void RecycledFile_WithAnOlderLogBehindTheNew_GivesTheNewOnly()
    {
        SampleLog old = SampleLog.OfSizes(4, [.. Enumerable.Repeat(140, 1_000)]);
        var fresh = new SampleLog(old.Identity with { LogNumber = 9, Nonce = 99 });
        for (int i = 0; i < 20; i++)
        {
            // Records of the same size, so that old chunk starts meet new chunk ends.
            fresh.Add(new byte[140]);
            byte[] bytes = old.Bytes;
            fresh.Bytes.CopyTo(bytes, 0);
            LogReading reading = fresh.Read(bytes);
            fresh.AssertRecords(0, i + 1, reading.Records, $"{i + 1} new records");
            Assert.Equal(fresh.Length, reading.Reader.EndOffset);
            Assert.Equal(fresh.Length, reading.Reader.Damage?.Offset);
            Assert.False(reading.Reader.FindVerifying());
        }
    }

    [Fact]
    public void ChunkSeed_OfNearbyPlacesAndLogs_IsNeverShared()
    {
        var seen = new HashSet<ulong>();
        byte[] content = [3, 0, 1, 2, 0, 64];
        for (long number = 0; number < 20; number++)
        {
            for (ulong nonce = 0; nonce < 20; nonce++)
            {
                ulong seed = LogFormat.LogSeed(new LogHeader(1, number, nonce, Guid.Empty));
                for (long offset = 64; offset < 164; offset++)
                    Assert.True(seen.Add(LogFormat.ChunkChecksum(content, seed, offset)),
                        $"log {number}, nonce {nonce}, offset {offset}");
            }
        }
    }

    /// <summary>Puts each record of another log over the same place of this one.</summary>
    private static void AssertForeign(LogHeader foreignHeader)
    {
        SampleLog log = SampleLog.OfSizes(5, s_sizes);
        var foreign = new SampleLog(foreignHeader);
        foreach (SampleRecord record in log.Records)
            foreign.Add(record.Body, record.Kind,
                record.Synced with { LogNumber = foreignHeader.LogNumber });
        Assert.Equal(log.Length, foreign.Length);
        for (int i = 0; i < log.Records.Count; i++)
        {
            byte[] bytes = log.Bytes;
            Copy(foreign.Bytes, log.Records[i], bytes, log.Records[i].Start);
            LogReading reading = log.Read(bytes);
            log.AssertRecords(0, i, reading.Records, $"record {i} of another log");
            Assert.Equal(log.Records[i].Start, reading.Reader.Damage?.Offset);
            bool last = i == log.Records.Count - 1;
            Assert.Equal(!last, reading.Reader.FindVerifying());
        }
        // All of them at once, behind this log's own header.
        byte[] all = [.. log.Bytes[..64], .. foreign.Bytes[64..]];
        LogReading none = log.Read(all);
        Assert.Empty(none.Records);
        Assert.False(none.Reader.FindVerifying());
    }

    private static void Copy(byte[] source, SampleRecord record, byte[] target, long targetStart) =>
        source.AsSpan((int)record.Start, (int)(record.End - record.Start))
            .CopyTo(target.AsSpan((int)targetStart));
}
