// Running out of what the system hands out: files, mappings.
//
// Seen to fail: with TableSet.OpenFile mapping whatever the cap says, twelve tables were mapped
// instead of three. With the child's limit one descriptor too high, no step failed.

using LsmMmap.Real.Child;
using LsmMmap.Testing;

namespace LsmMmap.Real.Tests;

public sealed class LimitTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public void Files_AllTaken_FailsStepsAndLosesNothing()
    {
        using ChildProcess child = RunWithFewFiles(out string store);
        string story = $"{Seeds.Describe(Seeds.Base)}: {child.Story}";
        Assert.True(child.ExitCode == 0, story);
        Assert.Contains("done", child.Lines);
        Assert.Contains("damages 0", child.Lines);
        string[] failed = [.. child.Lines.Where(
            static line => line.StartsWith("failed ", StringComparison.Ordinal))];
        // 24: too many open files.
        Assert.Contains(failed, static line =>
            line.Contains("Exception 24:", StringComparison.Ordinal));
        Assert.Contains(failed, static line =>
            line.StartsWith("failed flush ", StringComparison.Ordinal)
            || line.StartsWith("failed compact ", StringComparison.Ordinal));
        new StoreCheck().AfterRound(
            store, Steps.Options(), new CommitPlan(Seeds.Base, 0), 1,
            StoreCheck.Acknowledgements(child.Lines), story);
    }

    /// <summary>Without descriptors the runtime cannot make threads, and ends the process with
    /// "Out of memory." when its pool wants one just then (one run of some two hundred). That is
    /// none of the store's doing, so such a run is made again.</summary>
    private ChildProcess RunWithFewFiles(out string store)
    {
        for (int run = 1; ; run++)
        {
            store = _folder[$"store{run}"];
            ChildProcess child = ChildProcess.Start("few-files", store, $"{Seeds.Base}");
            child.RunToEnd();
            bool isOfRuntime = child.ExitCode != 0
                && child.Story.Contains("Out of memory.", StringComparison.Ordinal)
                && !child.Story.Contains("Unhandled", StringComparison.Ordinal);
            if (!isOfRuntime || run == 3)
                return child;
            child.Dispose();
        }
    }

    [LinuxFact]
    public void Mappings_BeyondTheCap_AreReadByCopying()
    {
        using ChildProcess child = ChildProcess.Start("few-mappings", _folder["store"]);
        child.RunToEnd();
        Assert.True(child.ExitCode == 0, child.Story);
        Assert.Equal(["right 12 of 12", "mapped 3 of 3", "mapped after 0"], child.Lines);
    }
}
