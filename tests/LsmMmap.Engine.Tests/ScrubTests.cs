// The background scrub on a clock made by hand: it is paced, goes on over changes, finds what
// rots, fails nothing, and ends with the store.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class ScrubTests : StoreTest
{
    private readonly ManualTimeProvider _clock = new();

    private int _paid;

    [Fact]
    public void Scrub_ByDefault_IsOff()
    {
        LsmStore store = Open();
        Fill(store, 100);
        store.Flush();
        Assert.Equal(0, new StoreOptions().ScrubBytesPerSecond);
        Assert.Equal(0, store.GetStatistics().ScrubPasses);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4_095)]
    [InlineData((64L << 30) + 1)]
    public void Open_ScrubRateOutOfRange_ThrowsAndNamesIt(long rate)
    {
        ArgumentException refused = Assert.ThrowsAny<ArgumentException>(
            () => LsmStore.Open(Home, new StoreOptions { ScrubBytesPerSecond = rate }));
        Assert.Contains("ScrubBytesPerSecond", refused.Message, StringComparison.Ordinal);
    }

    // Without the wait in Pay the whole table was read with the clock standing still.
    [Fact]
    public void Scrub_ClockStandsStill_ReadsOnePieceAndWaits()
    {
        Prepare();
        LsmStore store = OpenScrubbed(64 << 10);
        Eventually.True(() => store.GetStatistics().ScrubbedBytes > 0, "the first piece");
        long perSecond = 64 << 10;
        for (int second = 1; second <= 3; second++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            long most = second * perSecond + perSecond;
            Assert.InRange(store.GetStatistics().ScrubbedBytes, 1, most);
        }
        Assert.Equal(0, store.GetStatistics().ScrubPasses);
    }

    // Without the whole walk, table by table, the bytes of a pass were fewer than the tables'.
    [Fact]
    public void Scrub_HealthyStore_PassesOverEveryByteAndFindsNothing()
    {
        Prepare();
        LsmStore store = OpenScrubbed(1 << 20);
        long bytes = store.GetStatistics().TableBytes;
        Assert.True(store.GetStatistics().TableCount > 1);
        WaitFor(store, static s => s.ScrubPasses >= 1);
        WaitFor(store, static s => s.ScrubPasses >= 3);
        StoreStatistics after = store.GetStatistics();
        // The next pass may have begun.
        Assert.InRange(after.ScrubbedBytes, 3 * bytes, (after.ScrubPasses + 1) * bytes);
        Assert.Equal(0, store.GetStatistics().ScrubDamages);
        Assert.Null(store.GetStatistics().LastScrubDamage);
    }

    // Without the comparison of the sums nothing was found.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Scrub_ByteThatRottedAfterItWasChecked_IsFoundWithItsPlace(bool readOnly)
    {
        Prepare();
        LsmStore store = OpenScrubbed(1 << 20, readOnly);
        for (int i = 0; i < 3_000; i++)
            Assert.NotNull(store.Get(Bytes.Number(i)));
        string table = StoreFiles.Tables(Home)[^1];
        StoreFiles.Flip(table, 5_000);
        WaitFor(store, static s => s.ScrubDamages > 0);
        CorruptionException damage = store.GetStatistics().LastScrubDamage!;
        Assert.Equal(Path.GetFileName(table), Path.GetFileName(damage.FileName));
        Assert.InRange(damage.Offset, 1, 5_000);
        if (!readOnly)
            store.Put("still"u8, "writable"u8);
        StoreFiles.Flip(table, 5_000);
        long found = store.GetStatistics().ScrubDamages;
        long passes = store.GetStatistics().ScrubPasses;
        WaitFor(store, s => s.ScrubPasses >= passes + 2);
        Assert.InRange(store.GetStatistics().ScrubDamages, found, found + 1);
    }

    [Fact]
    public void Scrub_TablesComeAndGo_GoesOn()
    {
        Prepare();
        LsmStore store = OpenScrubbed(256 << 10);
        for (int round = 0; round < 5; round++)
        {
            Step();
            Fill(store, 1_000, from: 10_000 * round);
            store.Compact();
        }
        WaitFor(store, static s => s.ScrubPasses >= 2);
        Assert.Equal(0, store.GetStatistics().ScrubDamages);
        Assert.Equal(0, store.Verify().DamageCount);
    }

    // Without the wake in Dispose the thread waited for a clock that nobody moves any more.
    [Fact]
    public void Dispose_ScrubWaits_DoesNotWaitForIt()
    {
        Prepare();
        LsmStore store = OpenScrubbed(4 << 10);
        Eventually.True(() => store.GetStatistics().ScrubbedBytes > 0, "the first piece");
        Eventually.Returns(store.Dispose, "Dispose");
    }

    private void Prepare()
    {
        LsmStore store = Open();
        Fill(store, 3_000);
        store.Flush();
        Fill(store, 3_000, from: 1_500);
        store.Flush();
        store.Dispose();
    }

    private LsmStore OpenScrubbed(long rate, bool readOnly = false)
    {
        var options = new StoreOptions { ScrubBytesPerSecond = rate, TimeProvider = _clock };
        return readOnly ? LsmStore.OpenReadOnly(Home, options) : Open(options);
    }

    private void WaitFor(LsmStore store, Func<StoreStatistics, bool> condition) =>
        Eventually.True(
            () =>
            {
                Step();
                return condition(store.GetStatistics());
            },
            $"the scrub after {_paid} steps of the clock");

    private void Step()
    {
        _paid++;
        _clock.Advance(TimeSpan.FromSeconds(20));
    }
}
