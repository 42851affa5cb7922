// What the MANIFEST knows of one table. Immutable.

using LsmMmap.Sstable.Keys;
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

    /// <summary>Largest user key; RangeTombstones.End for a table without end.</summary>
    public required byte[] LargestKey { get; init; }

    /// <summary>Whether the table ends before its largest key, as a range tombstone does.
    /// </summary>
    public bool IsLargestExcluded { get; init; }

    public required ulong SmallestSequence { get; init; }

    public required ulong LargestSequence { get; init; }

    public required long EntryCount { get; init; }

    public required long DeleteCount { get; init; }

    /// <summary>Range tombstones, each counted in every fragment.</summary>
    public long RangeDeleteCount { get; init; }

    /// <summary>Which part of what it holds are tombstones, those of ranges counted too.
    /// </summary>
    public double DeleteShare => EntryCount + RangeDeleteCount == 0 ? 0
        : (double)TombstoneCount / (EntryCount + RangeDeleteCount);

    /// <summary>Tombstones of keys and of ranges.</summary>
    public long TombstoneCount => DeleteCount + RangeDeleteCount;

    /// <summary>The entries that expire.</summary>
    public ExpiringEntries Expiring { get; init; }

    /// <summary>From when on every entry is over or a tombstone, in milliseconds of Unix time;
    /// long max when some never are, or when none expires.</summary>
    public long WholeOverAtMs => !Expiring.IsEmpty && Expiring.Count + DeleteCount == EntryCount
        ? Expiring.LastMs : long.MaxValue;

    /// <summary>From when on more than half of the entries are over, an estimate; long max when
    /// they never are.</summary>
    public long HalfOverAtMs => Expiring.OverFrom(EntryCount / 2 + 1);

    /// <summary>The keys that its entries and range tombstones lie in.</summary>
    public KeyRange Keys => new(SmallestKey, LargestKey, IsLargestExcluded);

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
        IsLargestExcluded = summary.IsLargestExcluded,
        SmallestSequence = summary.SmallestSequence,
        LargestSequence = summary.LargestSequence,
        EntryCount = summary.EntryCount,
        DeleteCount = summary.DeleteCount,
        RangeDeleteCount = summary.RangeDeleteCount,
        Expiring = summary.Expiring,
    };

    /// <summary>Whether it begins before it ends. What was read from a file is asked first.
    /// </summary>
    public bool HasPossibleEnds => SmallestKey.AsSpan().SequenceCompareTo(LargestKey)
        <= (IsLargestExcluded ? -1 : 0);
}
