// The caches: bounds are kept, tables are forgotten, and under many threads a block never shows
// another block's bytes and no reference is lost.

using System.Buffers.Binary;
using LsmMmap.Sstable.Caching;
using LsmMmap.Sstable.Keys;
using LsmMmap.Sstable.Tables;
using LsmMmap.Sstable.Tests.Support;

namespace LsmMmap.Sstable.Tests.Caching;

public sealed class CacheTests
{
    [Fact]
    public void BlockCache_UnderManyThreads_NeverMixesBlocks()
    {
        int seed = Seeds.Next(1);
        var cache = new InflatedBlockCache(600_000);
        Exception? failure = null;
        var threads = new List<Thread>();
        for (int t = 0; t < 4; t++)
        {
            int salt = t;
            var thread = new Thread(() =>
            {
                try
                {
                    Hammer(cache, new Random(seed + salt));
                }
                catch (Exception exception)
                {
                    Volatile.Write(ref failure, exception);
                }
            });
            threads.Add(thread);
            thread.Start();
        }
        threads.ForEach(thread => thread.Join());
        Assert.True(failure == null, $"seed {seed}: {failure}");
        Assert.True(cache.UsedBytes <= 600_000, $"seed {seed}: {cache.UsedBytes} bytes");
        for (int table = 1; table <= 3; table++)
            cache.Forget(table);
        Assert.Equal(0, cache.UsedBytes);
    }

    [Fact]
    public void BlockCache_WithoutCapacity_KeepsNothing()
    {
        var cache = new InflatedBlockCache(0);
        InflatedBlock block = InflatedBlock.Rent(100);
        cache.Insert(block, 1, 0);
        Assert.Null(cache.TryAcquire(1, 0));
        block.Release();
    }

    [Fact]
    public void BlockCache_WithAHugeBlock_DoesNotKeepIt()
    {
        var cache = new InflatedBlockCache(100_000);
        InflatedBlock block = InflatedBlock.Rent(50_000);
        cache.Insert(block, 1, 0);
        Assert.Null(cache.TryAcquire(1, 0));
        block.Release();
    }

    [Fact]
    public void IndexCache_WhenFull_EvictsWhatIsNotUsed()
    {
        var cache = new IndexCache(3 * FlatIndex.EstimateBytes(10));
        var slots = new List<IndexSlot>();
        for (int i = 0; i < 9; i++)
        {
            var slot = new IndexSlot();
            slots.Add(slot);
            cache.Admit(slot, new FlatIndex([], new ulong[10], new ulong[10]));
            slots[0].IsUsedLately = true;
        }
        Assert.NotNull(slots[0].Current);
        Assert.Equal(3, slots.Count(slot => slot.Current != null));
        slots.ForEach(cache.Forget);
        Assert.Equal(0, cache.UsedBytes);
        Assert.All(slots, slot => Assert.Null(slot.Current));
    }

    /// <summary>Tables that were all looked up alike once evicted each other every few lookups,
    /// and a get in a store of 10 GB took 140 us.</summary>
    [Fact]
    public void Get_MoreTablesThanTheIndexCacheHolds_DoNotEvictEachOtherAllTheTime()
    {
        const int Entries = 20_000;
        List<TestEntry> entries = [.. Enumerable.Range(0, Entries).Select(
            i => TestEntry.Put([1, (byte)(i >> 16), (byte)(i >> 8), (byte)i], 1, new byte[100]))];
        using TestTable sizes = TestTable.Make([.. entries], new TableOptions());
        long blocks = sizes.Reader.Footer.DataBlocks;
        var cache = new IndexCache(FlatIndex.EstimateBytes(blocks) * 3 / 2);
        using TestTable first = TestTable.Make([.. entries], new TableOptions(), indexCache: cache);
        using TestTable second = TestTable.Make(
            [.. entries], new TableOptions(), indexCache: cache);
        int changes = 0;
        const int Lookups = 10_000;
        for (int i = 0; i < Lookups; i++)
        {
            bool wasFirst = first.Reader.HasFlatIndex;
            var value = default(TableValue);
            TestTable table = i % 2 == 0 ? first : second;
            TestEntry entry = entries[i * 7 % Entries];
            Assert.True(table.Reader.TryGet(
                entry.Key, InternalKey.Hash(entry.Key), entry.Tag, ref value));
            changes += wasFirst != first.Reader.HasFlatIndex ? 1 : 0;
        }
        Assert.InRange(changes, 2, Lookups * IndexCache.BlocksPerLookup / blocks + 1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Get_KeyAboveEveryEntry_IsAbsentWithAFlatIndexToo(bool isLikely)
    {
        List<TestEntry> entries = [.. Enumerable.Range(0, 500).Select(
            i => TestEntry.Put([1, (byte)(i / 250), (byte)(i % 250)], 1, []))];
        using TestTable table = TestTable.Make(
            entries, new TableOptions { BloomBitsPerKey = 0 },
            indexCache: new IndexCache(1_000_000));
        var value = default(TableValue);
        for (int i = 0; i < 2 * IndexCache.LookupsToAdmit; i++)
        {
            foreach (byte[] key in new byte[][] { [1, 2], [2], [255, 255, 255] })
                Assert.False(table.Reader.TryGet(
                    key, InternalKey.Hash(key), EntryTag.SeekAt(9), ref value, isLikely));
        }
        Assert.True(table.Reader.HasFlatIndex);
    }

    private static void Hammer(InflatedBlockCache cache, Random random)
    {
        for (int i = 0; i < 200_000; i++)
        {
            long table = random.Next(1, 4);
            long offset = random.Next(60);
            InflatedBlock? block = cache.TryAcquire(table, offset);
            if (block == null)
            {
                block = InflatedBlock.Rent(4000 + random.Next(9000));
                Fill(block, table, offset);
                cache.Insert(block, table, offset);
            }
            Check(block, table, offset);
            block.Release();
            if (random.Next(5000) == 0)
                cache.Forget(table);
        }
    }

    private static void Fill(InflatedBlock block, long table, long offset)
    {
        block.Span.Fill((byte)(table * 60 + offset));
        BinaryPrimitives.WriteInt64LittleEndian(block.Span, table);
        BinaryPrimitives.WriteInt64LittleEndian(block.Span[8..], offset);
    }

    private static void Check(InflatedBlock block, long table, long offset)
    {
        Assert.Equal(table, BinaryPrimitives.ReadInt64LittleEndian(block.Span));
        Assert.Equal(offset, BinaryPrimitives.ReadInt64LittleEndian(block.Span[8..]));
        Assert.Equal((byte)(table * 60 + offset), block.Span[^1]);
    }
}
