// Options are checked when a store is opened: an ArgumentException names the option, the value
// and the range.

namespace LsmMmap.Engine.Tests;

public sealed class OptionsTests : StoreTest
{
    public static TheoryData<string, string> IllegalStoreOptions => new()
    {
        { nameof(StoreOptions.DefaultDurability), "0" },
        { nameof(StoreOptions.MemoryBudgetBytes), "-1" },
        { nameof(StoreOptions.BlockIndexCacheBytes), "-1" },
        { nameof(StoreOptions.BackgroundThreads), "-1" },
    };

    public static TheoryData<string, double> IllegalKeyspaceOptions => new()
    {
        { nameof(KeyspaceOptions.MemtableBytes), -1 },
        { nameof(KeyspaceOptions.MemtableBytes), (64 << 10) - 1 },
        { nameof(KeyspaceOptions.TableBytes), -1 },
        { nameof(KeyspaceOptions.BlockBytes), 1023 },
        { nameof(KeyspaceOptions.BlockBytes), 65_537 },
        { nameof(KeyspaceOptions.BlockBytes), -4096 },
        { nameof(KeyspaceOptions.BloomBitsPerKey), -1 },
    };

    [Theory]
    [MemberData(nameof(IllegalStoreOptions))]
    public void Open_IllegalStoreOption_ThrowsAndNamesIt(string option, string value)
    {
        var options = new StoreOptions();
        _ = option switch
        {
            nameof(StoreOptions.DefaultDurability) => (long)(options.DefaultDurability = 0),
            nameof(StoreOptions.MemoryBudgetBytes) => options.MemoryBudgetBytes = -1,
            nameof(StoreOptions.BlockIndexCacheBytes) => options.BlockIndexCacheBytes = -1,
            _ => options.BackgroundThreads = -1,
        };
        AssertRefused(options, option, value);
    }

    [Theory]
    [MemberData(nameof(IllegalKeyspaceOptions))]
    public void Open_IllegalKeyspaceOption_ThrowsAndNamesIt(string option, double value)
    {
        AssertRefused(
            new StoreOptions { DefaultKeyspace = Illegal(option, value) }, option, $"{value}");
    }

    [Theory]
    [MemberData(nameof(IllegalKeyspaceOptions))]
    public void GetKeyspace_IllegalOption_ThrowsAndCreatesNothing(string option, double value)
    {
        LsmStore store = Open();
        Assert.ThrowsAny<ArgumentException>(
            () => store.GetKeyspace("other", Illegal(option, value)));
        Assert.Equal(["default"], store.KeyspaceNames);
    }

    [Theory]
    [InlineData(1024)]
    [InlineData(65_536)]
    public void Open_SmallestAndLargestBlocks_AreLegal(int blockBytes)
    {
        LsmStore store = Open(new StoreOptions
        {
            DefaultKeyspace = { BlockBytes = blockBytes, MemtableBytes = 64 << 10 },
        });
        Fill(store, 2_000);
        store.Compact();
        Assert.Equal(2_000, Count(store));
    }

    [Fact]
    public void Open_ZeroWhereNoDefaultIsGiven_TakesTheDefault()
    {
        LsmStore store = Open(new StoreOptions
        {
            MemoryBudgetBytes = 0,
            BlockIndexCacheBytes = 0,
            BackgroundThreads = 0,
            DefaultKeyspace = { TableBytes = 0 },
        });
        Fill(store, 100);
        store.Compact();
        Assert.Equal(100, Count(store));
    }

    [Fact]
    public void Options_Fresh_HaveTheDocumentedDefaults()
    {
        var options = new StoreOptions();
        Assert.True(options.CreateIfMissing);
        Assert.Equal(Durability.Flushed, options.DefaultDurability);
        Assert.Equal(WalRecovery.TornTail, options.WalRecovery);
        Assert.Equal(ReadMode.Auto, options.ReadMode);
        Assert.Same(TimeProvider.System, options.TimeProvider);
        Assert.Equal(64L << 20, options.DefaultKeyspace.MemtableBytes);
        Assert.Equal(4096, options.DefaultKeyspace.BlockBytes);
        Assert.Equal(10, options.DefaultKeyspace.BloomBitsPerKey);
        Assert.Null(options.DefaultKeyspace.CompressionPerLevel);
        Assert.Equal(CompactionStyle.Leveled, options.DefaultKeyspace.Compaction);
    }

    [Theory]
    [InlineData(0, 0, 512 << 10, 64 << 10)]
    [InlineData(0, 1 << 20, 1472 << 10, 1 << 20)]
    [InlineData(256 << 10, 0, 256 << 10, 32 << 10)]
    [InlineData(2 << 20, 0, 2 << 20, 64 << 10)]
    [InlineData(2 << 20, 512 << 10, 2 << 20, 512 << 10)]
    [InlineData(1 << 10, 1 << 20, 1 << 10, 512)]
    public void Memory_AnyPairOfSizes_IsOneBudgetWithThePartOfTheCacheInIt(
        long budgetKib, long cacheKib, long expectedBudgetKib, long expectedCacheKib)
    {
        StoreOptions options = new StoreOptions
        {
            MemoryBudgetBytes = budgetKib << 10,
            BlockIndexCacheBytes = cacheKib << 10,
        }.Validated();
        Assert.Equal(expectedBudgetKib << 10, options.MemoryBudgetBytes);
        Assert.Equal(expectedCacheKib << 10, options.BlockIndexCacheBytes);
        Assert.Equal(
            (expectedBudgetKib - expectedCacheKib) << 10, options.MemtableBudgetBytes);
    }

    [Fact]
    public void Validate_WithoutOpening_RefusesWhatOpeningRefuses()
    {
        new StoreOptions().Validate();
        var options = new StoreOptions { DefaultKeyspace = { BlockBytes = 1 } };
        ArgumentException refusal = Assert.ThrowsAny<ArgumentException>(options.Validate);
        Assert.Contains(
            nameof(KeyspaceOptions.BlockBytes), refusal.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Home));
    }

    private static KeyspaceOptions Illegal(string option, double value) => option switch
    {
        nameof(KeyspaceOptions.MemtableBytes) => new() { MemtableBytes = (long)value },
        nameof(KeyspaceOptions.TableBytes) => new() { TableBytes = (long)value },
        nameof(KeyspaceOptions.BlockBytes) => new() { BlockBytes = (int)value },
        _ => new() { BloomBitsPerKey = value },
    };

    private void AssertRefused(StoreOptions options, string option, string value)
    {
        ArgumentException refusal =
            Assert.ThrowsAny<ArgumentException>(() => LsmStore.Open(Home, options));
        Assert.Contains(option, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(
            value, refusal.Message.Replace(",", "", StringComparison.Ordinal),
            StringComparison.Ordinal);
    }
}
