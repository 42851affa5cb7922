// Latencies in an HdrHistogram: from 1 ns to 10 minutes with three digits. One per thread, added up
// at the end.

using HdrHistogram;

namespace LsmMmap.Workloads.Measuring;

internal sealed class Latencies
{
    private const long HighestNs = 600_000_000_000;
    private const int Digits = 3;

    // Where the curve of the report is drawn: one minus the fraction halves from point to point.
    private static readonly double[] s_curve =
    [
        0, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.75, 99.9, 99.95, 99.99, 99.995, 99.999, 100,
    ];

    private readonly LongHistogram _histogram = new(1, HighestNs, Digits);
    private long _longTicks;

    public long Count => _histogram.TotalCount;

    /// <summary>Time in single operations of over 10 ms: what a user feels as stall.</summary>
    public double LongMs => Nanoseconds(_longTicks) / 1e6;

    /// <summary>Single operations of over 50 ms.</summary>
    public long Over50Ms { get; private set; }

    public static double Nanoseconds(long ticks) =>
        ticks * (1e9 / System.Diagnostics.Stopwatch.Frequency);

    public void Record(long ticks)
    {
        long ns = (long)Nanoseconds(ticks);
        _histogram.RecordValue(Math.Clamp(ns, 1, HighestNs));
        if (ns > 10_000_000)
            _longTicks += ticks;
        if (ns > 50_000_000)
            Over50Ms++;
    }

    public void Add(Latencies other)
    {
        _histogram.Add(other._histogram);
        _longTicks += other._longTicks;
        Over50Ms += other.Over50Ms;
    }

    public double Microseconds(double percentile) => Count == 0
        ? 0 : Round(_histogram.GetValueAtPercentile(percentile) / 1000.0);

    public double MaxMicroseconds() => Count == 0 ? 0 : Round(_histogram.GetMaxValue() / 1000.0);

    /// <summary>Pairs of percentile and microseconds.</summary>
    public double[][] Curve() => Count == 0
        ? [] : [.. s_curve.Select(p => new[] { p, Microseconds(p) })];

    private static double Round(double value) => Math.Round(value, 3);
}
