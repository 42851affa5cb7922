// PutWithExpiry and TimeToLive through the public API: what every way of reading sees before and
// after the time, at every stage that an entry goes through. The random runs of ModelTests and the
// crash tests have expiring puts among their operations; here stands what they do not aim at.

using System.Buffers;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class ExpiryTests : StoreTest
{
    private const int Entries = 600;

    private readonly ManualTimeProvider _clock = new();

    public static TheoryData<string> Stages => ["memtable", "flushed", "level 0", "compacted"];

    private DateTimeOffset Now => _clock.GetUtcNow();

    [Theory]
    [MemberData(nameof(Stages))]
    public async Task PutWithExpiry_AtEveryStage_EveryReadSeesItUntilItsTime(string stage)
    {
        using LsmStore store = OpenTimed();
        PutAll(store, stage);
        _clock.Advance(TimeSpan.FromHours(1) - TimeSpan.FromMilliseconds(1));
        await AssertReads(store, store, i => true);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await AssertReads(store, store, i => i % 3 != 1);
        _clock.Advance(TimeSpan.FromHours(1));
        await AssertReads(store, store, i => i % 3 == 0);
        Assert.Equal(0, store.Verify().DamageCount);
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public async Task Snapshot_AtEveryStage_TimeGoesOnInside(string stage)
    {
        using LsmStore store = OpenTimed();
        PutAll(store, stage);
        using Snapshot snapshot = store.CreateSnapshot();
        for (int i = 0; i < Entries; i++)
            store.Put(Bytes.Number(i), "newer"u8);
        await AssertReads(store, snapshot, i => true);
        _clock.Advance(TimeSpan.FromHours(1));
        await AssertReads(store, snapshot, i => i % 3 != 1);
        store.Flush();
        store.Compact();
        await AssertReads(store, snapshot, i => i % 3 != 1);
        Assert.Equal(Entries, Count(store));
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public void Cursor_WhileTimeGoesOn_SeesOneMoment(string stage)
    {
        using LsmStore store = OpenTimed();
        PutAll(store, stage);
        using Cursor cursor = store.CreateCursor();
        Assert.True(cursor.Seek(Bytes.Number(100)));
        _clock.Advance(TimeSpan.FromHours(1));
        for (int i = 100; i < 200; i++)
        {
            Assert.True(cursor.Key.SequenceEqual(Bytes.Number(i)));
            Assert.True(cursor.MoveNext());
        }
        for (int i = 200; i > 100; i--)
        {
            Assert.True(cursor.Key.SequenceEqual(Bytes.Number(i)));
            Assert.True(cursor.Value.SequenceEqual(ValueOf(i)));
            Assert.True(cursor.MovePrevious());
        }
        cursor.Refresh();
        Assert.True(cursor.Seek(Bytes.Number(100)));
        Assert.True(cursor.Key.SequenceEqual(Bytes.Number(101)));
        Assert.True(cursor.MovePrevious());
        Assert.True(cursor.Key.SequenceEqual(Bytes.Number(99)));
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public void PutWithExpiry_OfATimeThatHasPassed_DeletesTheKey(string stage)
    {
        using LsmStore store = OpenTimed();
        store.Put("a"u8, "older"u8);
        store.Flush();
        store.PutWithExpiry("a"u8, "over"u8, Now);
        store.PutWithExpiry("b"u8, "over"u8, DateTimeOffset.MinValue);
        Advance(store, stage);
        Assert.Null(store.Get("a"u8));
        Assert.Null(store.Get("b"u8));
        Assert.Empty(Keys(store));
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public void PutWithExpiry_ReplacedOrDeleted_TheNewerEntryCounts(string stage)
    {
        using LsmStore store = OpenTimed();
        foreach (string key in (string[])["longer", "plain", "deleted", "ranged"])
            store.PutWithExpiry(Bytes.Of(key), "short"u8, Now.AddHours(1));
        Advance(store, stage == "level 0" ? "flushed" : "memtable");
        store.PutWithExpiry("longer"u8, "long"u8, Now.AddHours(3));
        store.Put("plain"u8, "for ever"u8);
        store.Delete("deleted"u8);
        store.DeleteRange("r"u8, "s"u8);
        Advance(store, stage);
        Assert.Equal(["longer", "plain"], Keys(store));
        _clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(["longer", "plain"], Keys(store));
        _clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(["plain"], Keys(store));
        Assert.Equal("for ever"u8.ToArray(), store.Get("plain"u8));
    }

    [Fact]
    public void Reopen_AfterAKill_KeepsTheTimes()
    {
        LsmStore store = OpenTimed();
        store.PutWithExpiry("a"u8, "1"u8, Now.AddHours(1));
        store.PutWithExpiry("b"u8, ""u8, Now.AddHours(2));
        using LsmStore again = Open(ImageOfHome(), Timed());
        Assert.Equal(["a", "b"], Keys(again));
        Assert.Equal(""u8.ToArray(), again.Get("b"u8));
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(["b"], Keys(again));
    }

    [Fact]
    public void Verify_OfTheLogs_FindsNothingWrong()
    {
        LsmStore store = OpenTimed();
        store.PutWithExpiry("a"u8, "1"u8, Now.AddHours(1));
        Assert.Equal(0, store.Verify().DamageCount);
    }

    [Fact]
    public void WriteBatch_WithExpiry_CountsInEachKeyspace()
    {
        using LsmStore store = OpenTimed();
        Keyspace other = store.GetKeyspace("other");
        using var batch = new WriteBatch();
        batch.PutWithExpiry("a"u8, "1"u8, Now.AddHours(1))
            .PutWithExpiry(other, "a"u8, "2"u8, Now.AddHours(2))
            .Put("b"u8, "3"u8);
        store.Write(batch);
        Assert.Equal("1"u8.ToArray(), store.Get("a"u8));
        Assert.Equal("2"u8.ToArray(), other.Get("a"u8));
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(["b"], Keys(store));
        Assert.Equal(["a"], Keys(other));
        Assert.Equal(2, other.PutWithExpiry("a"u8, "4"u8, Now) - store.PutWithExpiry(
            "a"u8, "4"u8, Now) + 3);
    }

    [Fact]
    public void TimeToLive_OfAKeyspace_CountsForItsPutsAlone()
    {
        using LsmStore store = OpenTimed();
        Keyspace cache = store.GetKeyspace(
            "cache", new KeyspaceOptions { TimeToLive = TimeSpan.FromMinutes(10) });
        cache.Put("a"u8, "1"u8);
        cache.PutWithExpiry("b"u8, "2"u8, Now.AddHours(1));
        store.Put("a"u8, "3"u8);
        _clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(["b"], Keys(cache));
        Assert.Equal(["a"], Keys(store));
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Empty(Keys(cache));
    }

    [Fact]
    public async Task TimeToLive_OfABatch_CountsFromEachCommit()
    {
        using LsmStore store = OpenTimed();
        Keyspace cache = store.GetKeyspace(
            "cache", new KeyspaceOptions { TimeToLive = TimeSpan.FromMinutes(10) });
        using var batch = new WriteBatch();
        batch.Put(cache, "a"u8, "1"u8).Put("a"u8, "2"u8).Put(cache, "gone"u8, "3"u8)
            .PutWithExpiry(cache, "late"u8, "4"u8, Now.AddHours(1))
            .Delete(cache, "gone"u8).DeleteRange(cache, "x"u8, "y"u8);
        _clock.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(6, store.Write(batch));
        _clock.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(["a", "late"], Keys(cache));
        Assert.Equal(12, await store.WriteAsync(batch));
        _clock.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(["a", "late"], Keys(cache));
        Assert.Equal("1"u8.ToArray(), cache.Get("a"u8));
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(["late"], Keys(cache));
        Assert.Equal(["a"], Keys(store));
    }

    [Fact]
    public void TimeToLive_SetAndTakenAway_CountsForWhatIsWrittenMeanwhile()
    {
        var timed = new KeyspaceOptions { TimeToLive = TimeSpan.FromTicks(1) };
        LsmStore store = OpenTimed();
        store.GetKeyspace("cache").Put("a"u8, "1"u8);
        Keyspace cache = store.GetKeyspace("cache", timed);
        cache.Put("b"u8, "2"u8);
        Assert.Equal(["a", "b"], Keys(cache));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(["a"], Keys(cache));
        store.Dispose();
        store = OpenTimed();
        cache = store.GetKeyspace("cache");
        cache.Put("c"u8, "3"u8);
        cache = store.GetKeyspace("cache", new KeyspaceOptions());
        cache.Put("d"u8, "4"u8);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(["a", "d"], Keys(cache));
    }

    [Fact]
    public void TimeToLive_OfTheDefaultKeyspace_CountsForPutsThatNameNone()
    {
        StoreOptions options = Timed();
        options.DefaultKeyspace.TimeToLive = TimeSpan.FromDays(1);
        using LsmStore store = Open(options);
        using var batch = new WriteBatch();
        store.Write(batch.Put("a"u8, "1"u8));
        store.Put("b"u8, "2"u8);
        Assert.Equal(2, Count(store));
        _clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(0, Count(store));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void TimeToLive_NotAboveZero_IsRefused(long ticks)
    {
        var options = new KeyspaceOptions { TimeToLive = new TimeSpan(ticks) };
        using LsmStore store = OpenTimed();
        Assert.Throws<ArgumentException>(() => store.GetKeyspace("cache", options));
    }

    [Fact]
    public void TimeToLive_OfTheLargestSpan_NeverEnds()
    {
        using LsmStore store = OpenTimed();
        Keyspace cache = store.GetKeyspace(
            "cache", new KeyspaceOptions { TimeToLive = TimeSpan.MaxValue });
        cache.Put("a"u8, "1"u8);
        _clock.Advance(TimeSpan.FromDays(365 * 7000));
        Assert.Equal(["a"], Keys(cache));
    }

    private static byte[] ValueOf(int i) => Bytes.Value(i, i % 3 == 2 ? 2_000 : i % 50);

    // Every key has an older version in a table, which must never be seen.
    private void PutAll(LsmStore store, string stage)
    {
        for (int i = 0; i < Entries; i++)
            store.Put(Bytes.Number(i), "older"u8);
        Advance(store, stage == "level 0" ? "flushed" : "memtable");
        for (int i = 0; i < Entries; i++)
        {
            if (i % 3 == 0)
                store.Put(Bytes.Number(i), ValueOf(i));
            else
                store.PutWithExpiry(Bytes.Number(i), ValueOf(i), Now.AddHours(i % 3));
        }
        Advance(store, stage);
    }

    private static void Advance(LsmStore store, string stage)
    {
        if (stage != "memtable")
            store.Flush();
        if (stage == "compacted")
            store.Compact();
    }

    private static async Task AssertReads(LsmStore store, IReadView view, Func<int, bool> isThere)
    {
        int[] expected = [.. Enumerable.Range(0, Entries).Where(isThere)];
        var batch = new ReadBatch();
        for (int i = 0; i < Entries; i++)
        {
            batch.Add(Bytes.Number(i));
            byte[]? value = isThere(i) ? ValueOf(i) : null;
            Assert.Equal(value, view.Get(Bytes.Number(i)));
            Assert.Equal(value, await view.GetAsync(Bytes.Number(i)));
            Assert.Equal(isThere(i), view.ContainsKey(Bytes.Number(i)));
            AssertPinned(view, i, value);
            var copied = new ArrayBufferWriter<byte>();
            Assert.Equal(isThere(i), view.TryGet(Bytes.Number(i), copied));
            Assert.True(copied.WrittenSpan.SequenceEqual(value));
        }
        AssertBatch(view, batch, isThere);
        AssertWalks(view, expected);
        Assert.Equal(0, store.GetStatistics().UndisposedCount);
    }

    private static void AssertPinned(IReadView view, int i, byte[]? expected)
    {
        Assert.Equal(expected != null, view.TryGetPinned(Bytes.Number(i), out PinnedValue value));
        Assert.True(value.Span.SequenceEqual(expected));
        value.Dispose();
    }

    private static void AssertBatch(IReadView view, ReadBatch batch, Func<int, bool> isThere)
    {
        using ReadResults results = view.MultiGet(batch);
        for (int i = 0; i < Entries; i++)
        {
            Assert.Equal(isThere(i), results.Found(i));
            Assert.True(results[i].SequenceEqual(isThere(i) ? ValueOf(i) : []));
        }
    }

    private static void AssertWalks(IReadView view, int[] expected)
    {
        int at = 0;
        foreach (KeyValueView entry in view.Range([], []))
        {
            Assert.True(entry.Key.SequenceEqual(Bytes.Number(expected[at])));
            Assert.True(entry.Value.SequenceEqual(ValueOf(expected[at++])));
        }
        Assert.Equal(expected.Length, at);
        foreach (KeyValueView entry in view.Range([], []).Reversed())
        {
            Assert.True(entry.Key.SequenceEqual(Bytes.Number(expected[--at])));
            Assert.True(entry.Value.SequenceEqual(ValueOf(expected[at])));
        }
        Assert.Equal(0, at);
    }

    private LsmStore OpenTimed() => Open(Timed());

    private StoreOptions Timed() => new() { TimeProvider = _clock };
}
