// The pictures, drawn by ScottPlot as SVG. Each is about as wide as a phone, so that a page can put
// as many beside each other as there is room for and none has to shrink.

using System.Globalization;
using LsmMmap.Workloads.Results;
using ScottPlot;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;

namespace LsmMmap.Workloads.Reporting;

/// <summary>One engine's figure in a bar chart.</summary>
internal sealed record BarValue(EngineInfo Engine, double Value);

/// <summary>One engine's line.</summary>
internal sealed record LineValues(EngineInfo Engine, double[] Xs, double[] Ys);

internal static class Charts
{
    public const int Width = 380;
    private const int BarPixels = 24;
    private const int BarFramePixels = 46;
    private const int LinePixels = 260;
    private const float TextPixels = 13;

    /// <summary>Bars on a logarithmic axis, the first on top; values beside them.</summary>
    public static string Bars(IReadOnlyList<BarValue> values)
    {
        using var plot = NewPlot();
        double lowest = Math.Floor(Math.Log10(values.Min(bar => bar.Value)) - 0.3);
        double highest = Math.Log10(values.Max(bar => bar.Value));
        var bars = new List<Bar>();
        for (int i = 0; i < values.Count; i++)
            bars.Add(new Bar
            {
                Position = values.Count - i,
                ValueBase = lowest,
                Value = Math.Log10(values[i].Value),
                Orientation = Orientation.Horizontal,
                FillColor = Palette.Color(values[i].Engine),
                LineWidth = 0,
                Size = 0.75,
                Label = Figures.Rate(values[i].Value),
            });
        BarPlot drawn = plot.Add.Bars(bars);
        drawn.Horizontal = true;
        drawn.ValueLabelStyle.ForeColor = Palette.InkColor;
        drawn.ValueLabelStyle.FontSize = TextPixels;
        plot.Axes.Left.TickGenerator = new NumericManual([.. values.Select(
            (bar, i) => new Tick(values.Count - i, bar.Engine.Name))]);
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Axes.Bottom.TickGenerator = Decades(lowest, highest, Figures.Rate);
        // Room at the right for the text beside the longest bar.
        plot.Axes.SetLimits(lowest, highest + (highest - lowest) * 0.3, 0.4, values.Count + 0.6);
        plot.Grid.YAxisStyle.IsVisible = false;
        return plot.GetSvgXml(Width, BarFramePixels + BarPixels * values.Count);
    }

    /// <summary>Latency by percentile: both axes logarithmic, the tail stretched out.</summary>
    public static string Latencies(IReadOnlyList<LineValues> lines)
    {
        using var plot = NewPlot();
        foreach (LineValues line in lines)
            AddLine(plot, line.Engine, [.. line.Xs.Select(Nines)], [.. line.Ys.Select(Math.Log10)]);
        double lowest = Math.Floor(lines.Min(line => line.Ys.Min(Math.Log10)));
        double highest = Math.Ceiling(lines.Max(line => line.Ys.Max(Math.Log10)));
        plot.Axes.Bottom.TickGenerator = new NumericManual(
            [new(0, "0"), new(1, "90 %"), new(2, "99 %"), new(3, "99.9 %"), new(4, "99.99 %")]);
        plot.Axes.Left.TickGenerator = Decades(lowest, highest, Time);
        plot.Axes.SetLimits(0, 5.1, lowest, highest);
        return plot.GetSvgXml(Width, LinePixels);
    }

    /// <summary>Operations per second over time; the marks stand on the bottom line.</summary>
    public static string Throughput(
        IReadOnlyList<LineValues> lines, IReadOnlyList<TimelineMark> marks)
    {
        using var plot = NewPlot();
        foreach (LineValues line in lines)
            AddLine(plot, line.Engine, line.Xs, line.Ys);
        double highest = lines.Max(line => line.Ys.Max()) * 1.05;
        double end = lines.Max(line => line.Xs.Max());
        foreach (TimelineMark mark in marks)
            AddMark(plot, mark, highest);
        plot.Axes.Left.TickGenerator = new NumericAutomatic { LabelFormatter = Figures.Rate };
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic
        {
            LabelFormatter = s => s.ToString("0.##", CultureInfo.InvariantCulture) + " s",
        };
        plot.Axes.SetLimits(0, Math.Max(end, 0.1), 0, Math.Max(highest, 1));
        return plot.GetSvgXml(Width, LinePixels);
    }

    /// <summary>An empty plot in the colours of the page.</summary>
    public static Plot NewPlot()
    {
        var plot = new Plot();
        plot.FigureBackground.Color = Colors.Transparent;
        plot.DataBackground.Color = Colors.Transparent;
        plot.Axes.Color(Palette.InkColor);
        plot.Axes.Right.IsVisible = false;
        plot.Axes.Top.IsVisible = false;
        plot.Axes.Left.FrameLineStyle.Width = 0;
        plot.Grid.MajorLineColor = Palette.LineColor;
        plot.Axes.Left.TickLabelStyle.FontSize = TextPixels;
        plot.Axes.Bottom.TickLabelStyle.FontSize = TextPixels;
        return plot;
    }

    private static void AddLine(Plot plot, EngineInfo engine, double[] xs, double[] ys)
    {
        Scatter line = plot.Add.ScatterLine(xs, ys, Palette.Color(engine));
        line.LineWidth = engine.IsPeer ? 1.5f : 2.5f;
    }

    private static void AddMark(Plot plot, TimelineMark mark, double highest)
    {
        (double height, MarkerShape shape) = mark.Kind switch
        {
            "flush" => (0.03, MarkerShape.FilledTriangleUp),
            "compaction" => (0.08, MarkerShape.FilledSquare),
            _ => (0.13, MarkerShape.FilledCircle),
        };
        plot.Add.Marker(mark.Second, highest * height, shape, 6, Palette.InkColor);
    }

    // 90 % is one nine, 99 % two: how often it does not happen, by powers of ten.
    private static double Nines(double percentile) =>
        percentile >= 100 ? 5.1 : -Math.Log10(1 - percentile / 100);

    private static string Time(double us) => us switch
    {
        >= 1e6 => Figures.Number(us / 1e6) + " s",
        >= 1e3 => Figures.Number(us / 1e3) + " ms",
        _ => Figures.Number(us) + " us",
    };

    private static NumericManual Decades(double lowest, double highest, Func<double, string> text)
    {
        var ticks = new NumericManual();
        int step = highest - lowest > 5 ? 2 : 1;
        for (int power = (int)Math.Ceiling(lowest); power <= highest; power += step)
            ticks.AddMajor(power, text(Math.Pow(10, power)));
        return ticks;
    }
}
