// Damage to the files of whole stores, in a child process; StoreFuzz says how it is judged and
// which lines were left out to see it fail.

namespace LsmMmap.Fuzz.Tests;

public sealed class StoreFuzzTests
{
    [Theory]
    [InlineData("store")]
    public void Read_OfDamagedStore_IsRightOrTyped(string fuzz) =>
        Assert.True(FuzzChild.Run(fuzz).Cases > 0);

    [Theory]
    [InlineData("store-structure")]
    public void Read_OfImpossibleStore_EndsAndIsTyped(string fuzz) =>
        Assert.True(FuzzChild.Run(fuzz).Cases > 0);
}
