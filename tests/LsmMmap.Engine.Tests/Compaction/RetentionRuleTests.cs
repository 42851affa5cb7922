// The retention rule against brute force: over random trees and random merges of neighbouring
// runs every reader sees the same before and after, and nothing is kept that no reader needs.
// LSM_SEED repeats one seed.

using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Versions;
using LsmMmap.Sstable.Keys;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests.Compaction;

public sealed class RetentionRuleTests
{
    private static readonly KeyspaceOptions s_options = new()
    {
        MemtableBytes = 2_000,
        TableBytes = 1_000,
        CompressionPerLevel = [Compression.None],
    };

    [Fact]
    public void Keep_RandomTreesAndMerges_ReadersSeeTheSameAndNothingElseStays()
    {
        string? one = Environment.GetEnvironmentVariable("LSM_SEED");
        (int first, int count) = one == null ? (1, 2_000) : (int.Parse(one), 1);
        int zeroed = 0;
        int buried = 0;
        for (int seed = first; seed < first + count; seed++)
        {
            var random = new Random(seed);
            TreeModel model = RandomTree(random);
            model.Check($"LSM_SEED={seed} before");
            CompactionPlan? plan = RandomPlan(random, model.Version);
            if (plan == null)
                continue;
            ulong[] snapshots = model.SnapshotArray();
            List<Entry> inputs = [.. plan.Inputs.SelectMany(i => model.EntriesOf(i.Table))];
            List<Entry> kept = [.. model.Merge(plan, snapshots, 1_000).SelectMany(e => e)];
            List<Entry> expected = BruteForce(model, plan, inputs, snapshots);
            Assert.True(
                expected.SequenceEqual(kept), $"LSM_SEED={seed} {plan.TopLevel} to " +
                $"{plan.OutputLevel}: kept {string.Join(' ', kept)}, " +
                $"not {string.Join(' ', expected)}");
            model.Apply(plan, snapshots, 1_000);
            model.Check($"LSM_SEED={seed} after {plan.TopLevel} to {plan.OutputLevel}");
            zeroed += kept.Count(e => e.Tag == EntryTag.PlainPut);
            buried += inputs.Count(e => !e.IsPut) - kept.Count(e => !e.IsPut);
        }
        Assert.True(one != null || (zeroed > 1_000 && buried > 1_000), $"{zeroed}, {buried}");
    }

    [Fact]
    public void Keep_FlushWithoutSnapshots_KeepsNewestOnly()
    {
        var rule = new RetentionRule([], null);
        Assert.True(Keeps(rule, "a", 9, ValueKind.Put, 9));
        Assert.False(Keeps(rule, "a", 7, ValueKind.Put));
        Assert.True(Keeps(rule, "b", 8, ValueKind.Delete, 8));
        Assert.False(Keeps(rule, "b", 2, ValueKind.Put));
    }

    [Fact]
    public void Keep_SnapshotAtAVersion_SeesThatVersion()
    {
        var rule = new RetentionRule([5], null);
        Assert.True(Keeps(rule, "a", 6, ValueKind.Put, 6));
        Assert.True(Keeps(rule, "a", 5, ValueKind.Put, 5));
        Assert.False(Keeps(rule, "a", 4, ValueKind.Put));
        Assert.True(Keeps(rule, "b", 4, ValueKind.Put, 4));
    }

    [Fact]
    public void Keep_TombstoneOverSnapshot_HidesWhatTheSnapshotSees()
    {
        var model = new TreeModel(4);
        Entry old = model.Write(1, true);
        model.Snapshots.Add(model.LastSequence);
        Entry dead = model.Write(1, false);
        model.Install([], [(0, model.NewTable([dead, old]))]);
        CompactionPlan plan = PlanOfAll(model.Version, 6);
        Assert.True(plan.IsBottom);
        var rule = new RetentionRule(model.SnapshotArray(), plan);
        Assert.True(rule.Keep(model.Keys[1], dead.Tag, out ulong tag));
        Assert.Equal(dead.Tag, tag);
        Assert.True(rule.Keep(model.Keys[1], old.Tag, out tag));
        Assert.Equal(EntryTag.PlainPut, tag);
    }

