// The knobs of a store. Validated and copied at Open.

namespace LsmMmap;

/// <summary>Options of a store. Validated and copied at open, never owned.</summary>
/// <remarks>Not thread-safe while being set. 0 means "the default" for a size.</remarks>
public sealed class StoreOptions
{
    internal const long MemtableBudgetBytesDefault = 448L << 20;
    internal const long BlockIndexCacheBytesDefault = 64L << 20;
    internal const int BackgroundThreadsDefault = 2;

    /// <summary>Whether opening makes a store where none is.</summary>
    /// <value>true. Without it a missing store is a <see cref="FileNotFoundException"/>.</value>
    public bool CreateIfMissing { get; set; } = true;

    /// <summary>The durability of a write that names none.</summary>
    /// <value><see cref="Durability.Flushed"/>.</value>
    public Durability DefaultDurability { get; set; } = Durability.Flushed;

    /// <summary>What opening does with a damaged log.</summary>
    /// <value><see cref="WalRecovery.TornTail"/>.</value>
    public WalRecovery WalRecovery { get; set; } = WalRecovery.TornTail;

    /// <summary>How table bytes reach a reader.</summary>
    /// <value><see cref="ReadMode.Auto"/>.</value>
    public ReadMode ReadMode { get; set; } = ReadMode.Auto;

    /// <summary>Memory of the store, in bytes: <see cref="BlockIndexCacheBytes"/> of it are the
    /// cache's, the rest is for the memtables of all keyspaces together. Writes wait for a flush
    /// when those have it all; a single larger batch is admitted alone. The page cache is the
    /// system's and does not count.</summary>
    /// <value>0, the default, means 448 MiB more than <see cref="BlockIndexCacheBytes"/>, which is
    /// 512 MiB when that is not set either; from 128 KiB to 1 TiB.</value>
    public long MemoryBudgetBytes { get; set; }

    /// <summary>Bytes of <see cref="MemoryBudgetBytes"/> for parsed indexes (three quarters) and
    /// for inflated blocks (a quarter).</summary>
    /// <value>0, the default, means 64 MiB, enough for the indexes of 12 GB of tables, or an eighth
    /// of a smaller budget; from 4 KiB to 1 TiB. More than half of a budget that is set is taken
    /// for half of it.</value>
    public long BlockIndexCacheBytes { get; set; }

    /// <summary>Threads that flush and compact.</summary>
    /// <value>0, the default, means 2: one flushes, the others compact; from 1 to 64. A compaction
    /// that begins while others have nothing to do is divided among as many.</value>
    public int BackgroundThreads { get; set; }

    /// <summary>Bytes a second that flushes and compactions may write together. Flushes are not
    /// held back; what they write is taken from what compactions may. A rate below what the
    /// workload needs stops writers in the end (<see cref="StallReason.Level0"/>).</summary>
    /// <value>0, the default, means no limit; from 64 KiB to 64 GiB.</value>
    public long BackgroundBytesPerSecond { get; set; }

    /// <summary>Bytes that compactions leave free on the disk: one begins only when all that it
    /// may write, as much as its inputs, fits above them. Flushes go on; compactions do by
    /// themselves when space is back. Where the system does not tell what is free, nothing is
    /// reserved.</summary>
    /// <value>0, the default, means none: compactions stop when the disk is full; up to 1 PiB.
    /// </value>
    public long FreeSpaceReserveBytes { get; set; }

    /// <summary>Told of every <see cref="StoreEvent"/>, in order, on a thread of the store's own
    /// under no lock, so it may take its time and use the store. It misses events when it falls
    /// behind by 256, which their numbers show. What it throws is swallowed and counted
    /// (<see cref="StoreStatistics.EventCallbackFailures"/>). Dispose waits for it, so it may
    /// dispose the store but not wait for a DisposeAsync.</summary>
    /// <value>null, the default: nobody is told; <see cref="LsmStore.GetEvents"/> has the
    /// last ones all the same.</value>
    public Action<StoreEvent>? OnEvent { get; set; }

    /// <summary>Bytes a second of the background scrub, which reads all tables again and again
    /// and compares their checksums, so that bytes which rot after they were checked are found
    /// before they are needed. It reads past the mapping, on one thread of low priority.
    /// What it finds stands in <see cref="StoreStatistics.ScrubDamages"/>; it stops nothing.
    /// </summary>
    /// <value>0, the default, means no scrub; from 4 KiB to 64 GiB. A pass begins no sooner than
    /// a minute after the one before it began.</value>
    public long ScrubBytesPerSecond { get; set; }

    /// <summary>Options of the default keyspace, and of each new one that is opened without
    /// its own.</summary>
    /// <value>All defaults.</value>
    public KeyspaceOptions DefaultKeyspace { get; set; } = new();

    /// <summary>What metrics, events and traces call the store.</summary>
    /// <value>null, the default, means the name of its directory. A second store of the same name
    /// that is open in the process gets "#2" behind it.</value>
    public string? Name { get; set; }

