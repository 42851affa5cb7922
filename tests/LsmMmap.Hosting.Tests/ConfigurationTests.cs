// Options from configuration: every option that has a textual form has its key, so a new option of
// the engine is not forgotten here, and what a key says arrives.

using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace LsmMmap.Hosting.Tests;

public sealed class ConfigurationTests
{
    /// <summary>A value of each option that is not its default.</summary>
    private static readonly (string Key, string Value)[] s_settings =
    [
        ("Directory", "somewhere"), ("DegradedFreeBytes", "5"), ("CreateIfMissing", "false"),
        ("DefaultDurability", "synced"), ("WalRecovery", "Salvage"), ("ReadMode", "copy"),
        ("MemoryBudgetBytes", "1048576"), ("BlockIndexCacheBytes", "8192"),
        ("BackgroundThreads", "3"), ("BackgroundBytesPerSecond", "70000"),
        ("FreeSpaceReserveBytes", "9"), ("ScrubBytesPerSecond", "5000"), ("Name", "other"),
        ("SlowOperationMs", "7"), ("MeasureReads", "True"),
        ("DefaultKeyspace:MemtableBytes", "70000"), ("DefaultKeyspace:TableBytes", "80000"),
        ("DefaultKeyspace:BlockBytes", "8192"), ("DefaultKeyspace:BloomBitsPerKey", "7.5"),
        ("DefaultKeyspace:Compaction", "Tiered"),
        ("DefaultKeyspace:CompressionPerLevel:0", "None"),
        ("DefaultKeyspace:CompressionPerLevel:1", "Lz4"),
        ("DefaultKeyspace:TimeToLive", "02:00:00"),
        ("DefaultKeyspace:Retention:Bytes", "99999"),
        ("DefaultKeyspace:Retention:Age", "1.00:00:00"),
    ];

    // What only code can give.
    private static readonly string[] s_ofCode = ["OnEvent", "TimeProvider"];

    [Fact]
    public void Options_WithATextualForm_AllHaveAKey()
    {
        LsmStoreOptions set = Read(s_settings);
        Assert.Empty(set.Problems);
        var plain = new LsmStoreOptions();
        AssertAllDiffer(plain, set);
        AssertAllDiffer(plain.Store, set.Store);
        AssertAllDiffer(plain.Store.DefaultKeyspace, set.Store.DefaultKeyspace);
        AssertAllDiffer(new Retention(), set.Store.DefaultKeyspace.Retention!);
    }

    [Fact]
    public void Options_OfNestedSections_ArriveInTheirForm()
    {
        StoreOptions options = Read(s_settings).Store;
        Assert.Equal(Durability.Synced, options.DefaultDurability);
        Assert.Equal(7.5, options.DefaultKeyspace.BloomBitsPerKey);
        Assert.Equal(
            [Compression.None, Compression.Lz4], options.DefaultKeyspace.CompressionPerLevel!);
        Assert.Equal(TimeSpan.FromDays(1), options.DefaultKeyspace.Retention!.Age);
    }

    [Fact]
    public void Key_InAnotherCase_IsTheSame()
    {
        LsmStoreOptions options = Read([("defaultkeyspace:RETENTION:bytes", "99999")]);
        Assert.Empty(options.Problems);
        Assert.Equal(99_999, options.Store.DefaultKeyspace.Retention!.Bytes);
    }

    private static LsmStoreOptions Read((string Key, string Value)[] settings)
    {
        IConfiguration configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(
                s => KeyValuePair.Create("LsmMmap:x:" + s.Key, (string?)s.Value)))
            .Build();
        var options = new LsmStoreOptions();
        ConfigurationKeys.Read(configuration.GetSection("LsmMmap:x"), options);
        return options;
    }

    private static void AssertAllDiffer<T>(T plain, T set)
    {
        foreach (PropertyInfo property in typeof(T).GetProperties())
        {
            if (property.CanWrite && !s_ofCode.Contains(property.Name))
                Assert.False(
                    Equals(property.GetValue(plain), property.GetValue(set)),
                    $"{typeof(T).Name}.{property.Name} has no key in ConfigurationKeys");
        }
    }
}
