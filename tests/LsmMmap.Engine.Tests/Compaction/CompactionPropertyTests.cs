// Random lives of a tree. LSM_SEED repeats one.

using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Tests.Compaction;

public sealed class CompactionPropertyTests
{
    private const int SeedsPerTest = 200;
    private const int SeedsPerDeepTest = 6;

    [Theory]
    [InlineData(CompactionStyle.Leveled)]
    [InlineData(CompactionStyle.Tiered)]
    public void Compaction_RandomSteps_ReadersSeeTheSame(CompactionStyle style)
    {
        foreach (int seed in Seeds())
        {
            var simulator = new CompactionSimulator(seed, style, 300);
            for (int i = 0; i < 250; i++)
                simulator.Step();
            simulator.Settle();
        }
    }

    [Theory]
    [InlineData(CompactionStyle.Leveled)]
    [InlineData(CompactionStyle.Tiered)]
    public void Compaction_SeveralAtOnce_ReadersSeeTheSame(CompactionStyle style)
    {
        // Tiered, more has to come together before anything is due.
        int steps = style == CompactionStyle.Tiered ? 1_000 : 250;
        int besideOthers = 0;
        foreach (int seed in Seeds(SeedsPerDeepTest))
        {
            var simulator = CompactionSimulator.Deep(seed, style);
            for (int i = 0; i < steps; i++)
                simulator.Step();
            simulator.Settle();
            besideOthers += simulator.BesideOthers;
        }
        bool isOne = Seeds().Count() == 1;
        Assert.True(besideOthers > 20 || isOne, $"{besideOthers} began while another ran");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Compaction_StyleChanges_ReadersSeeTheSame(bool isDeep)
    {
        foreach (int seed in Seeds(isDeep ? SeedsPerDeepTest : SeedsPerTest))
        {
            CompactionSimulator simulator = isDeep
                ? CompactionSimulator.Deep(seed, CompactionStyle.Leveled)
                : new CompactionSimulator(seed, CompactionStyle.Leveled, 300);
            for (int i = 0; i < 300; i++)
            {
                if (i % 40 == 39)
                {
                    simulator.Options.Compaction = simulator.Random.Next(2) == 0
                        ? CompactionStyle.Leveled : CompactionStyle.Tiered;
                }
                simulator.Step();
            }
            simulator.Options.Compaction = CompactionStyle.Tiered;
            simulator.Settle();
            AssertTieredShape(simulator);
            simulator.Options.Compaction = CompactionStyle.Leveled;
            simulator.Settle();
            AssertLeveledShape(simulator);
        }
    }

    [Fact]
    public void Compaction_LeveledGrowth_LevelsKeepTheirTargetsAndSpaceIsBounded()
    {
        foreach (int seed in Seeds(4))
        {
            var simulator = new CompactionSimulator(seed, CompactionStyle.Leveled, 4_000);
            for (int i = 0; i < 700; i++)
            {
                simulator.WriteAndFlush(20);
                simulator.Model.Snapshots.Clear();
                if (i % 20 == 0)
                    simulator.Settle();
            }
            simulator.Settle();
            AssertLeveledShape(simulator);
            long bytes = simulator.Model.Version.TableBytes;
            long bytesMax = simulator.Model.LiveBytes() * 4 / 3 + 40_000;
            Assert.True(bytes <= bytesMax, $"{simulator.Context}: {bytes} of {bytesMax} bytes");
            Assert.True(
                LevelTargets.Of(simulator.Model.Version, simulator.Options).BaseLevel < 6,
                "the test is too small to see a second level");
        }
    }

    [Fact]
    public void Compaction_TieredGrowth_RunsAndSpaceAreBounded()
    {
        foreach (int seed in Seeds(4))
        {
            var simulator = new CompactionSimulator(seed, CompactionStyle.Tiered, 2_000);
            for (int i = 0; i < 500; i++)
            {
                simulator.WriteAndFlush(20);
                simulator.Model.Snapshots.Clear();
                simulator.Settle();
                AssertTieredShape(simulator);
            }
            long bytes = simulator.Model.Version.TableBytes;
            long bytesMax = simulator.Model.LiveBytes() * 4 + 40_000;
            Assert.True(bytes <= bytesMax, $"{simulator.Context}: {bytes} of {bytesMax} bytes");
        }
    }

    [Theory]
    [InlineData(CompactionStyle.Leveled)]
    [InlineData(CompactionStyle.Tiered)]
    public void Manual_WholeRangeWithoutSnapshots_LeavesOnlyBarePuts(CompactionStyle style)
    {
        foreach (int seed in Seeds())
        {
            var simulator = new CompactionSimulator(seed, style, 300);
            for (int i = 0; i < 120; i++)
                simulator.Step();
            simulator.Settle();
            simulator.Model.Snapshots.Clear();
            simulator.Compact([], [], false);
            TreeVersion version = simulator.Model.Version;
            Assert.Equal(version.TableCount, version.Tables(6).Length);
            Assert.True(
                version.AllTables().All(t => t.Info is { DeleteCount: 0, LargestSequence: 0 }),
                $"{simulator.Context}: something could still be dropped");
            Assert.Equal(simulator.Model.LiveBytes(), version.TableBytes);
        }
    }

    [Theory]
    [InlineData(CompactionStyle.Leveled, false)]
    [InlineData(CompactionStyle.Leveled, true)]
    [InlineData(CompactionStyle.Tiered, false)]
    [InlineData(CompactionStyle.Tiered, true)]
    public void Manual_AmongOtherWork_EndsAndReadersSeeTheSame(
        CompactionStyle style, bool isDeep)
    {
        foreach (int seed in Seeds(isDeep ? SeedsPerDeepTest : SeedsPerTest))
        {
            CompactionSimulator simulator = isDeep
                ? CompactionSimulator.Deep(seed, style)
                : new CompactionSimulator(seed, style, 300);
            for (int i = 0; i < 80; i++)
                simulator.Step();
            ulong mark = simulator.Model.LastSequence;
            simulator.Compact([], [], true);
            foreach (int level in Enumerable.Range(0, 6))
            {
                foreach (Table table in simulator.Model.Version.Tables(level))
                {
                    Assert.True(
                        simulator.Model.EntriesOf(table)
                            .All(e => e.Tag >> 8 == 0 || e.Tag >> 8 > mark),
                        $"{simulator.Context}: level {level} holds an entry from before");
                }
            }
            simulator.Settle();
        }
    }

    [Fact]
    public void Manual_PartOfTheKeys_CompactsThatPart()
    {
        foreach (int seed in Seeds())
        {
            var simulator = new CompactionSimulator(seed, CompactionStyle.Leveled, 300);
            for (int i = 0; i < 120; i++)
                simulator.Step();
            simulator.Settle();
            simulator.Model.Snapshots.Clear();
            int first = simulator.Random.Next(300);
            int end = simulator.Random.Next(first, 300);
            byte[] from = simulator.Model.Keys[first];
            byte[] to = simulator.Model.Keys[end];
            simulator.Compact(from, to, false);
            foreach (int level in Enumerable.Range(0, 7))
            {
                foreach (Table table in simulator.Model.Version.Tables(level))
                {
                    bool isBare = simulator.Model.EntriesOf(table)
                        .Where(e => e.Key >= first && e.Key < end)
                        .All(e => e.Tag == 1 && level == 6);
                    Assert.True(first == end || to.Length == 0 || isBare, simulator.Context);
                }
            }
        }
    }

    private static void AssertLeveledShape(CompactionSimulator simulator)
    {
        TreeVersion version = simulator.Model.Version;
        var targets = LevelTargets.Of(version, simulator.Options);
        Assert.True(version.Tables(0).Length < 4, $"{simulator.Context}: level 0 is full");
        for (int level = 1; level < 6; level++)
        {
            Assert.True(
                version.LevelBytes(level) <= targets.Target(level),
                $"{simulator.Context}: level {level} is above its target");
        }
    }

    private static void AssertTieredShape(CompactionSimulator simulator)
    {
        TreeVersion version = simulator.Model.Version;
        int levels = Enumerable.Range(1, 6).Count(level => !version.Tables(level).IsEmpty);
        int runs = version.Tables(0).Length + levels;
        Assert.True(
            runs < CompactionTuning.Default.RunTrigger, $"{simulator.Context}: {runs} runs");
        long oldestBytes = version.LevelBytes(version.DeepestLevel());
        Assert.True(
            version.DeepestLevel() == 0 || version.TableBytes <= 3 * oldestBytes,
            $"{simulator.Context}: the newer runs outweigh the oldest");
    }

    private static IEnumerable<int> Seeds(int count = SeedsPerTest) =>
        Environment.GetEnvironmentVariable("LSM_SEED") is { Length: > 0 } text
            ? [int.Parse(text)]
            : Enumerable.Range(1, count);
}
