// A range of user keys: of one table, or the hull of several. The smallest key is in it; the
// largest one too, unless a range tombstone ends there. Immutable; it borrows the key arrays of
// the tables it was made from, which never change.

using System.Diagnostics;

namespace LsmMmap.Engine.Versions;

internal readonly struct KeyRange
{
    public KeyRange(byte[] smallest, byte[] largest, bool isLargestExcluded)
    {
        Debug.Assert(
            smallest.AsSpan().SequenceCompareTo(largest) <= (isLargestExcluded ? -1 : 0),
            "a range is not empty");
        Smallest = smallest;
        Largest = largest;
        IsLargestExcluded = isLargestExcluded;
    }

    public byte[] Smallest { get; }

    public byte[] Largest { get; }

    /// <summary>Whether the range ends before its largest key.</summary>
    public bool IsLargestExcluded { get; }

    public static KeyRange Of(Table table) => table.Info.Keys;

    public static KeyRange Of(IReadOnlyList<(int Level, Table Table)> inputs)
    {
        Debug.Assert(inputs.Count > 0, "nothing has no hull");
        KeyRange range = Of(inputs[0].Table);
        for (int i = 1; i < inputs.Count; i++)
            range = range.With(inputs[i].Table);
        return range;
    }

    public KeyRange With(Table table) => With(Of(table));

    public KeyRange With(KeyRange other)
    {
        byte[] smallest = Smallest.AsSpan().SequenceCompareTo(other.Smallest) <= 0
            ? Smallest : other.Smallest;
        return CompareEnd(other) >= 0
            ? new KeyRange(smallest, Largest, IsLargestExcluded)
            : new KeyRange(smallest, other.Largest, other.IsLargestExcluded);
    }

    /// <summary>The order of the ends: below zero when this range ends first.</summary>
    public int CompareEnd(KeyRange other)
    {
        int order = Largest.AsSpan().SequenceCompareTo(other.Largest);
        return order != 0 ? order : other.IsLargestExcluded.CompareTo(IsLargestExcluded);
    }

    /// <summary>Whether the range has no key at or behind this one.</summary>
    public bool EndsBefore(ReadOnlySpan<byte> key) =>
        Largest.AsSpan().SequenceCompareTo(key) < (IsLargestExcluded ? 1 : 0);

    public bool Contains(ReadOnlySpan<byte> key) =>
        key.SequenceCompareTo(Smallest) >= 0 && !EndsBefore(key);

    public bool Overlaps(Table table) => Overlaps(table.Info.Keys);

    public bool Overlaps(KeyRange other) =>
        !EndsBefore(other.Smallest) && !other.EndsBefore(Smallest);

    /// <summary>Whether any table of the level meets the range.</summary>
    public bool OverlapsLevel(TreeVersion version, int level)
    {
        ReadOnlySpan<Table> tables = version.Tables(level);
        if (level > 0)
        {
            int at = version.FindTable(level, Smallest);
            return at < tables.Length && Overlaps(tables[at]);
        }
        foreach (Table table in tables)
        {
            if (Overlaps(table))
                return true;
        }
        return false;
    }
}
