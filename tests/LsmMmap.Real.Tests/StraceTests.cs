// System calls of the real process that fail, or are its last. First that a failing sync is seen at
// all, which the runtime's own call would hide; then a sweep over the calls of a small workload,
// drawn from LSM_SEED. After each run the store is opened without strace: what was acknowledged is
// there, whatever was told to the child.
//
// Seen to fail: see each test.

using LsmMmap.Real.Child;
using LsmMmap.Testing;
using Xunit.Abstractions;

namespace LsmMmap.Real.Tests;

public sealed class StraceTests(ITestOutputHelper output) : IDisposable
{
    private const int Lanes = 2;
    private const int KilledCode = 137;

    private readonly TemporaryFolder _folder = new();

    private static int Runs => (int)Seeds.Number("LSM_STRACE_RUNS", 100);

    public void Dispose() => _folder.Dispose();

    // With DiskSync.SyncFile replaced by RandomAccess.FlushToDisk, no step failed at all.
    [StraceFact]
    public void Sync_ThatFails_FailsTheStore()
    {
        IReadOnlyList<string> lines = Trace(
            _folder["store"], new CallFault("fdatasync", "error=EIO", 7, true), out _);
        Assert.Contains(lines, static line =>
            line.StartsWith("failed commit", StringComparison.Ordinal)
            && line.Contains("StoreFailedException 5:", StringComparison.Ordinal));
    }

    // With the call of DiskSync.CheckThatFailuresAreSeen left out of the opening, it went well.
    [StraceFact]
    public void Open_WhereNoSyncCanFail_IsRefused()
    {
        string store = _folder["store"];
        // Of all descriptors: the canary's is none of the store's files.
        using ChildProcess child = ChildProcess.StartTraced(
            ["-o", store + ".strace", "-e", "trace=fsync", "-e", "inject=fsync:retval=0"],
            "steps", store, "1");
        child.RunToEnd();
        Assert.Contains(child.Lines, static line =>
            line.StartsWith("failed open LsmException", StringComparison.Ordinal)
            && line.Contains("fsync of an invalid descriptor", StringComparison.Ordinal));
        Assert.False(StoreCheck.IsStore(store), child.Story);
    }

    // With the loop of DiskSync.Retry left out, EINTR failed the store.
    [StraceFact]
    public void Sync_ThatIsInterrupted_IsTriedAgain()
    {
        IReadOnlyList<string> lines = Trace(
            _folder["store"], new CallFault("fdatasync", "error=EINTR", 3, false), out _);
        Assert.DoesNotContain(lines, static line =>
            line.StartsWith("failed", StringComparison.Ordinal));
    }

    // With IoFailure.IsIo no longer naming ArgumentOutOfRangeException, EFBIG ended the child by
    // an exception that no caller expects.
    [StraceFact]
    public void Writes_RefusedInEveryWay_AreLsmExceptionsWithTheCause()
    {
        foreach ((string error, int errno) in new[]
            { ("EIO", 5), ("ENOSPC", 28), ("EDQUOT", 122), ("EROFS", 30) })
        {
            IReadOnlyList<string> lines = Trace(
                _folder[error], new CallFault("pwrite64", "error=" + error, 14, true), out _);
            Assert.Contains(lines, line =>
                line.StartsWith("failed", StringComparison.Ordinal)
                && line.Contains($"Exception {errno}:", StringComparison.Ordinal));
        }
        // The runtime throws no IOException for these.
        foreach (string error in new[] { "EFBIG", "EACCES" })
        {
            Assert.Contains(
                Trace(_folder[error], new CallFault("pwrite64", "error=" + error, 14, true), out _),
                static line => line.StartsWith("failed", StringComparison.Ordinal));
        }
    }

    // With IoFailure.IsIo no longer naming ArgumentOutOfRangeException, children died of EFBIG. A
    // child that went on counting after a reopening had lost Buffered commits was found as well.
    [StraceFact]
    public void Calls_FailingOrLast_NeverLoseWhatWasAcknowledged()
    {
        long start = TimeProvider.System.GetTimestamp();
        int hits = 0;
        int kills = 0;
        int failures = 0;
        var random = new Random(Seeds.Base);
        for (int run = 0; run < Runs;)
        {
            var lives = new List<Action>();
            for (; run < Runs && lives.Count < Lanes; run++)
            {
                CallFault fault = Strace.Draw(random);
                string store = _folder[$"{run}"];
                lives.Add(() =>
                {
                    IReadOnlyList<string> lines = Trace(store, fault, out bool hit);
                    Interlocked.Add(ref hits, hit ? 1 : 0);
                    Interlocked.Add(ref kills, lines.Contains("done") ? 0 : 1);
                    Interlocked.Add(ref failures, lines.Any(static line =>
                        line.StartsWith("failed", StringComparison.Ordinal)) ? 1 : 0);
                });
            }
            Crew.Run([.. lives]);
        }
        TimeSpan time = TimeProvider.System.GetElapsedTime(start);
        output.WriteLine($"{Runs} runs, {hits} with a call that was hit, {kills} killed, "
            + $"{failures} with a failure told, {time.TotalSeconds:F0} s");
        Assert.True(hits >= Runs / 3, $"only {hits} of {Runs} runs met their call");
    }

    /// <summary>The steps under a fault, then the check of what is left. What the child said.
    /// </summary>
    private static IReadOnlyList<string> Trace(string store, CallFault fault, out bool hit)
    {
        int seed = Seeds.Base;
        using ChildProcess child = ChildProcess.StartTraced(
            Strace.Options(store, fault), "steps", store, $"{seed}");
        child.RunToEnd();
        string trace = store + ".strace";
        hit = File.Exists(trace) && (File.ReadAllText(trace) is var text
            && (text.Contains("INJECTED", StringComparison.Ordinal)
                || text.Contains("killed by SIGKILL", StringComparison.Ordinal)));
        string context = $"{Seeds.Describe(seed)}, {fault}, {child.Story}";
        Assert.False(child.IsHung, context);
        bool mayBeKilled = fault.What.StartsWith("signal", StringComparison.Ordinal);
        Assert.True(child.ExitCode == 0 || (mayBeKilled && child.ExitCode == KilledCode), context);
        List<Acknowledgement> acknowledged = StoreCheck.Acknowledgements(child.Lines);
        if (StoreCheck.IsStore(store))
            new StoreCheck().AfterRound(
                store, Steps.Options(), new CommitPlan(seed, 0), 1, acknowledged, context);
        else
            Assert.True(acknowledged.Count == 0, context);
        return child.Lines;
    }
}
