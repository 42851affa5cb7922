// What a repair found, saved and could not save: enough for an owner to decide whether to go on
// with the store or with a backup.

namespace LsmMmap;

/// <summary>What <see cref="LsmStore.Repair(string, StoreOptions?, bool, CancellationToken)"/>
/// did with a file.</summary>
public enum RepairFate
{
    /// <summary>It is part of the store as it was.</summary>
    Kept,

    /// <summary>Its entries were merged into new tables, because nothing says any more on which
    /// level it stood; the file is in <c>lost</c>.</summary>
    Merged,

    /// <summary>A log whose whole records are in tables now; the damaged rest, if any, is kept
    /// with a copy in <c>lost</c>.</summary>
    Replayed,

    /// <summary>It was replaced by a new one; a damaged one is kept with a copy in
    /// <c>lost</c>.</summary>
    Replaced,

    /// <summary>It could not or must not be used; the file is in <c>lost</c>, unless it was
    /// missing.</summary>
    Lost,
}

/// <summary>One file and what became of it.</summary>
/// <remarks>Immutable.</remarks>
public sealed class RepairedFile
{
    internal RepairedFile() { }

    /// <summary>Its name in the store's directory.</summary>
    public required string Name { get; init; }

    /// <summary>What became of it.</summary>
    public required RepairFate Fate { get; init; }

    /// <summary>Why.</summary>
    public required string Reason { get; init; }

    /// <summary>The keyspace of a table, when it is known.</summary>
    public string? Keyspace { get; init; }

    /// <summary>Entries of a table, as far as it or the MANIFEST says; else 0.</summary>
    public long Entries { get; init; }

    /// <summary>Smallest sequence of a table's entries, likewise.</summary>
    public long SmallestSequence { get; init; }

    /// <summary>Largest sequence of a table's entries, likewise.</summary>
    public long LargestSequence { get; init; }
}

/// <summary>What a repair found and did; of a dry run, what it would do.</summary>
/// <remarks>Immutable.</remarks>
public sealed class RepairReport
{
    internal RepairReport() { }

    /// <summary>Whether nothing was wrong, so that nothing was changed.</summary>
    public bool WasHealthy { get; internal init; }

    /// <summary>Whether this is only a plan.</summary>
    public bool IsDryRun { get; internal init; }

    /// <summary>Every damage that was met, at most the first 1,000.</summary>
    public IReadOnlyList<CorruptionException> Damages { get; internal init; } = [];

    /// <summary>Every file that was looked at, tables first.</summary>
    public IReadOnlyList<RepairedFile> Files { get; internal init; } = [];

    /// <summary>The keyspaces of the repaired store.</summary>
    public IReadOnlyList<string> Keyspaces { get; internal init; } = [];

    /// <summary>Entries of the tables that are in use again, before replaced versions were
    /// dropped.</summary>
    public long EntriesSaved { get; internal init; }

    /// <summary>Entries of the tables that are not, as far as it is known.</summary>
    public long EntriesLost { get; internal init; }

    /// <summary>Commits of the logs that went into new tables.</summary>
    public long CommitsReplayed { get; internal init; }

    /// <summary>Bytes of the logs that do not verify and were passed over.</summary>
    public long LogBytesDropped { get; internal init; }

    /// <summary>Keys whose value may be an old one: two tables hold it, and without the MANIFEST
    /// nothing says whether the older file had been compacted away.</summary>
    public long DoubtfulKeys { get; internal init; }

    /// <summary>The last sequence of the repaired store.</summary>
    public long LastSequence { get; internal init; }
}
