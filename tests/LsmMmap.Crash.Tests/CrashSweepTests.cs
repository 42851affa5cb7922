// Every cut of the workload under every policy. LSM_CRASH_SEEDS says how many random disks there
// are for each cut; 3 when unset.

using LsmMmap.Testing;
using LsmMmap.Testing.Crash;
using Xunit.Abstractions;

namespace LsmMmap.Crash.Tests;

public sealed class CrashSweepTests(ITestOutputHelper output) : CrashTest
{
    private static int RandomImages => (int)Seeds.Number("LSM_CRASH_SEEDS", 3);

    [Fact]
    public void Workload_CutAnywhere_KeepsAPrefixWithAllThatWasPromised()
    {
        (WorkloadRun run, Guid bootId) = Record(Workloads.Full);
        DiskOperation[] operations = run.Recorder.Operations();
        var sweep = new CrashSweep(run.History, Root) { RandomImages = RandomImages };
        sweep.Run(run.Recorder.Start, operations, bootId);
        output.WriteLine($"{operations.Length} operations, {sweep.States} states");
        sweep.AssertNone();
    }

    [Fact]
    public void Recovery_CutAnywhere_KeepsTheSamePromises()
    {
        (WorkloadRun run, Guid bootId) = Record(Workloads.Full);
        var sweep = new CrashSweep(run.History, Root)
        {
            RandomImages = 1,
            NestedEvery = Math.Max(1, 60 / RandomImages),
        };
        sweep.Run(run.Recorder.Start, run.Recorder.Operations(), bootId);
        output.WriteLine($"{sweep.States} states");
        sweep.AssertNone();
    }
}
