// Mutated bytes against each decoder alone: the log, the manifest and CURRENT, the table; and
// impossible structure under right checksums. Each row is one child process; what it judges by, and
// which lines were left out to see it fail, stands at the head of its class.

namespace LsmMmap.Fuzz.Tests;

public sealed class DecoderFuzzTests
{
    [Theory]
    [InlineData("log")]
    [InlineData("manifest")]
    [InlineData("table")]
    public void Read_OfChangedBytes_IsRightOrTyped(string fuzz) =>
        Assert.True(FuzzChild.Run(fuzz).Cases > 0);

    [Theory]
    [InlineData("log-structure")]
    [InlineData("manifest-structure")]
    [InlineData("table-structure")]
    public void Read_OfImpossibleStructure_EndsAndIsTyped(string fuzz) =>
        Assert.True(FuzzChild.Run(fuzz).Cases > 0);
}
