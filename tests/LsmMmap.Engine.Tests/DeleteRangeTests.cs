// DeleteRange through the public API: what it hides from every way of reading, before and after
// flush, compaction and reopening, and what snapshots go on seeing. The random runs of ModelTests
// and of the crash tests have it among their operations; here stands what they do not aim at.

using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests;

public sealed class DeleteRangeTests : StoreTest
{
    private const int Entries = 1_000;

    public static TheoryData<string> Stages => ["memtable", "flushed", "level 0", "compacted"];

    [Theory]
    [MemberData(nameof(Stages))]
    public void DeleteRange_AtEveryStage_HidesItsKeysFromEveryRead(string stage)
    {
        using LsmStore store = Open();
        DeleteMiddle(store, stage);
        Assert.Equal(Expected(), Numbers(store.Range([], [])));
        Assert.Equal(Expected().Reverse(), Numbers(store.Range([], []).Reversed()));
        var batch = new ReadBatch();
        for (int i = 0; i < Entries; i++)
            batch.Add(Bytes.Number(i));
        using ReadResults results = store.MultiGet(batch);
        for (int i = 0; i < Entries; i++)
        {
            bool isThere = IsExpected(i);
            Assert.Equal(isThere, store.ContainsKey(Bytes.Number(i)));
            Assert.Equal(isThere, results.Found(i));
        }
        Assert.Equal(0, store.Verify().DamageCount);
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public async Task DeleteRange_AtEveryStage_HidesItsKeysFromGetAsync(string stage)
    {
        using LsmStore store = Open();
        DeleteMiddle(store, stage);
        for (int i = 0; i < Entries; i += 7)
            Assert.Equal(IsExpected(i), await store.GetAsync(Bytes.Number(i)) != null);
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public void Cursor_SeeksIntoTheRange_StandsAtItsEnds(string stage)
    {
        using LsmStore store = Open();
        DeleteMiddle(store, stage);
        using Cursor cursor = store.CreateCursor();
        Assert.True(cursor.Seek(Bytes.Number(250)));
        Assert.Equal(500, Number(cursor.Key));
        Assert.True(cursor.SeekForPrevious(Bytes.Number(499)));
        Assert.Equal(199, Number(cursor.Key));
        Assert.True(cursor.MoveNext());
        Assert.Equal(500, Number(cursor.Key));
        Assert.True(cursor.MovePrevious());
        Assert.Equal(199, Number(cursor.Key));
    }

    [Fact]
    public void MoveNext_AfterASkipBackward_LeavesTheKeyItStandsOn()
    {
        // The way back skips the entry that stands for the tombstone in its table, the way forward
        // meets it before the key that the cursor stands on. Nothing compacts the tombstone away.
        using LsmStore store = Open(new StoreOptions { FreeSpaceReserveBytes = 1L << 50 });
        store.Put("a"u8, "1"u8);
        store.Put("p"u8, "1"u8);
        store.Put("z"u8, "1"u8);
        store.Flush();
        store.DeleteRange("b"u8, "y"u8);
        store.Flush();
        store.Put("m"u8, "1"u8);
        using Cursor cursor = store.CreateCursor();
        Assert.True(cursor.SeekForPrevious("x"u8));
        Assert.True(cursor.Key.SequenceEqual("m"u8));
        Assert.True(cursor.MoveNext());
        Assert.True(cursor.Key.SequenceEqual("z"u8));
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public void DeleteRange_UnderASnapshot_LeavesItsView(string stage)
    {
        using LsmStore store = Open();
        Fill(store, Entries);
        store.Flush();
        using Snapshot before = store.CreateSnapshot();
        store.DeleteRange(Bytes.Number(200), Bytes.Number(700));
        Fill(store, 500, from: 500);
        GoTo(store, stage);
        Assert.Equal(Entries, Count(before));
        Assert.NotNull(before.Get(Bytes.Number(300)));
        Assert.Null(store.Get(Bytes.Number(300)));
        Assert.Equal(Expected(), Numbers(store.Range([], [])));
    }

    [Fact]
    public void DeleteRange_WithoutEnds_RemovesEverything()
    {
        using LsmStore store = Open();
        Fill(store, Entries);
        store.Put([], "empty key"u8);
        store.Put(Bytes.Repeat(0xFF, 65_535), "last key"u8);
        store.DeleteRange([], []);
        Assert.Equal(0, Count(store));
        store.Flush();
        Assert.Equal(0, Count(store));
        Assert.Equal(0, store.Verify().DamageCount);
        store.Compact();
        Assert.Equal(0, store.GetStatistics().TableCount);
    }

    [Fact]
    public void DeleteRange_OfNoKeys_CommitsNothing()
    {
        using LsmStore store = Open();
        long last = store.Put("a"u8, "1"u8);
        Assert.Equal(last, store.DeleteRange("a"u8, "a"u8));
        Assert.NotNull(store.Get("a"u8));
        using var batch = new WriteBatch();
        Assert.Equal(0, batch.DeleteRange("a"u8, "a"u8).Count);
    }

    [Fact]
    public void DeleteRange_ThatBeginsBehindItsEnd_Throws()
    {
        using LsmStore store = Open();
        Assert.Throws<ArgumentException>(() => store.DeleteRange("b"u8, "a"u8));
        using var batch = new WriteBatch();
        Assert.Throws<ArgumentException>(() => batch.DeleteRange("b"u8, "a"u8));
        Assert.Throws<ArgumentException>(
            () => store.DeleteRange([], Bytes.Repeat(1, 65_536)));
    }

    [Fact]
    public void Batch_WithPutsAroundADeleteRange_CountsTheirOrder()
    {
        using LsmStore store = Open();
        Keyspace other = store.GetKeyspace("other");
        using var batch = new WriteBatch();
        batch.Put("a"u8, "1"u8).Put("b"u8, "1"u8).Put(other, "a"u8, "1"u8);
        batch.DeleteRange("a"u8, "c"u8).Put("b"u8, "2"u8);
        batch.DeleteRange(other, "b"u8, []);
        store.Write(batch);
        Assert.Equal(["b"], Keys(store));
        Assert.Equal(["a"], Keys(other));
    }

    [Fact]
    public void Flush_OfRangeTombstonesAlone_MakesATableThatHides()
    {
        using LsmStore store = Open();
        Fill(store, Entries);
        store.Compact();
        using Snapshot keepsAll = store.CreateSnapshot();
        store.DeleteRange(Bytes.Number(100), Bytes.Number(900));
        store.Flush();
        Assert.True(store.GetStatistics().RangeTombstoneCount > 0);
        Assert.Equal(200, Count(store));
        Assert.Equal(Entries, Count(keepsAll));
        Assert.Equal(0, store.Verify().DamageCount);
    }

    [Fact]
    public void Flush_OfRangesEachOverTheLast_WritesOneTombstone()
    {
        using LsmStore store = Open();
        Fill(store, Entries);
        for (int i = 1; i <= 300; i++)
            store.DeleteRange([], Bytes.Number(i));
        store.Flush();
        Assert.Equal(1, store.GetStatistics().RangeTombstoneCount);
        Assert.Equal(Entries - 300, Count(store));
    }

    [Fact]
    public void Batch_OfManyDeleteRanges_TakesAboutTheirBytes()
    {
        using LsmStore store = Open();
        Keyspace other = store.GetKeyspace("other");
        Fill(store, Entries);
        other.Put("a"u8, "1"u8);
        using var batch = new WriteBatch();
        for (int i = 0; i < 20_000; i++)
            batch.DeleteRange(Bytes.Number(3 * i), Bytes.Number(3 * i + 1));
        batch.DeleteRange(other, [], "b"u8).Put(Bytes.Number(3), "back"u8);
        store.Write(batch);
        Assert.InRange(store.GetStatistics().MemtableBytes, 0, 64L << 20);
        Assert.Equal(Entries - 333, Count(store));
        Assert.Equal(0, Count(other));
        store.FlushLog(toDisk: false);
        using LsmStore copy = Open(ImageOfHome());
        Assert.Equal(Entries - 333, Count(copy));
        Assert.Equal(0, Count(copy.GetKeyspace("other")));
    }

    [Fact]
    public void Reopen_AfterAKill_ReplaysTheRangeDelete()
    {
        using LsmStore store = Open();
        DeleteMiddle(store, "memtable");
        store.FlushLog(toDisk: false);
        string image = ImageOfHome();
        using (LsmStore reader = OpenReadOnly())
            Assert.Equal(Expected(), Numbers(reader.Range([], [])));
        using LsmStore copy = Open(image);
        Assert.Equal(Expected(), Numbers(copy.Range([], [])));
        Assert.Equal(0, copy.Verify().DamageCount);
    }

    [Fact]
    public void Put_AfterADeleteRangeThatWasCompacted_StaysVisible()
    {
        // The put's sequence may only be dropped when no older range tombstone is left over it.
        using LsmStore store = Open();
        Fill(store, 100);
        store.Compact();
        using (Snapshot keeps = store.CreateSnapshot())
        {
            store.DeleteRange(Bytes.Number(0), Bytes.Number(50));
            store.Put(Bytes.Number(10), "new"u8);
            store.Compact();
            Assert.Equal(51, Count(store));
            Assert.Equal(100, Count(keeps));
        }
        store.Compact();
        Assert.Equal(51, Count(store));
        Assert.Equal("new"u8.ToArray(), store.Get(Bytes.Number(10)));
    }

    [Fact]
    public void DeleteRange_OverManyTables_IsCutAtTheirEnds()
    {
        StoreOptions options = new()
        {
            DefaultKeyspace = new KeyspaceOptions { TableBytes = 64 << 10 },
        };
        using LsmStore store = Open(options);
        Fill(store, 20_000);
        store.Compact();
        using Snapshot keeps = store.CreateSnapshot();
        store.DeleteRange(Bytes.Number(1_000), Bytes.Number(19_000));
        Fill(store, 10, from: 5_000);
        store.Compact();
        Assert.True(store.GetStatistics().TableCount > 10, "the run has many tables");
        Assert.True(store.GetStatistics().RangeTombstoneCount > 10, "each has its piece");
        Assert.Equal(2_010, Count(store));
        Assert.Equal(20_000, Count(keeps));
        Assert.Equal(0, store.Verify().DamageCount);
        keeps.Dispose();
        store.Compact();
        Assert.Equal(0, store.GetStatistics().RangeTombstoneCount);
        Assert.Equal(2_010, Count(store));
    }

    [Fact]
    public void Memtable_OfManyRangeDeletes_AgreesWithASet()
    {
        var random = new Random(Seeds.Base);
        using LsmStore store = Open();
        var model = new SortedSet<int>();
        for (int i = 0; i < 2_000; i++)
        {
            int at = random.Next(500);
            if (random.Next(3) == 0)
            {
                int to = at + 1 + random.Next(60);
                store.DeleteRange(Bytes.Number(at), Bytes.Number(to));
                model.RemoveWhere(key => key >= at && key < to);
            }
            else
            {
                store.Put(Bytes.Number(at), Bytes.Number(i));
                model.Add(at);
            }
            if (i % 50 == 0)
                Assert.Equal(model, Numbers(store.Range([], [])));
        }
        store.Flush();
        Assert.Equal(model, Numbers(store.Range([], [])));
    }

    private static void DeleteMiddle(LsmStore store, string stage)
    {
        Fill(store, Entries);
        if (stage is "level 0" or "compacted")
            store.Flush();
        store.DeleteRange(Bytes.Number(200), Bytes.Number(700));
        Fill(store, 500, from: 500);
        GoTo(store, stage);
    }

    private static void GoTo(LsmStore store, string stage)
    {
        if (stage != "memtable")
            store.Flush();
        if (stage == "compacted")
            store.Compact();
    }

    private static IEnumerable<int> Expected() => Enumerable.Range(0, Entries).Where(IsExpected);

    private static bool IsExpected(int number) => number is < 200 or >= 500;

    private static List<int> Numbers(RangeEnumerable range)
    {
        var numbers = new List<int>();
        foreach (KeyValueView entry in range)
            numbers.Add(Number(entry.Key));
        return numbers;
    }

    private static int Number(ReadOnlySpan<byte> key) =>
        (int)System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(key);
}
