// Why writers are held back. A word for each thing that only background work can pay off.

namespace LsmMmap;

/// <summary>Why writes are delayed or stopped.</summary>
public enum StallReason
{
    /// <summary>They are not.</summary>
    None,

    /// <summary>Memtables wait for their flush: more than half of what the cache leaves of
    /// <see cref="StoreOptions.MemoryBudgetBytes"/>, or of the four frozen memtables that a
    /// keyspace may have.</summary>
    Memtables,

    /// <summary>Level 0 of a keyspace has at least half of the tables that stop writes. Those are
    /// 12 to 40 when leveled, more for a larger tree, and 100 when tiered.</summary>
    Level0,

    /// <summary>The levels of a keyspace are far above their targets. Delays, and never
    /// stops.</summary>
    CompactionDebt,

    /// <summary>One of the others, and the work that would help waits for space on the
    /// disk.</summary>
    DiskSpace,
}
