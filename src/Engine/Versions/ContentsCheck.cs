// Whether the sum of a manifest's edits is a store that can be opened. Each edit carried a right
// checksum and fitted the ones before; this is the gate between that and code which takes the
// shape of a store for granted: numbers in range, a default keyspace, levels without overlaps.
// Threads: pure functions.

using LsmMmap.Engine.Files;
using LsmMmap.Sstable.Format;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Versions;

internal static class ContentsCheck
{
    private const long NumberMax = FileNames.NumberMax;

    /// <summary>Likewise: half of the range is left for commits to come.</summary>
    private const ulong SequenceMax = EntryTag.SequenceMax / 2;

    /// <summary>Null when the sum is a store, else what is wrong with it.</summary>
    public static string? FindProblem(ManifestContents contents)
    {
        StoreNumbers numbers = contents.Numbers;
        if (numbers.NextFileNumber is < 1 or > NumberMax || numbers.OldestLog > NumberMax
            || numbers.LastSequence > SequenceMax
            || numbers.NextKeyspaceId == int.MaxValue)
            return "the numbers of the store are out of range";
        if (contents.Clean is { LogNumber: < 1 or > NumberMax })
            return "the mark of a clean close names no log";
        if (!contents.Keyspaces.ContainsKey(0))
            return "there is no default keyspace";
        var names = new HashSet<string>(StringComparer.Ordinal);
        var tables = new HashSet<long>();
        foreach ((int id, KeyspaceContents keyspace) in contents.Keyspaces)
        {
            KeyspaceRecord record = keyspace.Record;
            if (id >= numbers.NextKeyspaceId || record.FlushedSequence > SequenceMax)
                return $"keyspace {id} carries a number that was never given out";
            if (!KeyspaceName.IsValid(record.Name) || !names.Add(record.Name))
                return $"keyspace {id} has no name of its own";
            string? problem = FindProblem(keyspace, tables);
            if (problem != null)
                return problem;
        }
        return contents.CheckLevels();
    }

    private static string? FindProblem(KeyspaceContents keyspace, HashSet<long> numbers)
    {
        foreach ((_, TableInfo table) in keyspace.Tables.Values)
        {
            if (table.Number is < 1 or > NumberMax || !numbers.Add(table.Number))
                return $"table {table.Number} has a number that is not its own";
            if (!IsPossible(table))
                return $"table {table.Number} is described as no table can be";
        }
        return null;
    }

    private static bool IsPossible(TableInfo table) =>
        table.FileBytes is > Footer.Bytes and <= NumberMax
        && table.SmallestSequence <= table.LargestSequence
        && table.LargestSequence <= SequenceMax
        && table.EntryCount > 0 && table.DeleteCount <= table.EntryCount
        && table.Expiring.Count <= table.EntryCount - table.DeleteCount
        && table.SmallestKey.Length <= InternalKey.UserKeyBytesMax
        && RangeTombstones.Stated(table.LargestKey).Length <= InternalKey.UserKeyBytesMax
        && table.HasPossibleEnds;
}
