// Sorted runs of simulated entries. An entry is the number of its key, times two, plus one for a
// tombstone; a run holds a key once. Of two runs the newer hides what both hold.

namespace LsmMmap.Simulator;

internal static class KeyMerge
{
    public static ulong Entry(int key, bool isDelete) => (ulong)key << 1 | (isDelete ? 1UL : 0);

    public static int Key(ulong entry) => (int)(entry >> 1);

    public static bool IsDelete(ulong entry) => (entry & 1) != 0;

    /// <summary>The run that a memtable is flushed as: of each key the last write.</summary>
    public static ulong[] OfWrites(List<ulong> writes)
    {
        const int PlaceBits = 24;
        var ordered = new ulong[writes.Count];
        for (int i = 0; i < ordered.Length; i++)
            ordered[i] = writes[i] >> 1 << PlaceBits | (uint)i;
        Array.Sort(ordered);
        int count = 0;
        for (int i = 0; i < ordered.Length; i++)
        {
            bool isLast = i + 1 == ordered.Length
                || ordered[i] >> PlaceBits != ordered[i + 1] >> PlaceBits;
            if (isLast)
                ordered[count++] = writes[(int)(ordered[i] & ((1 << PlaceBits) - 1))];
        }
        return ordered[..count];
    }

    /// <summary>Runs, newest first, as one.</summary>
    public static ulong[] Merge(ReadOnlySpan<ulong[]> runs)
    {
        if (runs.Length == 1)
            return runs[0];
        int half = runs.Length / 2;
        return Merge(Merge(runs[..half]), Merge(runs[half..]));
    }

    private static ulong[] Merge(ulong[] newer, ulong[] older)
    {
        var merged = new ulong[newer.Length + older.Length];
        int count = 0;
        int i = 0;
        int j = 0;
        while (i < newer.Length && j < older.Length)
        {
            ulong a = newer[i] >> 1;
            ulong b = older[j] >> 1;
            merged[count++] = a <= b ? newer[i] : older[j];
            i += a <= b ? 1 : 0;
            j += b <= a ? 1 : 0;
        }
        while (i < newer.Length)
            merged[count++] = newer[i++];
        while (j < older.Length)
            merged[count++] = older[j++];
        return count == merged.Length ? merged : merged[..count];
    }
}
