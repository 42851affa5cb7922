// The retention rule with range tombstones against brute force: whatever the versions, tombstones
// and snapshots, every reader sees the same of the inputs before and after, and where an older
// table may hold something, what hid it hides it still. LSM_SEED repeats one seed.

using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;

namespace LsmMmap.Engine.Tests.Compaction;

public sealed class RetentionRangesTests
{
    private const int KeysMax = 24;
    private const int OlderFrom = 8;
    private const int OlderTo = 13;

    private static readonly KeyspaceOptions s_options = new()
    {
        MemtableBytes = 2_000,
        TableBytes = 1_000,
        CompressionPerLevel = [Compression.None],
    };

    private enum Seen
    {
        /// <summary>The inputs say nothing: older tables decide.</summary>
        Nothing,
        Deleted,
        Value,
    }

    [Theory]
    [InlineData("flush")]
    [InlineData("bottom")]
    [InlineData("above older")]
    public void Keep_RandomTombstonesAndSnapshots_ReadersSeeTheSame(string place)
    {
        string? one = Environment.GetEnvironmentVariable("LSM_SEED");
        (int first, int count) = one == null ? (1, 1_500) : (int.Parse(one), 1);
        int dropped = 0;
        for (int seed = first; seed < first + count; seed++)
            dropped += RunOnce(new Random(seed), place, $"LSM_SEED={seed} {place}");
        Assert.True(one != null || dropped > 1_000, $"{dropped} entries were dropped");
    }

    private static int RunOnce(Random random, string place, string what)
    {
        var entries = new List<(int Key, ulong Tag)>();
        RangeTombstones ranges = RangeTombstones.None;
        var snapshots = new List<ulong>();
        ulong sequence = 1;
        for (int i = 5 + random.Next(60); i > 0; i--, sequence++)
        {
            int key = random.Next(KeysMax);
            if (random.Next(4) == 0)
                ranges = ranges.With(
                    Key(key), Key(key + 1 + random.Next(KeysMax - key)), sequence);
            else
                entries.Add((key, EntryTag.Pack(
                    sequence, random.Next(4) == 0 ? ValueKind.Delete : ValueKind.Put)));
            if (random.Next(12) == 0)
                snapshots.Add(sequence);
        }
        entries = [.. entries.OrderBy(e => e.Key).ThenByDescending(e => e.Tag)];
        bool hasOlder = place != "bottom";
        var rule = new RetentionRule([.. snapshots], Plan(place), ranges);
        var kept = new List<(int Key, ulong Tag, ulong Was)>();
        foreach ((int key, ulong tag) in entries)
        {
            if (rule.Keep(Key(key), tag, out ulong newTag))
                kept.Add((key, newTag, tag));
        }
        AssertMarks(rule.Ranges, kept, what);
        foreach (ulong reader in (ulong[])[.. snapshots, sequence])
        {
            for (int key = 0; key < KeysMax; key++)
            {
                bool mayBeOlder = place == "flush"
                    || (hasOlder && key is >= OlderFrom and <= OlderTo);
                var before = See(
                    entries.Where(e => e.Key == key).Select(e => (e.Tag, e.Tag)), ranges,
                    Key(key), reader, mayBeOlder);
                var after = See(
                    kept.Where(e => e.Key == key).Select(e => (e.Tag, e.Was)), rule.Ranges,
                    Key(key), reader, mayBeOlder);
                Assert.True(before == after, $"{what} key {key} at {reader}: {before}, {after}");
            }
        }
        return entries.Count - kept.Count;
    }

    // What a reader finds of a key, and which entry it is.
    private static (Seen Seen, ulong Was) See(
        IEnumerable<(ulong Tag, ulong Was)> versions, RangeTombstones ranges, byte[] key,
        ulong reader, bool mayBeOlder)
    {
        ulong over = ranges.Covering(key, reader);
        Seen absent = mayBeOlder ? Seen.Deleted : Seen.Nothing;
        foreach ((ulong tag, ulong was) in versions)
        {
            if (EntryTag.Sequence(tag) > reader)
                continue;
            bool isValue = EntryTag.Sequence(tag) >= over
                && EntryTag.Kind(tag) == ValueKind.Put;
            return isValue ? (Seen.Value, was) : (absent, 0);
        }
        return (over > 0 ? absent : Seen.Nothing, 0);
    }

    private static void AssertMarks(
        RangeTombstones ranges, List<(int Key, ulong Tag, ulong Was)> kept, string what)
    {
        foreach ((int key, ulong tag, _) in kept)
        {
            bool isTold = ranges.At(Key(key)) is not { HasNewer: false } over
                || EntryTag.Sequence(tag) <= over.Sequences[0];
            Assert.True(isTold, $"{what} key {key} is newer than its fragment says");
        }
    }

    private static CompactionPlan? Plan(string place)
    {
        if (place == "flush")
            return null;
        Table input = Table(1, 0, KeysMax);
        TreeVersion version = TreeVersion.Empty().With(
            new HashSet<Table>(), place == "bottom"
                ? [(1, input)] : [(1, input), (6, Table(2, OlderFrom, OlderTo))]);
        return CompactionPlan.Of(
            version, s_options, CompactionReason.LevelSize, "test", 2, [(1, input)]);
    }

    private static Table Table(long number, int from, int to) => new(null!, new TableInfo
    {
        Number = number,
        TableId = (ulong)number,
        FileBytes = 1_000,
        FileChecksum = 0,
        SmallestKey = Key(from),
        LargestKey = Key(to),
        SmallestSequence = 1,
        LargestSequence = 100,
        EntryCount = 10,
        DeleteCount = 1,
        RangeDeleteCount = 1,
    });

    private static byte[] Key(int number) => [(byte)number];
}
