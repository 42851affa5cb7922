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
    };

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
            + $"compression {compression} {options.Compaction}";
    }

    private T Pick<T>(params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];
}
