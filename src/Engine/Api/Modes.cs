// The small choices a user makes once: recovery policy, read mode, codec, compaction style.

namespace LsmMmap;

/// <summary>What opening does with a log that does not verify to its end.</summary>
public enum WalRecovery
{
    /// <summary>A torn tail is cut and counted; damage before the synced point is a
    /// <see cref="CorruptionException"/>. The default.</summary>
    TornTail,

    /// <summary>Any damage is a <see cref="CorruptionException"/>.</summary>
    Strict,

    /// <summary>Keeps every record that is whole, skips what is not, and says how many bytes
    /// were lost in <see cref="StoreStatistics.Recovery"/>.</summary>
    Salvage,
}

/// <summary>How table bytes reach a reader.</summary>
public enum ReadMode
{
    /// <summary><see cref="Direct"/> while the tables fit the memory that the process may use,
    /// else <see cref="Copy"/>. The default.</summary>
    Auto,

    /// <summary>Reads the mapping; each block is populated and verified at its first touch
    /// only. The fastest mode. A page that was evicted and whose disk then fails ends the
    /// process.</summary>
    Direct,

    /// <summary>Reads the mapping; each block is populated before every use, which narrows that
    /// window to the moments between populate and use.</summary>
    Guarded,

    /// <summary>Reads by ordinary positioned reads into own buffers and verifies every time:
    /// no media error can end the process.</summary>
    Copy,
}

/// <summary>The codec of table blocks.</summary>
public enum Compression
{
    /// <summary>Blocks as they are: reads are zero-copy.</summary>
    None,

    /// <summary>LZ4 per block; a block that gains less than 12.5 % is stored as it is.</summary>
    Lz4,
}

/// <summary>How tables are merged.</summary>
public enum CompactionStyle
{
    /// <summary>Sorted levels, each about ten times the one above: little space, fast reads.
    /// The default.</summary>
    Leveled,

    /// <summary>Runs of similar size are merged together: fewer bytes written, more space and
    /// slower reads.</summary>
    Tiered,
}
