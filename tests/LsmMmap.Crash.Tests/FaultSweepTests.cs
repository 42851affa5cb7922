// A workload with one fault: every kind of file operation, at each of its occurrences, with each
// error that the real call may give, once and from there on. Whatever fails, the caller gets the
// store's own exception; a failed write or sync of a live log or manifest leaves a store that only
// reads and says why; what was acknowledged stays readable; a file that failed is never touched
// again; and the directory, opened without the fault, after a power cut too, holds what was
// acknowledged.
//
// The small workload meets every fault, the others every n-th of theirs: LSM_FAULT_STRIDE, 31 when
// unset, 1 for all. LSM_FAULT_STRIDE_SMALL says the same of the small one, 1 when unset.

using LsmMmap.Engine.Files;
using LsmMmap.Testing;
using LsmMmap.Testing.Crash;
using Xunit.Abstractions;

namespace LsmMmap.Crash.Tests;

public abstract class FaultSweepTests(ITestOutputHelper output, string stride, int strideDefault)
    : CrashTest
{
    private int _runs;
    private int _failedStores;
    private int _variant;

    public static TheoryData<string, string> Kinds => new()
    {
        { "Write", "Io,NoSpace,Quota,ReadOnlyFileSystem" },
        { "ShortWrite", "NoSpace,Quota,Io" },
        { "Sync", "Io,NoSpace,Quota,ReadOnlyFileSystem" },
        { "Create", "NoSpace,Quota,TooManyOpenFiles,AccessDenied,ReadOnlyFileSystem,Io" },
        { "OpenRead", "TooManyOpenFiles,Io,AccessDenied" },
        { "OpenTable", "TooManyOpenFiles,Io,AccessDenied" },
        { "Map", "NoMemory,TooManyOpenFiles,AccessDenied" },
        { "Rename", "Io,NoSpace,Quota,ReadOnlyFileSystem,AccessDenied" },
        { "Seal", "AccessDenied,Io,ReadOnlyFileSystem" },
        { "Delete", "Io,AccessDenied,ReadOnlyFileSystem" },
        { "SyncDirectory", "Io,NoSpace,Quota,TooManyOpenFiles" },
        { "List", "Io,TooManyOpenFiles,AccessDenied" },
        { "MakeDirectory", "NoSpace,ReadOnlyFileSystem,AccessDenied" },
        { "Lock", "TooManyOpenFiles,AccessDenied,Io" },
    };

    /// <summary>How many operations of the kind the workload has.</summary>
    protected int Sweep(string workloadName, string kindName, string errorNames)
    {
        Workload workload = Workloads.Named(workloadName);
        FaultKind kind = Enum.Parse<FaultKind>(kindName);
        FaultError[] errors = [.. errorNames.Split(',').Select(
            static name => Enum.Parse<FaultError>(name))];
        int count = CountOf(workload, kind);
        List<string> findings = [];
        int strideNow = (int)Seeds.Number(stride, strideDefault);
        for (int number = 1; number <= count; number++)
        {
            foreach (FaultError error in errors)
            {
                foreach (bool always in new[] { false, true })
                {
                    if ((Seeds.Base + _variant++) % strideNow == 0)
                        Run(workload, new Fault(kind, number, error, always), findings);
                }
            }
        }
        Tally.Add("faults", _runs);
        Tally.Add("violations", findings.Count);
        output.WriteLine($"{count} of {kind}, {_runs} runs, {_failedStores} failed stores");
        Assert.True(
            findings.Count == 0, $"{workload.Name}: {findings.Count} of {_runs} runs went wrong; " +
            Seeds.Describe(Seeds.Base) + ":\n" + string.Join("\n", findings.Take(5)));
        return count;
    }

    private int CountOf(Workload workload, FaultKind kind)
    {
        using var recorder = new RecordingFileSystem(Guid.NewGuid());
        var files = new FaultInjectingFileSystem(recorder, null);
        workload.Steps(new WorkloadRun(Path.Combine(Root, "clean"), recorder, files)
        {
            StoreOptions = workload.Options(),
        });
        Directory.Delete(Path.Combine(Root, "clean"), recursive: true);
        return files.CountOf(kind);
    }

    private void Run(Workload workload, Fault fault, List<string> findings)
    {
        string home = Path.Combine(Root, "run" + ++_runs);
        using var recorder = new RecordingFileSystem(Guid.NewGuid());
        var files = new FaultInjectingFileSystem(recorder, fault);
        var run = new WorkloadRun(home, recorder, files, mayFail: true)
        {
            StoreOptions = workload.Options(),
            MustFail = () => files.FailedLive,
            BeforeClose = run => CheckLive(run, fault),
            RetriesMax = fault.Always ? 2 : 20_000,
        };
        files.IsTold = () => run.FirstError is StoreFailedException;
        try
        {
            workload.Steps(run);
            files.TurnOff();
            run.Close();
            CheckTheEnd(run, files, fault);
            Recover(run, recorder);
        }
        catch (Exception e)
        {
            findings.Add($"{fault} ({files.FailedPath}), step {run.History.LastStep}: {e}");
        }
        if (Directory.Exists(home))
            Directory.Delete(home, recursive: true);
    }

    private void CheckTheEnd(WorkloadRun run, FaultInjectingFileSystem files, Fault fault)
    {
        if (files.Violations.Count > 0)
            throw new CrashFinding(files.Violations[0]);
        if (run.FirstError is StoreFailedException failed)
        {
            _failedStores++;
            if (failed.InnerException is not { } cause || !IsInjected(cause))
                throw new CrashFinding($"the failed store names another cause: {failed}");
        }
        else if (run.FirstError is { } error && !IsInjected(error))
        {
            throw new CrashFinding($"the caller got another error: {error}");
        }
        if (files.FailedLive && !run.FailedAtTheEnds && run.FirstError is not StoreFailedException)
            throw new CrashFinding(
                $"{fault.Kind} of {files.FailedPath} failed and the store went on");
    }

    private static bool IsInjected(Exception e)
    {
        for (Exception? cause = e; cause != null; cause = cause.InnerException)
        {
            if (cause is not LsmException && cause.Message.StartsWith(
                FaultInjectingFileSystem.InjectedMark, StringComparison.Ordinal))
                return true;
        }
        return false;
    }

    /// <summary>What was acknowledged is there, fault or not; reads fail only while files cannot
    /// be opened or mapped, and never answer wrongly.</summary>
    private static void CheckLive(WorkloadRun run, Fault fault)
    {
        StoreContent content;
        // As long as it is there retention drops nothing between the two looks.
        using Snapshot snapshot = run.Store.CreateSnapshot();
        try
        {
            content = StoreContent.Of(run.Store);
            CrashCheck.CheckPointReads(run.Store, content);
        }
        catch (LsmException e) when (
            e is not CorruptionException && IoFailure.IsIo(e.InnerException!)
            && fault.Kind is FaultKind.OpenTable or FaultKind.Map)
        {
            return;
        }
        int last = run.History.LastStep;
        if (run.History.Find(content, run.VisibleStep, last) < 0)
            throw new CrashFinding("live: " + run.History.Explain(content, run.VisibleStep, last));
    }

    private void Recover(WorkloadRun run, RecordingFileSystem recorder)
    {
        DiskModel disk = recorder.Start.Clone();
        foreach (DiskOperation operation in recorder.Operations())
            disk.Apply(operation);
        var check = new CrashCheck(run.History, Root, run.StoreOptions);
        foreach (CrashPolicy policy in new[]
            { CrashPolicy.Kill, CrashPolicy.Strict, CrashPolicy.Everything })
        {
            DiskImage image = DiskAfter.Image(disk, policy, 0, null)!;
            bool isKill = DiskAfter.IsKill(policy);
            check.Recover(
                image, isKill ? disk.Clone() : DiskModel.Of(image),
                isKill ? recorder.BootId : Guid.NewGuid(),
                isKill ? run.FlushedStep : run.SyncedStep, run.History.LastStep);
        }
    }
}

/// <summary>Every call of the small workload.</summary>
public sealed class SmallFaultSweepTests(ITestOutputHelper output)
    : FaultSweepTests(output, "LSM_FAULT_STRIDE_SMALL", 1)
{
    [Theory]
    [MemberData(nameof(Kinds))]
    public void SmallWorkload_WithAFault_LosesNothing(string kind, string errors) =>
        Assert.True(Sweep("small", kind, errors) > 0, "the workload never does this");
}

/// <summary>A part of the calls of the larger ones.</summary>
public sealed class LargeFaultSweepTests(ITestOutputHelper output)
    : FaultSweepTests(output, "LSM_FAULT_STRIDE", 31)
{
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Workloads_WithAFault_LoseNothing(string kind, string errors)
    {
        int count = 0;
        foreach (string name in new[] { "leveled", "tiered-lz4", "manifests", "async", "killed",
            "feed" })
            count += Sweep(name, kind, errors);
        Assert.True(count > 0, "no workload ever does this");
    }
}
