// The harness proves itself: a store that forgets one kind of sync must be caught by the sweep.

using LsmMmap.Testing.Crash;
using Xunit.Abstractions;

namespace LsmMmap.Crash.Tests;

public sealed class SeededBugTests(ITestOutputHelper output) : CrashTest
{
    [Theory]
    [InlineData("Log")]
    [InlineData("Table")]
    [InlineData("Manifest")]
    [InlineData("Current")]
    [InlineData("Directory")]
    [InlineData("DirectoryAfterLog")]
    [InlineData("DirectoryAfterTable")]
    [InlineData("DirectoryAfterCurrent")]
    public void Workload_WithoutOneKindOfSync_IsCaught(string skipped)
    {
        SkippedSync kind = Enum.Parse<SkippedSync>(skipped);
        (WorkloadRun run, Guid bootId) = Record(
            Workloads.Full, files => new(new SkippingFileSystem(files.Files, kind)));
        var sweep = new CrashSweep(run.History, Root)
        {
            RandomImages = 0,
            TwiceEvery = int.MaxValue,
            FindingsMax = 1,
        };
        sweep.Run(run.Recorder.Start, run.Recorder.Operations(), bootId);
        output.WriteLine($"{sweep.States} states; {string.Join("", sweep.Findings)}");
        Assert.True(
            sweep.Findings.Count > 0,
            $"{sweep.States} crashes did not show that syncs of {skipped} are missing");
    }
}
