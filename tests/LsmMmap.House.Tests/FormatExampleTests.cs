// Makes the small files that docs/format.md shows in hex, by the codecs of the store, and compares.
// Nothing here is random: ids, nonces and keys are those the page names.

using LsmMmap.Wal;

namespace LsmMmap.House.Tests;

public sealed class FormatExampleTests
{
    [Fact]
    public void FormatPage_LogExample_IsWhatTheWriterMakes()
    {
        using MemoryStream file = new();
        LogHeader header = new(
            StoreId: 0x1122_3344_5566_7788,
            LogNumber: 7,
            Nonce: 0x0102_0304_0506_0708,
            BootId: new Guid("00112233-4455-6677-8899-aabbccddeeff"));
        LogWriter writer = new(file, header);
        writer.WriteHeader();
        writer.Append(LogRecordKind.Data, new LogPosition(6, 300), "first"u8);
        writer.Append(LogRecordKind.Point, new LogPosition(7, 64), []);
        HexExample.AssertShows("log", file.ToArray());
    }
}
