// Options drawn at random from the whole legal range, leaning to the small sizes that make
// flushes and compactions happen within a few thousand operations.

namespace LsmMmap.Testing.Model;

public sealed class OptionShapes(Random random)
{
    private static readonly int[] s_blockBytes =
        [1024, 2048, 3000, 4096, 4096, 8192, 16_384, 65_536];

    private static readonly double[] s_bloomBits = [0, 1, 5.5, 10, 10, 20];

    private static readonly IReadOnlyList<Compression>?[] s_compression =
    [
        null,
        [Compression.Lz4],
        [Compression.None, Compression.Lz4],
        [Compression.Lz4, Compression.None],
    ];

    // The clock of a run goes in whole minutes, mostly, so that it meets these exactly.
    private static readonly TimeSpan[] s_timesToLive =
    [
        TimeSpan.FromTicks(1), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(40),
        TimeSpan.FromMilliseconds(100_000.5), TimeSpan.FromHours(10), TimeSpan.MaxValue,
    ];

    public StoreOptions NextStore() => new()
    {
        DefaultDurability = NextDurability(),
        ReadMode = (ReadMode)random.Next(4),
        MemoryBudgetBytes = Pick<long>(0, 1 << 20, 16 << 20),
        BlockIndexCacheBytes = Pick<long>(0, 64 << 10, 1 << 20),
        BackgroundThreads = random.Next(4),
        DefaultKeyspace = NextKeyspace(),
    };

    public KeyspaceOptions NextKeyspace() => new()
    {
        MemtableBytes = Pick<long>(64 << 10, 64 << 10, 200_000, 1 << 20),
        TableBytes = Pick<long>(0, 64 << 10, 256 << 10, 2 << 20),
        BlockBytes = Pick(s_blockBytes),
        BloomBitsPerKey = Pick(s_bloomBits),
        CompressionPerLevel = Pick(s_compression),
        Compaction = random.Next(3) == 0 ? CompactionStyle.Tiered : CompactionStyle.Leveled,
        Retention = random.Next(4) == 0 ? NextRetention() : null,
        TimeToLive = random.Next(4) == 0 ? Pick(s_timesToLive) : null,
    };

    private Retention NextRetention()
    {
        long bytes = Pick(0, 64 << 10, 256 << 10, 1 << 20, ModelRetention.WideBytes);
        TimeSpan age = Pick(
            TimeSpan.Zero, TimeSpan.FromMinutes(3), TimeSpan.FromHours(1),
            TimeSpan.FromDays(36_500));
        bool hasLimit = bytes != 0 || age != TimeSpan.Zero;
        return new Retention { Bytes = hasLimit ? bytes : 128 << 10, Age = age };
    }

    /// <summary>Mostly the cheap levels; a sync costs a fifth of a millisecond.</summary>
    public Durability NextDurability() => random.Next(8) switch
    {
        0 => Durability.Synced,
        < 3 => Durability.Buffered,
        _ => Durability.Flushed,
    };

    public static string Describe(StoreOptions options) =>
        $"{options.DefaultDurability} {options.ReadMode} budget {options.MemoryBudgetBytes} "
        + $"index cache {options.BlockIndexCacheBytes} threads {options.BackgroundThreads}, "
        + Describe(options.DefaultKeyspace);

    public static string Describe(KeyspaceOptions? options)
    {
        if (options is null)
            return "no options";
        string compression = options.CompressionPerLevel is null
            ? "none"
            : string.Join('+', options.CompressionPerLevel);
        return $"memtable {options.MemtableBytes} table {options.TableBytes} "
            + $"block {options.BlockBytes} bloom {options.BloomBitsPerKey} "
            + $"compression {compression} {options.Compaction} "
            + (options.Retention is { } kept ? $"retention {kept.Bytes} {kept.Age} " : "")
            + (options.TimeToLive is { } time ? $"time to live {time}" : "");
    }

    private T Pick<T>(params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];
}
