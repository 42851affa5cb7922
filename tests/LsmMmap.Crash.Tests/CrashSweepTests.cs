// Every cut of the small workloads under every policy; a part of the crashes of large random ones;
// and recoveries that are cut, twice over. How much is made follows from
//   LSM_CRASH_SEEDS   random disks for each cut of the small ones; 2 when unset
//   LSM_CRASH_RUNS    large random runs, each of a seed of its own; 8 when unset
//   LSM_SEED          where all of it begins

using LsmMmap.Testing;
using LsmMmap.Testing.Crash;
using Xunit.Abstractions;

namespace LsmMmap.Crash.Tests;

public sealed class CrashSweepTests(ITestOutputHelper output) : CrashTest
{
    private static int RandomImages => (int)Seeds.Number("LSM_CRASH_SEEDS", 2);

    private static int RandomRuns => (int)Seeds.Number("LSM_CRASH_RUNS", 8);

    public static TheoryData<string> Names => [.. Workloads.All.Select(static w => w.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Workload_CutAnywhere_KeepsAPrefixWithAllThatWasPromised(string name)
    {
        var sweep = new CrashSweep(Record(Workloads.Named(name)), Root)
        {
            RandomImages = RandomImages,
        };
        Judge(sweep.Run());
    }

    // Two levels: the recovery is cut, and the recovery of what that leaves is cut again.
    [Theory]
    [MemberData(nameof(Names))]
    public void Recovery_CutAndCutAgain_KeepsTheSamePromises(string name)
    {
        var sweep = new CrashSweep(Record(Workloads.Named(name)), Root)
        {
            RandomImages = 1,
            TakeEvery = 7,
            Nested = new NestedSweep(
                Math.Max(1, 70 / RandomImages), TakeEvery: 9, new NestedSweep(40, TakeEvery: 9)),
        };
        Judge(sweep.Run());
    }

    [Fact]
    public void RandomRun_CutAnywhereAndContinued_KeepsAPrefixWithAllThatWasPromised()
    {
        for (int i = 0; i < RandomRuns; i++)
            SweepRandom(Seeds.Base + i);
    }

    /// <summary>What the last crash left is the disk on which the next run begins.</summary>
    private void SweepRandom(int seed)
    {
        (DiskModel Disk, StoreContent Content)? last = null;
        for (int generation = 0; generation < 2; generation++)
        {
            CrashRecord record = Record(
                Workloads.Named("random:" + (seed + 100_000 * generation)),
                start: last?.Disk, content: last?.Content);
            var sweep = new CrashSweep(record, Root)
            {
                RandomImages = 4,
                TakeEvery = 61,
                Nested = new NestedSweep(Every: 40, TakeEvery: 9),
            };
            Judge(sweep.Run());
            last = sweep.LastState;
        }
    }

    private void Judge(CrashSweep sweep)
    {
        output.WriteLine(
            $"{sweep.Operations} operations, {sweep.Cuts} cuts, {sweep.States} states " +
            $"({string.Join(", ", sweep.NestedStates)} of recoveries by depth)");
        sweep.AssertNone();
    }
}
