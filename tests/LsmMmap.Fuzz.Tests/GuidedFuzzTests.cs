// Fuzzing guided by coverage: SharpFuzz counts the branches of the decoders, and a corpus grows by
// what reaches new ones. AFL or libFuzzer are not needed: the loop is GuidedFuzz.
//
// The corpus must grow: with assemblies that are not instrumented nothing is counted.

using LsmMmap.Testing;

namespace LsmMmap.Fuzz.Tests;

public sealed class GuidedFuzzTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("guided-log")]
    [InlineData("guided-manifest")]
    [InlineData("guided-table")]
    public void Read_OfInputsThatReachNewBranches_EndsAndIsTyped(string fuzz)
    {
        InstrumentedCopy.Make(_folder["program"]);
        FuzzResult result = FuzzChild.Run(fuzz, _folder["program"]);
        Assert.True(
            result.Pairs > 100 && result.Corpus > 10,
            $"the corpus did not grow: {result} {Seeds.Describe(Seeds.Base)}");
    }
}
