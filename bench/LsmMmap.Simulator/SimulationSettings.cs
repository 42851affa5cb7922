// What is simulated. One simulated key stands for as many real ones as make a memtable of
// EntriesPerMemtable keys full: how keys meet in merges depends on the sizes of memtables, tables
// and data to each other, not on the number of keys, as long as keys are drawn evenly.

using LsmMmap.Engine.Compaction;

namespace LsmMmap.Simulator;

internal enum KeyOrder
{
    /// <summary>Each key as likely as any other.</summary>
    Uniform,

    /// <summary>Few keys take most writes, as YCSB draws them (0.99), scattered.</summary>
    Zipfian,

    /// <summary>Ascending; deletes take the smallest that is left, as a queue does.</summary>
    Sequential,
}

internal sealed record SimulationSettings
{
    private const int TagBytes = 8;

    public CompactionStyle Style { get; init; } = CompactionStyle.Leveled;

    public KeyOrder Keys { get; init; } = KeyOrder.Uniform;

    /// <summary>Bytes of all different keys with their values: the live data once each was
    /// written.</summary>
    public double DataBytes { get; init; } = 1e10;

    /// <summary>Writes for each different key. 1 is fillrandom: as many draws as there are
    /// keys.</summary>
    public double WritesPerKey { get; init; } = 1;

    /// <summary>The part of the writes that are deletes.</summary>
    public double DeleteShare { get; init; }

    /// <summary>Whether every key is deleted afterwards, in random order.</summary>
    public bool DeletesAll { get; init; }

    public int KeyBytes { get; init; } = 16;

    public int ValueBytes { get; init; } = 100;

    /// <summary>What a table takes for an entry beside key and value: tag, lengths, its parts of
    /// filter and index, less what keys share. As measured of keys of 16 bytes that share most of
    /// them with their neighbours.</summary>
    public double OverheadBytes { get; init; } = 6;

    /// <summary>The same on the last level, where an entry has lost its sequence.</summary>
    public double LastOverheadBytes { get; init; }

    /// <summary>What a table takes without entries: pages of filter, index and end that are
    /// not full.</summary>
    public double TableOverheadBytes { get; init; } = 11 << 10;

    public long MemtableBytes { get; init; } = 64L << 20;

    public long TableBytes { get; init; } = 64L << 20;

    /// <summary>Simulated keys of a full memtable; 0 simulates every key.</summary>
    public int EntriesPerMemtable { get; init; } = 2048;

    public int Seed { get; init; } = 1;

    /// <summary>Compactions at once; 0 runs them between the flushes and takes no time.</summary>
    public int Threads { get; init; }

    /// <summary>With threads: how fast the user writes.</summary>
    public double WriteBytesPerSecond { get; init; } = 50e6;

    /// <summary>With threads: how fast one compaction writes.</summary>
    public double MergeBytesPerSecond { get; init; } = 200e6;

    public PickRule Rule { get; init; }

    public CompactionTuning Tuning { get; init; } = CompactionTuning.Default;

    /// <summary>Real entries for each simulated one.</summary>
    public double Lump => EntriesPerMemtable == 0
        ? 1 : MemtableBytes / MemtablePutBytes / EntriesPerMemtable;

    public int KeyCount => checked((int)Math.Max(1, DataBytes / (KeyBytes + ValueBytes) / Lump));

    public long WriteCount => (long)(KeyCount * WritesPerKey);

    // What the engine compares with the size of a memtable.
    private double MemtablePutBytes => KeyBytes + ValueBytes + TagBytes;

    public double UserBytes(bool isDelete) => Lump * (KeyBytes + (isDelete ? 0 : ValueBytes));

    public double MemtableEntryBytes(bool isDelete) => UserBytes(isDelete) + Lump * TagBytes;

    public double TableEntryBytes(bool isDelete, bool isLast) =>
        UserBytes(isDelete) + Lump * (isLast ? LastOverheadBytes : OverheadBytes);

    public KeyspaceOptions Options() => new KeyspaceOptions
    {
        Compaction = Style,
        MemtableBytes = MemtableBytes,
        TableBytes = TableBytes,
    }.Validated();
}
