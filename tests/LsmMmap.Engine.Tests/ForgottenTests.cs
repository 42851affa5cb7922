// Cursors and snapshots that nobody disposed: a finalizer reports them, and what they held is
// released a minute later by the store's own clock, not before.

using System.Runtime.CompilerServices;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class ForgottenTests : StoreTest
{
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(60);

    [Fact]
    public void ForgottenCursor_AfterGrace_ReleasesItsTables()
    {
        var clock = new ManualTimeProvider();
        LsmStore store = OpenTwoTables(clock);
        string[] held = StoreFiles.Tables(Home);
        ForgetCursor(store);
        Replace(store);
        CollectGarbage();
        // No time has passed on the store's clock.
        Assert.Equal(held, held.Where(File.Exists));
        PassGraceUntil(clock, store, () => !held.Any(File.Exists));
    }

    [Fact]
    public void ForgottenSnapshot_AfterGrace_NoLongerKeepsVersions()
    {
        var clock = new ManualTimeProvider();
        LsmStore store = OpenTwoTables(clock);
        ForgetSnapshot(store);
        for (int i = 0; i < 500; i++)
            store.Delete(Bytes.Number(i));
        store.Compact();
        Assert.True(store.GetStatistics().TableCount > 0, "the snapshot keeps its versions");
        CollectGarbage();
        PassGraceUntil(
            clock, store,
            () =>
            {
                store.Compact();
                return store.GetStatistics().TableCount == 0;
            });
    }

    [Fact]
    public void ForgottenCursor_OfADisposedStore_DoesNoHarm()
    {
        var clock = new ManualTimeProvider();
        LsmStore store = OpenTwoTables(clock);
        ForgetCursor(store);
        store.Dispose();
        CollectGarbage();
        clock.Advance(2 * s_grace);
        Assert.Equal(500, Count(Open()));
    }

    private LsmStore OpenTwoTables(ManualTimeProvider clock)
    {
        LsmStore store = Open(new StoreOptions { TimeProvider = clock });
        Fill(store, 500);
        store.Flush();
        Fill(store, 500);
        store.Flush();
        Assert.True(StoreFiles.Tables(Home).Length > 0);
        return store;
    }

    private static void Replace(LsmStore store)
    {
        Fill(store, 500);
        store.Compact();
    }

    private static void PassGraceUntil(ManualTimeProvider clock, LsmStore store, Func<bool> isFree)
    {
        long round = 0;
        Eventually.True(
            () =>
            {
                CollectGarbage();
                clock.Advance(s_grace + TimeSpan.FromSeconds(1));
                // The reclaimer may work by itself or with the next write.
                store.Put(Bytes.Of("tick"), Bytes.Number(round++));
                store.Delete(Bytes.Of("tick"));
                return isFree();
            },
            "what was forgotten is released");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ForgetCursor(LsmStore store)
    {
        Cursor cursor = store.CreateCursor();
        Assert.True(cursor.MoveNext());
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ForgetSnapshot(LsmStore store)
    {
        Snapshot snapshot = store.CreateSnapshot();
        Assert.True(snapshot.ContainsKey(Bytes.Number(1)));
    }

    private static void CollectGarbage()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}
