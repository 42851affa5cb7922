// A store without files, for the pure rules of compaction: tables are lists of entries beside
// their TableInfo, and a history of all writes says what every reader must see.
//
// Keys are numbers that stand for byte strings of the same order; among these are the empty key
// and keys that begin others. Every entry counts 100 bytes.
// Threads: one.

using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Tests.Compaction;

internal readonly record struct Entry(int Key, ulong Tag, int Value)
{
    public bool IsPut => EntryTag.Kind(Tag) == ValueKind.Put;
}

internal sealed class TreeModel
{
    public const int EntryBytes = 100;

    private readonly Dictionary<Table, Entry[]> _entries = [];
    private readonly List<Entry>[] _history; // by key, oldest first

    private long _lastNumber;

    public TreeModel(int keyCount)
    {
        Keys = MakeKeys(keyCount);
        _history = [.. Keys.Select(_ => new List<Entry>())];
    }

    public byte[][] Keys { get; }

    public TreeVersion Version { get; set; } = TreeVersion.Empty();

    public ulong LastSequence { get; private set; }

    public List<ulong> Snapshots { get; } = [];

    public ulong[] SnapshotArray() => [.. Snapshots.Distinct().Order()];

    public Entry[] EntriesOf(Table table) => _entries[table];

    public Entry Write(int key, bool isPut)
    {
        ulong tag = EntryTag.Pack(++LastSequence, isPut ? ValueKind.Put : ValueKind.Delete);
        var entry = new Entry(key, tag, (int)LastSequence);
        _history[key].Add(entry);
        return entry;
    }

    public static IEnumerable<Entry> InOrder(IEnumerable<Entry> entries) =>
        entries.OrderBy(e => e.Key).ThenByDescending(e => e.Tag);

    public Table NewTable(IReadOnlyList<Entry> entries)
    {
        Assert.NotEmpty(entries);
        var info = new TableInfo
        {
            Number = ++_lastNumber,
            TableId = (ulong)_lastNumber,
            FileBytes = entries.Count * EntryBytes,
            FileChecksum = 0,
            SmallestKey = Keys[entries[0].Key],
            LargestKey = Keys[entries[^1].Key],
            SmallestSequence = entries.Min(e => EntryTag.Sequence(e.Tag)),
            LargestSequence = entries.Max(e => EntryTag.Sequence(e.Tag)),
            EntryCount = entries.Count,
            DeleteCount = entries.Count(e => !e.IsPut),
        };
        var table = new Table(null!, info);
        _entries.Add(table, [.. entries]);
        return table;
    }

    /// <summary>What a flush does.</summary>
    public void Flush(IEnumerable<Entry> memtable)
    {
        var rule = new RetentionRule(SnapshotArray(), null);
        var kept = new List<Entry>();
        foreach (Entry entry in InOrder(memtable))
        {
            if (rule.Keep(Keys[entry.Key], entry.Tag, out ulong tag))
                kept.Add(entry with { Tag = tag });
        }
        if (kept.Count > 0)
            Install([], [(0, NewTable(kept))]);
    }

    /// <summary>The entries that a compaction leaves, one list for each output table.</summary>
    public List<List<Entry>> Merge(CompactionPlan plan, ulong[] snapshots, long tableBytes)
    {
        var rule = new RetentionRule(snapshots, plan);
        var splitter = new OutputSplitter(plan, tableBytes);
        var outputs = new List<List<Entry>>();
        foreach (Entry entry in InOrder(plan.Inputs.SelectMany(i => _entries[i.Table])))
        {
            ReadOnlySpan<byte> key = Keys[entry.Key];
            if (!rule.Keep(key, entry.Tag, out ulong tag))
                continue;
            long bytes = outputs.Count == 0 ? 0 : outputs[^1].Count * EntryBytes;
            bool cuts = splitter.ShouldCutBefore(key, bytes);
            Assert.False(cuts && outputs.Count == 0, "nothing is cut before the first entry");
            if (cuts || outputs.Count == 0)
                outputs.Add([]);
            outputs[^1].Add(entry with { Tag = tag });
        }
        Assert.True(!plan.SingleOutput || outputs.Count <= 1, "a single output was cut");
        return outputs;
    }

