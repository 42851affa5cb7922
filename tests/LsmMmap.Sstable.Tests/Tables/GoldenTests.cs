// The bytes of one tiny table, for ever: a change here is a change of the format.

using System.Text;
using LsmMmap.Sstable.Tables;
using LsmMmap.Sstable.Tests.Support;

namespace LsmMmap.Sstable.Tests.Tables;

public sealed class GoldenTests
{
    [Fact]
    public void TinyTable_InVersionOne_HasTheseBytes()
    {
        List<TestEntry> entries =
        [
            TestEntry.Put([.. "apple"u8], 7, [.. "red"u8]),
            TestEntry.Put([.. "apple"u8], 3, [.. "green"u8]),
            TestEntry.Delete([.. "apricot"u8], 9),
        ];
        byte[] file = TestTable.Build(entries, new TableOptions { BlockBytes = 1024 }, out _);
        string dump = Dump(file).Trim();
        Assert.True(Expected.ReplaceLineEndings("\n").Trim() == dump, $"the bytes are\n{dump}");
    }

    /// <summary>Offset and sixteen bytes a line; lines of zeros are left out.</summary>
    private static string Dump(byte[] file)
    {
        var text = new StringBuilder();
        for (int at = 0; at < file.Length; at += 16)
        {
            ReadOnlySpan<byte> line = file.AsSpan(at, Math.Min(16, file.Length - at));
            if (line.ContainsAnyExcept((byte)0))
                text.Append($"{at:x4} {Convert.ToHexStringLower(line)}\n");
        }
        return text.ToString();
    }

    private const string Expected =
        """
        0000 000003000200000000656c7000656c70
        0010 6f6369721c002c003e00617003060107
        0020 000000000000706c65726564030a0103
        0030 000000000000706c65677265656e0500
        0040 00090000000000007269636f74000000
        03f0 4d0000000001000033875b7f475aa1e6
        1000 00000000000000000000000000100001
        1010 00200000000000100001000000000000
        1020 00000000040000000020000010000000
        1030 00000040000000001000010100000000
        1ff0 c00f000000030000daef91facf23eff0
        2000 0000010000000000697270610e000706
        2010 000000000000000061707269636f7400
        2020 80080000000000000000000000000000
        2ff0 2200000000020000cfca51950052b813
        3000 01000d0000000000636f6c6265646f63
        3010 6165726361746164656c656472746e65
        3020 2e79656b2e79656b6576656c2e776172
        3030 2e776172757165737571657356006500
        3040 6d00830091009b00a500b900cc00d400
        3050 e400f60009010b04626c6f636b2e6279
        3060 74657380080502636f64656300071a63
        3070 726561746f724c736d4d6d617020302e
        3080 312e300b02646174612e626c6f636b73
        3090 01070264656c65746573010702656e74
        30a0 72696573030b0e6b65792e6c61726765
        30b0 737461707269636f740c0a6b65792e73
        30c0 6d616c6c6573746170706c6505026c65
        30d0 76656c000d027261772e6b65792e6279
        30e0 746573110f027261772e76616c75652e
        30f0 627974657308100273657175656e6365
        3100 2e6c6172676573740911027365717565
        3110 6e63652e736d616c6c65737403000000
        3ff0 1d01000000040000286b1519799493bc
        4000 88776655443322110020000000000000
        4010 00100000000000000030000000000000
        4020 00100000000000000010000000000000
        4030 01000000010000000600000001000000
        4050 01000000000000000300000000000000
        4060 80400000000000000000000001000000
        4070 cb72575b248c4d904c534d4d53535431
        """;
}