    [Fact]
    public void Keep_OlderVersionBelow_TombstoneAndSequenceStay()
    {
        var model = new TreeModel(20);
        Entry deep = model.Write(5, true);
        Entry dead = model.Write(5, false);
        Entry put = model.Write(6, true);
        Entry gone = model.Write(7, false);
        model.Install([], [(6, model.NewTable([deep])), (3, model.NewTable([dead, put, gone]))]);
        Table upper = model.Version.Tables(3)[0];
        var plan = CompactionPlan.Of(
            model.Version, s_options, CompactionReason.LevelSize, "test", 4, [(3, upper)]);
        Assert.False(plan.IsBottom);
        Assert.True(plan.MayHoldOlder(model.Keys[5]));
        Assert.False(plan.MayHoldOlder(model.Keys[6]));
        Entry[] kept = [.. model.Merge(plan, [], 1_000).SelectMany(e => e)];
        Assert.Equal([dead, put with { Tag = EntryTag.PlainPut }], kept);
    }

    [Fact]
    public void Keep_UnknownKind_ThrowsRatherThanGuess()
    {
        var rule = new RetentionRule([], null);
        ulong tag = EntryTag.Pack(3, ValueKind.RangeDelete);
        var thrown = Assert.Throws<LsmException>(() => rule.Keep("a"u8, tag, out _));
        Assert.Contains("kind 3", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void KeepAndCut_ManyEntries_AllocateNothing()
    {
        var model = new TreeModel(300);
        Entry[] entries =
        [
            .. Enumerable.Range(0, 300).Select(key => model.Write(key, key % 3 > 0)),
        ];
        Entry[] deep = [.. Enumerable.Range(0, 300).Select(key => model.Write(key, true))];
        List<(int, Table)> below = [.. deep.Chunk(10).Select(c => (6, model.NewTable(c)))];
        model.Install([], [(0, model.NewTable(entries)), .. below]);
        var plan = CompactionPlan.Of(
            model.Version, s_options, CompactionReason.Level0Count, "test", 5,
            [(0, model.Version.Tables(0)[0])]);
        Assert.Equal(0, Allocated.FewestBytesOfMade(() =>
        {
            var rule = new RetentionRule([3, 8, 200], plan);
            var splitter = new OutputSplitter(plan, 1_000);
            return () =>
            {
                foreach (Entry entry in entries)
                {
                    if (rule.Keep(model.Keys[entry.Key], entry.Tag, out _))
                        splitter.ShouldCutBefore(model.Keys[entry.Key], 50);
                }
            };
        }));
    }

    private static bool Keeps(
        RetentionRule rule, string key, ulong sequence, ValueKind kind, ulong expected = 0)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(key);
        bool keeps = rule.Keep(bytes, EntryTag.Pack(sequence, kind), out ulong tag);
        Assert.True(!keeps || tag == EntryTag.Pack(expected, kind), $"{key} became {tag:X}");
        return keeps;
    }

    // What must stay, said in the other direction: an entry stays when some reader sees it, as
    // long as it tells that reader something.
    private static List<Entry> BruteForce(
        TreeModel model, CompactionPlan plan, List<Entry> inputs, ulong[] snapshots)
    {
        var taken = plan.Inputs.Select(i => i.Table).ToHashSet();
        ulong oldest = snapshots.Length > 0 ? snapshots[0] : ulong.MaxValue;
        var kept = new List<Entry>();
        foreach (IGrouping<int, Entry> versions in
            TreeModel.InOrder(inputs).GroupBy(e => e.Key))
        {
            byte[] key = model.Keys[versions.Key];
            bool mayBeOlder = IsCoveredBelow(model.Version, plan, taken, key);
            HashSet<Entry> seen = [];
            foreach (ulong reader in (ulong[])[.. snapshots, ulong.MaxValue])
                seen.Add(versions.FirstOrDefault(e => e.Tag >> 8 <= reader));
            foreach (Entry entry in versions.Where(seen.Contains))
            {
                bool isLowest = entry.Tag >> 8 <= oldest && !mayBeOlder;
                if (!isLowest)
                    kept.Add(entry);
                else if (entry.IsPut)
                    kept.Add(plan.OutputLevel > 0 ? entry with { Tag = 1 } : entry);
            }
        }
        return kept;
    }

    private static bool IsCoveredBelow(
        TreeVersion version, CompactionPlan plan, HashSet<Table> taken, byte[] key)
    {
        // In reading order everything after the first input is older or shares no key with it.
        List<Table> all = [.. version.AllTables()];
        int first = all.FindIndex(taken.Contains);
        int top = plan.TopLevel == 0
            ? first : all.Count - Enumerable.Range(plan.TopLevel, 7 - plan.TopLevel)
                .Sum(level => version.Tables(level).Length);
        return all.Skip(top).Any(t => !taken.Contains(t) && t.Info.Keys.Contains(key));
    }

    // Oldest data deepest: levels 6 to 1, some empty, then tables of level 0.
    private static TreeModel RandomTree(Random random)
    {
        var model = new TreeModel(12 + random.Next(30));
        for (int level = 6; level >= -random.Next(1, 6); level--)
        {
            if (random.Next(3) == 0)
                continue;
            var entries = new List<Entry>();
            for (int i = random.Next(1, 25); i > 0; i--)
            {
                entries.Add(model.Write(random.Next(model.Keys.Length), random.Next(3) > 0));
                if (random.Next(20) == 0)
                    model.Snapshots.Add(model.LastSequence);
            }
            List<Entry> sorted = [.. TreeModel.InOrder(entries)];
            if (level <= 0)
            {
                model.Install([], [(0, model.NewTable(sorted))]);
                continue;
            }
            // Cut between user keys.
            List<Entry>[] parts = [.. sorted.GroupBy(e => e.Key).Chunk(random.Next(1, 6))
                .Select(chunk => chunk.SelectMany(versions => versions).ToList())];
            model.Install([], [.. parts.Select(part => (level, model.NewTable(part)))]);
        }
        if (random.Next(3) == 0)
            model.Snapshots.Clear();
        return model;
    }

    // Neighbouring runs into any place that keeps the order, or a table and what it overlaps.
    private static CompactionPlan? RandomPlan(Random random, TreeVersion version)
    {
        List<(int Level, Table[] Tables)> runs = [];
        foreach (Table table in version.Tables(0))
            runs.Add((0, [table]));
        for (int level = 1; level < TreeVersion.LevelCount; level++)
        {
            if (!version.Tables(level).IsEmpty)
                runs.Add((level, version.Tables(level).ToArray()));
        }
        if (runs.Count == 0)
            return null;
        int first = random.Next(runs.Count);
        int end = random.Next(first + 1, runs.Count + 1);
        int deepest = runs[end - 1].Level;
        int limit = end == runs.Count ? 6 : Math.Max(0, runs[end].Level - 1);
        int output = random.Next(deepest, limit + 1);
        List<(int Level, Table Table)> inputs = [.. runs[first..end]
            .SelectMany(run => run.Tables.Select(table => (run.Level, table)))];
        if (runs[first].Level > 0 && runs[first].Level < 6 && random.Next(2) == 0)
        {
            // One table of a sorted level, into the next one.
            output = runs[first].Level + 1;
            Table[] tables = runs[first].Tables;
            inputs = [(runs[first].Level, tables[random.Next(tables.Length)])];
            LeveledPicker.AddOverlapping(version, inputs, output);
        }
        return CompactionPlan.Of(
            version, s_options, CompactionReason.LevelSize, "test", output, inputs);
    }

    private static CompactionPlan PlanOfAll(TreeVersion version, int output) =>
        CompactionPlan.Of(
            version, s_options, CompactionReason.LevelSize, "test", output,
            [.. Enumerable.Range(0, 7).SelectMany(level => version.Tables(level).ToArray()
                .Select(table => (level, table)))]);
}