    /// <summary>What the end of a compaction does.</summary>
    public void Apply(CompactionPlan plan, ulong[] snapshots, long tableBytes)
    {
        var removed = plan.Inputs.Select(i => i.Table).ToHashSet();
        List<(int Level, Table Table)> added = plan.IsTrivialMove
            ? [.. plan.Inputs.Select(i => (plan.OutputLevel, i.Table))]
            : [.. Merge(plan, snapshots, tableBytes)
                .Select(entries => (plan.OutputLevel, NewTable(entries)))];
        Install(removed, added);
    }

    public void Install(HashSet<Table> removed, List<(int Level, Table Table)> added) =>
        Version = Version.With(removed, added);

    /// <summary>The value that a reader at the sequence sees in the tables; 0 for none. Reads as
    /// the store does: from young to old, the first version it may see decides.</summary>
    public int Find(int key, ulong sequence)
    {
        foreach (Table table in Version.AllTables())
        {
            Entry[] entries = _entries[table];
            int at = Array.FindIndex(
                entries, e => e.Key == key && EntryTag.Sequence(e.Tag) <= sequence);
            if (at >= 0)
                return entries[at].IsPut ? entries[at].Value : 0;
        }
        return 0;
    }

    public int Expected(int key, ulong sequence)
    {
        Entry entry = _history[key].LastOrDefault(e => EntryTag.Sequence(e.Tag) <= sequence);
        return entry.Key == key && entry.Tag != 0 && entry.IsPut ? entry.Value : 0;
    }

    public long LiveBytes() => Enumerable.Range(0, Keys.Length)
        .Count(key => Expected(key, LastSequence) != 0) * (long)EntryBytes;

    /// <summary>Throws when a reader would see something wrong or the tree is out of order.
    /// </summary>
    public void Check(string context)
    {
        CheckShape(context);
        var versions = new List<Entry>[Keys.Length];
        foreach (Table table in Version.AllTables())
        {
            foreach (Entry entry in _entries[table])
                (versions[entry.Key] ??= []).Add(entry);
        }
        foreach (ulong sequence in (ulong[])[.. Snapshots, LastSequence])
        {
            for (int key = 0; key < Keys.Length; key++)
            {
                Entry seen = (versions[key] ?? [])
                    .FirstOrDefault(e => EntryTag.Sequence(e.Tag) <= sequence);
                int value = seen != default && seen.IsPut ? seen.Value : 0;
                int expected = Expected(key, sequence);
                if (value != expected)
                    Assert.Fail($"{context}: {key} at {sequence} is {value}, not {expected}");
            }
        }
        for (int key = 0; key < Keys.Length; key++)
        {
            List<Entry> list = versions[key] ?? [];
            for (int i = 1; i < list.Count; i++)
            {
                if (list[i - 1].Tag <= list[i].Tag)
                    Assert.Fail($"{context}: {key} has a newer version below an older one");
            }
        }
    }

    private void CheckShape(string context)
    {
        for (int level = 1; level < TreeVersion.LevelCount; level++)
        {
            ReadOnlySpan<Table> tables = Version.Tables(level);
            for (int i = 1; i < tables.Length; i++)
            {
                int order = tables[i - 1].Info.LargestKey.AsSpan()
                    .SequenceCompareTo(tables[i].Info.SmallestKey);
                Assert.True(order < 0, $"{context}: level {level} overlaps itself");
            }
        }
        foreach (Table table in Version.Tables(0))
        {
            Assert.True(
                table.Info.SmallestSequence > 0, $"{context}: level 0 lost a sequence");
        }
    }

    // All strings over a small alphabet in order: "", "0", "00", "000", "001", ...
    private static byte[][] MakeKeys(int count)
    {
        var keys = new List<byte[]> { Array.Empty<byte>() };
        for (int digits = 1; keys.Count < count; digits++)
        {
            int from = keys.FindIndex(key => key.Length == digits - 1);
            int end = keys.Count;
            for (int i = from; i < end; i++)
            {
                foreach (byte digit in (byte[])[0x00, 0x30, 0x7F, 0xFF])
                    keys.Add([.. keys[i], digit]);
            }
        }
        return [.. keys.Take(count).OrderBy(Convert.ToHexString, StringComparer.Ordinal)];
    }
}
