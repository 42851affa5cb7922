// Pages that cannot be read under a running store, each case in a process of its own: mapped pages
// whose file has lost them (SIGBUS, as for a page that the disk cannot deliver), a table that was
// cut, and, where the machine allows it, a real disk whose end is gone. What must throw, throws;
// where the documentation says that the process ends, it ends.
//
// Seen to fail: with DiskSync.Populate returning true always, every mapped case that must throw
// ended its process. With BlockSource.Touch leaving out the second populate of Guarded, "verified"
// in Guarded mode did.

using LsmMmap.Real.Child;
using LsmMmap.Testing;

namespace LsmMmap.Real.Tests;

public sealed class MediaTests : IDisposable
{
    // What a shell would say of SIGABRT, by which the runtime ends, SIGBUS and SIGSEGV.
    private static readonly int[] s_ended = [134, 135, 139];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxTheory]
    [InlineData("Direct", "get", "unreadable")]
    [InlineData("Direct", "scan", "unreadable")]
    [InlineData("Guarded", "get", "unreadable")]
    [InlineData("Guarded", "scan", "unreadable")]
    [InlineData("Guarded", "get", "verified unreadable")]
    [InlineData("Guarded", "scan", "verified unreadable")]
    [InlineData("Guarded", "get", "verified truncated")]
    [InlineData("Guarded", "scan", "verified truncated")]
    [InlineData("Guarded", "get", "truncated")]
    [InlineData("Guarded", "compact", "truncated")]
    [InlineData("Copy", "get", "truncated")]
    [InlineData("Copy", "scan", "truncated")]
    [InlineData("Copy", "get", "verified truncated")]
    [InlineData("Copy", "scan", "verified truncated")]
    [InlineData("Copy", "compact", "verified truncated")]
    [InlineData("Copy", "verify", "verified truncated")]
    [InlineData("Direct", "compact", "verified truncated")]
    [InlineData("Direct", "verify", "verified truncated")]
    [InlineData("Guarded", "verify", "verified truncated")]
    public void Use_OfPagesThatCannotBeRead_Throws(string mode, string use, string fault)
    {
        using ChildProcess child = Harm(mode, use, fault);
        Assert.True(child.ExitCode == 0, child.Story);
        Assert.Contains(child.Lines, line =>
            line.StartsWith($"failed {use} CorruptionException", StringComparison.Ordinal)
            && line.Contains(".sst at offset", StringComparison.Ordinal));
    }

    // The mapping is not their business: they read by ordinary calls.
    [LinuxTheory]
    [InlineData("Direct", "compact")]
    [InlineData("Direct", "verify")]
    [InlineData("Guarded", "compact")]
    [InlineData("Guarded", "verify")]
    public void Compaction_OverAMappingThatCannotBeRead_DoesNotTouchIt(string mode, string use)
    {
        using ChildProcess child = Harm(mode, use, "verified unreadable");
        Assert.True(child.ExitCode == 0, child.Story);
        Assert.Contains("went well", child.Lines);
    }

    // The hole that is left, and that docs/durability.md names. If this test ever fails because
    // the process lives, the page may promise more.
    [LinuxTheory]
    [InlineData("get", "verified truncated")]
    [InlineData("scan", "verified truncated")]
    [InlineData("get", "verified unreadable")]
    public void Direct_OnAVerifiedPageThatIsGone_EndsTheProcess(string use, string fault)
    {
        using ChildProcess child = Harm("Direct", use, fault);
        Assert.Contains("harmed", child.Lines);
        Assert.DoesNotContain("went well", child.Lines);
        Assert.True(s_ended.Contains(child.ExitCode), child.Story);
    }

    // The disk is a loop device whose image loses its end: reads beyond it are EIO, and a read
    // across it may be filled up with zeros, which the checksum tells.
    [LoopTheory]
    [InlineData("Direct", "get")]
    [InlineData("Direct", "scan")]
    [InlineData("Guarded", "get")]
    [InlineData("Guarded", "compact")]
    [InlineData("Copy", "get")]
    [InlineData("Copy", "scan")]
    public void Use_OfADiskThatLostItsEnd_Throws(string mode, string use)
    {
        using var disk = new ImageDisk(_folder.Path);
        Media.Create(_folder["made"]);
        string store = Path.Combine(disk.Path, "store");
        disk.CopyIn(_folder["made"], "store");
        // Mounted anew, so that nothing of it is in memory.
        disk.Remount();
        using ChildProcess child = ChildProcess.Start("media", store, mode, use, "disk");
        child.Await("waiting");
        disk.CutBehindQuarterOf(Directory.GetFiles(store, "*.sst").Single());
        child.Say("go");
        child.RunToEnd();
        Assert.True(child.ExitCode == 0, child.Story);
        bool isTold = child.Lines.Any(line =>
            line.StartsWith($"failed {use} CorruptionException", StringComparison.Ordinal)
            && (line.Contains("the disk could not read", StringComparison.Ordinal)
                || line.Contains("does not match", StringComparison.Ordinal)));
        Assert.True(isTold, child.Story);
    }

    private ChildProcess Harm(string mode, string use, string fault)
    {
        string store = _folder["store"];
        Media.Create(store);
        ChildProcess child = ChildProcess.Start("media", store, mode, use, fault);
        child.RunToEnd();
        Assert.Contains("harmed", child.Lines);
        Assert.False(child.IsHung, child.Story);
        return child;
    }
}
