// The workload with one fault: every kind of file operation, at each of its occurrences, once and
// from there on. Whatever fails, the caller gets the store's own exception; what was acknowledged
// stays readable; a log or manifest that failed is never touched again; and the directory, opened
// without the fault, after a power cut too, holds what was acknowledged.
// LSM_FAULT_STRIDE says which part of the occurrences runs: every n-th; 1 is all.

using LsmMmap.Testing;
using LsmMmap.Testing.Crash;
using Xunit.Abstractions;

namespace LsmMmap.Crash.Tests;

public sealed class FaultSweepTests(ITestOutputHelper output) : CrashTest
{
    private int _runs;
    private int _failedStores;

    private static int Stride => (int)Seeds.Number("LSM_FAULT_STRIDE", 9);

    [Theory]
    [InlineData("Write", "Io,NoSpace")]
    [InlineData("ShortWrite", "NoSpace,Io")]
    [InlineData("Sync", "Io,NoSpace")]
    [InlineData("Create", "NoSpace,TooManyOpenFiles,AccessDenied")]
    [InlineData("OpenRead", "TooManyOpenFiles,Io")]
    [InlineData("OpenTable", "TooManyOpenFiles,Io")]
    [InlineData("Map", "TooManyOpenFiles")]
    [InlineData("Rename", "Io,NoSpace")]
    [InlineData("Seal", "AccessDenied,Io")]
    [InlineData("Delete", "Io,AccessDenied")]
    [InlineData("SyncDirectory", "Io,NoSpace")]
    [InlineData("List", "Io")]
    public void Workload_WithAFault_LosesNothing(string kindName, string errorNames)
    {
        FaultKind kind = Enum.Parse<FaultKind>(kindName);
        FaultError[] errors = [.. errorNames.Split(',').Select(
            static name => Enum.Parse<FaultError>(name))];
        int count = CountOf(kind);
        Assert.True(count > 0, "the workload never does this");
        List<string> findings = [];
        int variant = 0;
        for (int number = 1; number <= count; number++)
        {
            foreach (FaultError error in errors)
            {
                foreach (bool always in new[] { false, true })
                {
                    if ((Seeds.Base + variant++) % Stride == 0)
                        Run(new Fault(kind, number, error, always), findings);
                }
            }
        }
        output.WriteLine($"{count} of {kind}, {_runs} runs, {_failedStores} failed stores");
        Assert.True(
            findings.Count == 0, $"{findings.Count} of {_runs} runs went wrong; " +
            Seeds.Describe(Seeds.Base) + ":\n" + string.Join("\n", findings.Take(5)));
    }

    private int CountOf(FaultKind kind)
    {
        var recorder = new RecordingFileSystem(Guid.NewGuid());
        var files = new FaultInjectingFileSystem(recorder, null);
        Workloads.Full(new WorkloadRun(Path.Combine(Root, "clean"), recorder, files));
        return files.CountOf(kind);
    }

    private void Run(Fault fault, List<string> findings)
    {
        string home = Path.Combine(Root, "run" + ++_runs);
        using var recorder = new RecordingFileSystem(Guid.NewGuid());
        var files = new FaultInjectingFileSystem(recorder, fault);
        var run = new WorkloadRun(home, recorder, files, mayFail: true)
        {
            BeforeClose = CheckLive,
            RetriesMax = fault.Always ? 2 : 20_000,
        };
        try
        {
            Workloads.Full(run);
            files.TurnOff();
            run.Close();
            if (files.Violations.Count > 0)
                throw new CrashFinding(files.Violations[0]);
            _failedStores += run.FirstError is StoreFailedException ? 1 : 0;
            Recover(run, recorder);
        }
        catch (Exception e)
        {
            findings.Add($"{fault} ({files.FailedPath}), step {run.History.LastStep}: {e}");
        }
        if (Directory.Exists(home))
            Directory.Delete(home, recursive: true);
    }

    /// <summary>What was acknowledged is there, fault or not; reads may fail while files cannot
    /// be opened, but never answer wrongly.</summary>
    private static void CheckLive(WorkloadRun run)
    {
        StoreContent content;
        try
        {
            content = StoreContent.Of(run.Store);
        }
        catch (LsmException e) when (e is not CorruptionException)
        {
            return;
        }
        int last = run.History.LastStep;
        int from = run.LastIsUncertain ? last - 1 : last;
        if (run.History.Find(content, from, last) < 0)
            throw new CrashFinding("live: " + run.History.Explain(content, from, last));
    }

    private void Recover(WorkloadRun run, RecordingFileSystem recorder)
    {
        DiskModel disk = recorder.Start.Clone();
        foreach (DiskOperation operation in recorder.Operations())
            disk.Apply(operation);
        var check = new CrashCheck(run.History, Root);
        int last = run.History.LastStep;
        foreach (CrashPolicy policy in new[]
            { CrashPolicy.Kill, CrashPolicy.Strict, CrashPolicy.Everything })
        {
            DiskImage image = DiskAfter.Image(disk, policy, 0, null)!;
            bool isKill = DiskAfter.IsKill(policy);
            check.Recover(
                image, isKill ? disk.Clone() : DiskModel.Of(image),
                isKill ? recorder.BootId : Guid.NewGuid(),
                isKill ? run.FlushedStep : run.SyncedStep, last, twice: true);
        }
    }
}
