// The harness proves itself: a store with one mistake in its protocol must be caught by the sweep,
// and for the reason that the mistake has. The text after each is what one of the findings says.
// What is harmless by design is played too, and must not be reported.

using LsmMmap.Testing.Crash;
using Xunit.Abstractions;

namespace LsmMmap.Crash.Tests;

public sealed class SeededBugTests(ITestOutputHelper output) : CrashTest
{
    private const int LateRunsMax = 6;

    [Theory]
    [InlineData("LogUnsynced", "the log is damaged before its synced end")]
    [InlineData("LogHeaderUnsynced", "expected a header")]
    [InlineData("OldLogUnsynced", "no state at all")]
    [InlineData("LogSyncedAfterEdit", "no state at all")]
    [InlineData("LogSyncedAfterCleanMark", "the log of a cleanly closed store")]
    [InlineData("LogWriteHeldBack", "it is the state after step")]
    [InlineData("TableUnsynced", ".sst at offset")]
    [InlineData("TableSyncedAfterEdit", ".sst at offset")]
    [InlineData("ManifestUnsynced", "the manifest's header does not verify")]
    [InlineData("NewManifestUnsynced", "the manifest's header does not verify")]
    [InlineData("NewManifestSyncedAfterSwitch", "the manifest's header does not verify")]
    [InlineData("EditUnsynced", "it is the state after step")]
    [InlineData("CurrentUnsynced", "CURRENT does not name a manifest")]
    [InlineData("CurrentSyncedAfterRename", "CURRENT does not name a manifest")]
    [InlineData("DirectoryUnsynced", "it is the state after step 0")]
    [InlineData("DirectoryUnsyncedAfterLog", "the log is missing")]
    [InlineData("DirectoryUnsyncedAfterTable", "the table is missing")]
    [InlineData("DirectoryUnsyncedAfterManifest", "the manifest is missing")]
    [InlineData("DirectoryUnsyncedAfterCurrent", "")]
    [InlineData("TableDeletedBeforeEdit", "the table is missing")]
    [InlineData("LogDeletedBeforeEdit", "the log is missing")]
    [InlineData("ManifestDeletedBeforeSwitch", "the manifest is missing")]
    public void Workload_WithABugInItsProtocol_IsCaught(string bugName, string reason)
    {
        // Rare crashes, so more of the disks on which they show, and a workload that often makes
        // manifests.
        bool isRare = bugName is "DirectoryUnsyncedAfterManifest" or "ManifestDeletedBeforeSwitch";
        // A table is unlinked when its last reader is gone, perhaps after the next manifest was
        // made: a run in which the reclaimer came late does not have the moment at all. The other
        // mistakes are made by every run.
        int runs = bugName == "TableDeletedBeforeEdit" ? LateRunsMax : 1;
        int states = 0;
        for (int run = 0; run < runs; run++)
        {
            CrashSweep sweep = Sweep(
                Enum.Parse<ProtocolBug>(bugName), isRare ? Workloads.Manifests : Workloads.Leveled,
                randomImages: isRare ? 8 : 1, reason, isRare ? CrashPolicy.Random : null);
            output.WriteLine($"{sweep.States} states; {string.Join("", sweep.Findings)}");
            states += sweep.States;
            if (sweep.Findings.Count > 0)
                return;
        }
        Assert.Fail($"{states} crashes did not show the bug {bugName}");
    }

    [Fact]
    public void Workload_ParentOfTheDirectoryNeverSynced_IsCaught()
    {
        CrashRecord record = Record(Workloads.Small, forgetsParent: true);
        CrashSweep sweep = new CrashSweep(record, Root)
        {
            RandomImages = 0,
            FindingsMax = 1,
        }.Run();
        Assert.Contains("it is the state after step 0", Assert.Single(sweep.Findings));
    }

    [Theory]
    [InlineData("TableSyncedAfterRename")]
    [InlineData("SealForgotten")]
    [InlineData("OldLogSyncedLast")]
    [InlineData("LogWriteInTwo")]
    public void Workload_WithAHarmlessOrder_LosesNothing(string bugName)
    {
        foreach (Workload workload in new[] { Workloads.Leveled, Workloads.Killed })
            Sweep(Enum.Parse<ProtocolBug>(bugName), workload, randomImages: 1).AssertNone();
    }

    private CrashSweep Sweep(
        ProtocolBug bug, Workload workload, int randomImages, string wanted = "",
        CrashPolicy? only = null)
    {
        ProtocolBugFileSystem? files = null;
        CrashRecord record = Record(
            workload,
            inner => new(files = new ProtocolBugFileSystem(inner.Files, bug)),
            beforeClose: _ => files!.IsClosing = true);
        var sweep = new CrashSweep(record, Root)
        {
            RandomImages = randomImages,
            TwiceEvery = 50,
            FindingsMax = 1,
            Wanted = wanted,
            OnlyPolicy = only,
        };
        return sweep.Run();
    }
}
