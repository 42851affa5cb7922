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

    /// <summary>Salvage once removed tables that an older manifest did not name, and damaged
    /// logs with what was still in them.</summary>
    [Fact]
    public void Open_UnnamedTableOrDamagedLog_KeepsItAmongTheLost()
    {
        using (LsmStore store = LsmStore.Open(Home))
            Fill(store, 10);
        string table = Assert.Single(Directory.GetFiles(Home, "*.sst"));
        const string Newer = "000099.sst";
        File.Copy(table, Path.Combine(Home, Newer));
        string log = StoreFiles.NewestLog(Home);
        byte[] bytes = File.ReadAllBytes(log);
        bytes[70] ^= 1;
        StoreFiles.Overwrite(log, bytes);
        using (LsmStore store = LsmStore.Open(
            Home, new StoreOptions { WalRecovery = WalRecovery.Salvage }))
            Assert.Equal(10, Count(store));
        string lost = Path.Combine(Home, "lost");
        Assert.Equal(File.ReadAllBytes(table), File.ReadAllBytes(Path.Combine(lost, Newer)));
        Assert.Equal(bytes, File.ReadAllBytes(Path.Combine(lost, Path.GetFileName(log))));
        using LsmStore again = LsmStore.Open(
            Home, new StoreOptions { WalRecovery = WalRecovery.Salvage });
        Assert.Equal(2, Directory.GetFiles(lost).Length);
    }
}
