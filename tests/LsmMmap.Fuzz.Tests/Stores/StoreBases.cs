// The stores that are damaged: closed and killed, raw and compressed, leveled and tiered, with
// several keyspaces and levels, and logs that hold what no table has yet. Pure functions of a seed.

namespace LsmMmap.Fuzz.Tests;

internal static class StoreBases
{
    public static List<StoreBase> MakeAll(int seed) =>
    [
        Leveled(seed, isClosed: true, isSameBoot: true),
        Tiered(seed + 1, isClosed: true, isSameBoot: true),
        Leveled(seed + 2, isClosed: false, isSameBoot: true),
        Tiered(seed + 3, isClosed: false, isSameBoot: false),
        LogsOnly(seed + 4, isSameBoot: true),
        LogsOnly(seed + 5, isSameBoot: false),
        Small(seed + 6, isClosed: true),
        Small(seed + 7, isClosed: false),
    ];

    private static StoreBase Leveled(int seed, bool isClosed, bool isSameBoot)
    {
        using var maker = new StoreMaker(seed, new StoreOptions
        {
            DefaultKeyspace = Tight(),
            BackgroundThreads = 1,
        });
        KeyspaceOptions packed = Tight();
        packed.CompressionPerLevel = [Compression.None, Compression.Lz4];
        packed.BlockBytes = 1024;
        maker.MakeKeyspace("packed", packed);
        maker.MakeKeyspace("gone");
        maker.Commit(60, 3000);
        maker.Store.Flush();
        maker.Commit(60, 3000);
        maker.DropKeyspace("gone");
        maker.Store.Compact();
        maker.Reopen();
        maker.Commit(40, 80_000);
        maker.Store.Flush();
        maker.KeepImage();
        maker.MakeKeyspace("late");
        maker.Commit(30, 900);
        maker.Store.WaitForIdle();
        return maker.Finish(isClosed ? "leveled, closed" : "leveled, killed", isClosed, isSameBoot);
    }

    private static StoreBase Tiered(int seed, bool isClosed, bool isSameBoot)
    {
        KeyspaceOptions options = Tight();
        options.Compaction = CompactionStyle.Tiered;
        options.CompressionPerLevel = [Compression.Lz4];
        using var maker = new StoreMaker(
            seed, new StoreOptions { DefaultKeyspace = options, BackgroundThreads = 1 });
        maker.MakeKeyspace("plain", new KeyspaceOptions { BlockBytes = 16_384 });
        for (int i = 0; i < 5; i++)
        {
            maker.Commit(25, 1200);
            maker.Store.Flush();
            if (i == 2)
                maker.Reopen();
        }
        maker.Store.WaitForIdle();
        maker.Commit(25, 1200);
        return maker.Finish(isClosed ? "tiered, closed" : "tiered, killed", isClosed, isSameBoot);
    }

    /// <summary>Nothing but logs: one was followed by the next, both still count.</summary>
    private static StoreBase LogsOnly(int seed, bool isSameBoot)
    {
        using var maker = new StoreMaker(seed, new StoreOptions());
        maker.MakeKeyspace("other");
        maker.Commit(40, 500);
        maker.KeepImage();
        // The second keyspace's entries keep the first log while the default one moves on.
        maker.Store.Default.Flush();
        maker.Commit(40, 500);
        return maker.Finish("logs", isClosed: false, isSameBoot);
    }

    /// <summary>A few commits: where every byte of a file matters.</summary>
    private static StoreBase Small(int seed, bool isClosed)
    {
        using var maker = new StoreMaker(seed, new StoreOptions());
        maker.Commit(5, 100);
        maker.Reopen();
        maker.Commit(5, 100);
        return maker.Finish(isClosed ? "small, closed" : "small, killed", isClosed, true);
    }

    private static KeyspaceOptions Tight() => new()
    {
        MemtableBytes = 64 << 10,
        TableBytes = 64 << 10,
    };
}
