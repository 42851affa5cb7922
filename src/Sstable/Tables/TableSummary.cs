// What a builder reports about the table it finished; the manifest keeps most of it.

using LsmMmap.Sstable.Keys;

namespace LsmMmap.Sstable.Tables;

internal sealed record TableSummary
{
    public required ulong TableId { get; init; }

    /// <summary>Length of the file.</summary>
    public required long FileBytes { get; init; }

    /// <summary>XxHash3-64 of all bytes of the file, without a seed.</summary>
    public required ulong FileChecksum { get; init; }

    public required long EntryCount { get; init; }
    public required long DeleteCount { get; init; }

    /// <summary>User key of the first entry or range tombstone.</summary>
    public required byte[] SmallestKey { get; init; }

    /// <summary>User key of the last entry, or the end of the last range tombstone.</summary>
    public required byte[] LargestKey { get; init; }

    /// <summary>Whether that end counts, which is not in the table itself.</summary>
    public required bool IsLargestExcluded { get; init; }

    /// <summary>Range tombstones, each counted in every fragment.</summary>
    public required long RangeDeleteCount { get; init; }

    /// <summary>The entries that expire.</summary>
    public required ExpiringEntries Expiring { get; init; }

    public required ulong SmallestSequence { get; init; }
    public required ulong LargestSequence { get; init; }

    /// <summary>Sum of user key lengths.</summary>
    public required long RawKeyBytes { get; init; }

    /// <summary>Sum of value lengths.</summary>
    public required long RawValueBytes { get; init; }
}
