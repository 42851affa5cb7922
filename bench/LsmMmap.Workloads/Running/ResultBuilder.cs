// Turns what was measured into the figures of a RunResult; the only place that divides.

using LsmMmap.Workloads.Measuring;
using LsmMmap.Workloads.Results;
using LsmMmap.Workloads.Workloads;

namespace LsmMmap.Workloads.Running;

internal static class ResultBuilder
{
    public static RunResult Build(
        RunTask task, WorkloadDefinition workload, Outcome outcome, Ending ending)
    {
        Measured measured = outcome.Measured;
        bool isTimed = measured.Latencies.Count > 0;
        RunResult result = new()
        {
            Workload = task.Workload,
            Engine = task.Engine,
            Repeat = task.Repeat,
            Valid = outcome.Problems.Count == 0 && measured.Operations > 0,
            Note = outcome.Problems.Count == 0 ? outcome.Note : string.Join("; ", outcome.Problems),
            Operations = measured.Operations,
            Seconds = Math.Round(measured.Seconds, 4),
            Complete = measured.Complete,
            OperationsPerSecond = Math.Round(measured.Operations / measured.Seconds, 1),
            LatencySampledEvery = isTimed ? measured.TimeEvery : 0,
            P50Us = isTimed ? measured.Latencies.Microseconds(50) : null,
            P99Us = isTimed ? measured.Latencies.Microseconds(99) : null,
            P999Us = isTimed ? measured.Latencies.Microseconds(99.9) : null,
            MaxUs = isTimed ? measured.Latencies.MaxMicroseconds() : null,
            LatencyCurve = measured.Latencies.Curve(),
            LongOperationMs = measured.TimeEvery == 1
                ? Math.Round(measured.Latencies.LongMs, 1) : null,
            LiveBytes = outcome.LiveBytes,
            UserBytes = outcome.UserBytes,
            OpenMs = Math.Round(ending.OpenMs, 2),
            SettleMs = ending.Written == null ? null : Math.Round(
                ending.SettleMs + outcome.SettledMs, 1),
            StallMs = ending.Marks.StallMs < 0 ? null : Math.Round(ending.Marks.StallMs, 1),
            Timeline = measured.Timeline,
            Marks = measured.Watch.Marks,
            Extra = outcome.Extra,
        };
        return WithSpace(WithProcess(result, measured, ending), task, workload);
    }

    private static RunResult WithProcess(RunResult result, Measured measured, Ending ending)
    {
        ProcessReadings before = measured.Before;
        ProcessReadings after = measured.After;
        long written = (ending.Written ?? -1) - before.WrittenBytes;
        bool knowsWritten = ending.Written >= 0 && before.WrittenBytes >= 0 && result.UserBytes > 0;
        return result with
        {
            ManagedBytesPerOperation = Math.Round(
                (double)(after.AllocatedBytes - before.AllocatedBytes)
                    / Math.Max(1, result.Operations), 2),
            Gen0 = after.Gen0 - before.Gen0,
            Gen1 = after.Gen1 - before.Gen1,
            Gen2 = after.Gen2 - before.Gen2,
            GcPauseMs = Math.Round((after.GcPause - before.GcPause).TotalMilliseconds, 2),
            PeakBytes = measured.Watch.PeakBytes,
            PeakAnonymousBytes = measured.Watch.PeakAnonymousBytes,
            PeakFileBytes = measured.Watch.PeakFileBytes,
            WrittenBytes = knowsWritten ? written : null,
            WriteAmplification = knowsWritten
                ? Math.Round((double)written / result.UserBytes, 3) : null,
        };
    }

    private static RunResult WithSpace(
        RunResult result, RunTask task, WorkloadDefinition workload)
    {
        long bytes = StoreFolder.BytesOnDisk(task.Directory);
        return result with
        {
            DirectoryBytes = bytes,
            SpaceAmplification = result.LiveBytes > 0 && !workload.OpensItself
                ? Math.Round((double)bytes / result.LiveBytes, 3) : null,
        };
    }
}
