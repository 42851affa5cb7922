// Salvage keeps what can be read, also of a store that was closed cleanly and damaged later.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests.Regression;

public sealed class SalvageTests : StoreTest
{
    [Fact]
    public void Open_DamagedLogOfACleanlyClosedStore_SalvagesTheRest()
    {
        using (LsmStore store = LsmStore.Open(Home))
            Fill(store, 10);
        string log = StoreFiles.NewestLog(Home);
        byte[] bytes = File.ReadAllBytes(log);
        bytes[70] ^= 1;
        StoreFiles.Overwrite(log, bytes);
        Assert.Throws<CorruptionException>(() => LsmStore.Open(Home));
        LsmStore salvaged = Open(new StoreOptions { WalRecovery = WalRecovery.Salvage });
        Assert.Equal(10, Count(salvaged));
        Assert.True(salvaged.GetStatistics().Recovery.LogBytesDropped > 0);
    }
}