    /// <summary>Commits and gets that take as long as this become activities, for those who trace
    /// ("LsmMmap" is the source). While nobody traces it costs a comparison, else two looks at the
    /// clock for each commit and get.</summary>
    /// <value>0, the default, means none; up to 3,600,000. Flushes, compactions and openings are
    /// activities whatever it is.</value>
    public int SlowOperationMs { get; set; }

    /// <summary>Whether gets are timed while somebody listens to the histogram
    /// "lsm.get.duration". It costs each get two looks at the clock and what the listener takes,
    /// which is as much as the get of a key in memory; commits are timed without this.</summary>
    /// <value>false.</value>
    public bool MeasureReads { get; set; }

    /// <summary>The clock for delays and ages.</summary>
    /// <value><see cref="TimeProvider.System"/>.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Checks every option, as opening does.</summary>
    /// <exception cref="ArgumentException">An option is out of range; the message names it, its
    /// value and the range.</exception>
    public void Validate() => Validated();

    /// <summary>A copy with another policy for damaged logs.</summary>
    internal StoreOptions With(WalRecovery policy)
    {
        var copy = (StoreOptions)MemberwiseClone();
        copy.WalRecovery = policy;
        return copy;
    }

    /// <summary>A manifest is replaced when it has grown beyond this and twice its first edit.
    /// Tests make it small, so that the switch happens often.</summary>
    internal long ManifestBytesMax { get; set; } = 1L << 20;

    /// <summary>What the cache leaves of the budget. Of validated options.</summary>
    internal long MemtableBudgetBytes => MemoryBudgetBytes - BlockIndexCacheBytes;

    /// <summary>A checked copy with every default filled in.</summary>
    internal StoreOptions Validated()
    {
        OptionRange.CheckEnum(nameof(DefaultDurability), DefaultDurability);
        OptionRange.CheckEnum(nameof(WalRecovery), WalRecovery);
        OptionRange.CheckEnum(nameof(ReadMode), ReadMode);
        (long budgetBytes, long cacheBytes) = Memory();
        int threads = BackgroundThreads == 0 ? BackgroundThreadsDefault : BackgroundThreads;
        OptionRange.Check(nameof(BackgroundThreads), threads, 1, 64);
        if (ScrubBytesPerSecond != 0)
            OptionRange.Check(
                nameof(ScrubBytesPerSecond), ScrubBytesPerSecond, 4L << 10, 64L << 30);
        if (BackgroundBytesPerSecond != 0)
            OptionRange.Check(
                nameof(BackgroundBytesPerSecond), BackgroundBytesPerSecond, 64L << 10, 64L << 30);
        OptionRange.Check(
            nameof(FreeSpaceReserveBytes), FreeSpaceReserveBytes, 0, 1L << 50);
        OptionRange.Check(nameof(SlowOperationMs), SlowOperationMs, 0, 3_600_000);
        if (DefaultKeyspace == null)
            OptionRange.Throw(nameof(DefaultKeyspace), "null", "any KeyspaceOptions");
        if (TimeProvider == null)
            OptionRange.Throw(nameof(TimeProvider), "null", "any TimeProvider");
        return new StoreOptions
        {
            CreateIfMissing = CreateIfMissing,
            DefaultDurability = DefaultDurability,
            WalRecovery = WalRecovery,
            ReadMode = ReadMode,
            MemoryBudgetBytes = budgetBytes,
            BlockIndexCacheBytes = cacheBytes,
            BackgroundThreads = threads,
            ScrubBytesPerSecond = ScrubBytesPerSecond,
            BackgroundBytesPerSecond = BackgroundBytesPerSecond,
            FreeSpaceReserveBytes = FreeSpaceReserveBytes,
            OnEvent = OnEvent,
            Name = Name,
            SlowOperationMs = SlowOperationMs,
            MeasureReads = MeasureReads,
            DefaultKeyspace = DefaultKeyspace.Validated(),
            TimeProvider = TimeProvider,
            ManifestBytesMax = ManifestBytesMax,
        };
    }

    private (long BudgetBytes, long CacheBytes) Memory()
    {
        long cacheBytes = BlockIndexCacheBytes == 0
            ? BlockIndexCacheBytesDefault : BlockIndexCacheBytes;
        OptionRange.Check(nameof(BlockIndexCacheBytes), cacheBytes, 4L << 10, 1L << 40);
        if (MemoryBudgetBytes == 0)
            return (MemtableBudgetBytesDefault + cacheBytes, cacheBytes);
        OptionRange.Check(nameof(MemoryBudgetBytes), MemoryBudgetBytes, 128L << 10, 1L << 40);
        return (MemoryBudgetBytes,
            Math.Min(cacheBytes, MemoryBudgetBytes / (BlockIndexCacheBytes == 0 ? 8 : 2)));
    }
}
