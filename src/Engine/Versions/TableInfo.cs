// What the MANIFEST knows of one table. Immutable.

using LsmMmap.Sstable.Tables;

namespace LsmMmap.Engine.Versions;

internal sealed record TableInfo
{
    public required long Number { get; init; }

    /// <summary>The random id that the table's checksums are bound to.</summary>
    public required ulong TableId { get; init; }

    public required long FileBytes { get; init; }

    public required ulong FileChecksum { get; init; }

    /// <summary>Smallest user key, inclusive.</summary>
    public required byte[] SmallestKey { get; init; }

    /// <summary>Largest user key, inclusive.</summary>
    public required byte[] LargestKey { get; init; }

    public required ulong SmallestSequence { get; init; }

    public required ulong LargestSequence { get; init; }

    public required long EntryCount { get; init; }

    public required long DeleteCount { get; init; }

    /// <summary>When the newest entry was flushed, in milliseconds of Unix time; 0 when nobody
    /// noted it (an older version, or a repair without the MANIFEST). Compactions hand it on.
    /// </summary>
    public long WrittenAtMs { get; init; }

    public static TableInfo Of(long number, TableSummary summary) => new()
    {
        Number = number,
        TableId = summary.TableId,
        FileBytes = summary.FileBytes,
        FileChecksum = summary.FileChecksum,
        SmallestKey = summary.SmallestKey,
        LargestKey = summary.LargestKey,
        SmallestSequence = summary.SmallestSequence,
        LargestSequence = summary.LargestSequence,
        EntryCount = summary.EntryCount,
        DeleteCount = summary.DeleteCount,
    };

    /// <summary>Whether [from, to], both inclusive, meets the table's keys.</summary>
    public bool Overlaps(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to) =>
        from.SequenceCompareTo(LargestKey) <= 0 && to.SequenceCompareTo(SmallestKey) >= 0;
}
