// The bytes of format version 1, for ever. When this test fails the format has changed: that
// needs a new version number, not a new expectation.

namespace LsmMmap.Wal.Tests;

public sealed class LogGoldenTests
{
    private const string Golden =
        // Header: magic, version, header bytes, store id, log number.
        "4c534d4d4c4f4731010000004000000088776655443322110700000000000000" +
        // Nonce, boot id, checksum of the 56 bytes before.
        "1807f6e5d4c3b2a100112233445566778899aabbccddeeff93bb7b5e80d2a8f1" +
        // Record at 64: checksum, length 8, Full; Link, one log back, 300; "link".
        "3df4306338fbe8f20800010101ac026c696e6b" +
        // Record at 83: checksum, length 13, Full; Data, this log, 64; "hello, log".
        "d80c59276653f16c0d000102004068656c6c6f2c206c6f67";

    [Fact]
    public void Log_OfVersion1_HasTheseBytes()
    {
        var log = new SampleLog();
        log.Add("link"u8.ToArray(), LogRecordKind.Link, new LogPosition(6, 300));
        log.Add("hello, log"u8.ToArray(), LogRecordKind.Data, new LogPosition(7, 64));
        Assert.Equal(Golden, Convert.ToHexStringLower(log.Bytes));
    }
}
