// A store that closes opens the tables that readers still hold. One that was reclaimed between the
// look at the list and the opening was opened again, and its mapping then belonged to nobody.
// Seen to fail with the look at _isReclaimed left out of Table.OpenForHolders: it said true.

using LsmMmap.Engine.Lifetimes;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Tests.Regression;

public sealed class ReclaimedTableTests : StoreTest
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void OpenForHolders_AfterTheTableWasReclaimed_LeavesItClosed(bool wasRead)
    {
        LsmStore store = Open();
        Fill(store, 100);
        store.Flush();
        Table table = Assert.Single(store.Default.Tree.Version.AllTables());
        if (wasRead)
            Assert.NotNull(store.Get(Testing.Bytes.Number(1)));
        Fill(store, 100);
        store.Flush();
        store.Compact();
        Reclaimer.WaitUntilIdle();
        Assert.False(table.IsReferenced);
        Assert.False(table.OpenForHolders());
    }
}
