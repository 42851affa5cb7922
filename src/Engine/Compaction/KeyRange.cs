// The hull of some tables' user keys, both ends inclusive. Immutable; it borrows the key arrays
// of the tables it was made from, which never change.

using System.Diagnostics;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Compaction;

internal readonly struct KeyRange
{
    private KeyRange(byte[] smallest, byte[] largest)
    {
        Debug.Assert(smallest.AsSpan().SequenceCompareTo(largest) <= 0, "a hull is not empty");
        Smallest = smallest;
        Largest = largest;
    }

    public byte[] Smallest { get; }

    public byte[] Largest { get; }

    public static KeyRange Of(Table table) =>
        new(table.Info.SmallestKey, table.Info.LargestKey);

    public static KeyRange Of(IReadOnlyList<(int Level, Table Table)> inputs)
    {
        Debug.Assert(inputs.Count > 0, "nothing has no hull");
        KeyRange range = Of(inputs[0].Table);
        for (int i = 1; i < inputs.Count; i++)
            range = range.With(inputs[i].Table);
        return range;
    }

    public KeyRange With(Table table) => With(Of(table));

    public KeyRange With(KeyRange other) => new(
        Smallest.AsSpan().SequenceCompareTo(other.Smallest) <= 0 ? Smallest : other.Smallest,
        Largest.AsSpan().SequenceCompareTo(other.Largest) >= 0 ? Largest : other.Largest);

    public bool Overlaps(Table table) => table.Info.Overlaps(Smallest, Largest);

    public bool Overlaps(KeyRange other) =>
        Smallest.AsSpan().SequenceCompareTo(other.Largest) <= 0
        && Largest.AsSpan().SequenceCompareTo(other.Smallest) >= 0;

    /// <summary>Whether any table of the level meets the hull.</summary>
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
