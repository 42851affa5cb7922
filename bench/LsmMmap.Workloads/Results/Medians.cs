// From runs to rows, and from rows to the comparison with the best peer.

namespace LsmMmap.Workloads.Results;

internal static class Medians
{
    private const string Own = "lsm";

    /// <summary>The row of some repeats of one workload on one engine.</summary>
    public static Row Of(IReadOnlyList<RunResult> runs)
    {
        RunResult[] sorted = [.. runs.OrderBy(run => run.OperationsPerSecond)];
        RunResult middle = sorted[(sorted.Length - 1) / 2];
        RunResult? failed = runs.FirstOrDefault(run => !run.Valid);
        return new Row
        {
            Workload = middle.Workload,
            Engine = middle.Engine,
            Repeats = runs.Count,
            Valid = failed == null,
            Note = failed?.Note ?? middle.Note,
            LowestPerSecond = sorted[0].OperationsPerSecond,
            HighestPerSecond = sorted[^1].OperationsPerSecond,
            Median = Combined(middle, runs),
        };
    }

    /// <summary>One for each workload that LsmMmap and at least one peer have run validly.
    /// </summary>
    public static IEnumerable<Comparison> Compare(
        IReadOnlyList<Row> rows, IReadOnlyList<EngineInfo> engines)
    {
        HashSet<string> peers = [.. engines.Where(e => e.IsPeer).Select(e => e.Id)];
        foreach (Row own in rows.Where(row => row.Engine == Own && row.Valid))
        {
            Row? best = rows
                .Where(row => row.Workload == own.Workload && row.Valid
                    && peers.Contains(row.Engine))
                .MaxBy(row => row.Median.OperationsPerSecond);
            if (best == null)
                continue;
            double ownSpeed = own.Median.OperationsPerSecond;
            double bestSpeed = best.Median.OperationsPerSecond;
            yield return new Comparison(
                own.Workload, ownSpeed, best.Engine, bestSpeed,
                Math.Round(ownSpeed / bestSpeed, 3));
        }
    }

    public static double Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int half = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    private static RunResult Combined(RunResult middle, IReadOnlyList<RunResult> runs)
    {
        return middle with
        {
            OperationsPerSecond = Of(runs.Select(run => run.OperationsPerSecond)),
            Complete = runs.All(run => run.Complete),
            P50Us = Figure(run => run.P50Us),
            P99Us = Figure(run => run.P99Us),
            P999Us = Figure(run => run.P999Us),
            MaxUs = Figure(run => run.MaxUs),
            ManagedBytesPerOperation = Figure(run => run.ManagedBytesPerOperation),
            GcPauseMs = Of(runs.Select(run => run.GcPauseMs)),
            PeakBytes = (long)Of(runs.Select(run => (double)run.PeakBytes)),
            PeakAnonymousBytes = (long)Of(runs.Select(run => (double)run.PeakAnonymousBytes)),
            PeakFileBytes = (long)Of(runs.Select(run => (double)run.PeakFileBytes)),
            WriteAmplification = Figure(run => run.WriteAmplification),
            SpaceAmplification = Figure(run => run.SpaceAmplification),
            StallMs = Figure(run => run.StallMs),
            LongOperationMs = Figure(run => run.LongOperationMs),
            OpenMs = Of(runs.Select(run => run.OpenMs)),
            SettleMs = Figure(run => run.SettleMs),
        };

        double? Figure(Func<RunResult, double?> figure)
        {
            double[] known = [.. runs.Select(figure).OfType<double>()];
            return known.Length == 0 ? null : Math.Round(Of(known), 3);
        }
    }
}
