// The pictures for a README: the ratio to the best peer of every workload as one SVG, those where
// LsmMmap loses as well as those where it wins, and the bars of a few workloads.

using LsmMmap.Workloads.Results;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace LsmMmap.Workloads.Reporting;

internal static class ReadmePictures
{
    private const int Width = 760;
    private const int BarPixels = 20;
    private const int FramePixels = 50;

    private static readonly string[] s_bars =
        ["fillrandom", "fillsync8", "readrandom", "readseq", "seekrandom", "ycsb-a"];

    public static void Write(ResultFile result, string folder)
    {
        Directory.CreateDirectory(folder);
        if (result.Comparisons.Count > 0)
            Write(folder, "ratios", Ratios(result.Comparisons), "ratio to the best peer");
        foreach (string workload in s_bars)
            if (ReportPage.BarsOf(result, workload) is { Count: > 0 } bars)
                Write(folder, workload, Charts.Bars(bars), "operations per second of " + workload);
    }

    private static void Write(string folder, string name, string svg, string label) =>
        File.WriteAllText(
            Path.Combine(folder, name + ".svg"),
            SvgText.Standalone(SvgText.Inline(svg, label)) + "\n");

    // Bars from 1: to the right it wins, to the left it loses, equally far for equal factors.
    private static string Ratios(IReadOnlyList<Comparison> comparisons)
    {
        using Plot plot = Charts.NewPlot();
        double reach = Math.Max(1, Math.Ceiling(
            comparisons.Max(c => Math.Abs(Math.Log2(c.Ratio))) + 0.5));
        int count = comparisons.Count;
        var bars = new List<Bar>();
        for (int i = 0; i < count; i++)
            bars.Add(new Bar
            {
                Position = count - i,
                Value = Math.Log2(comparisons[i].Ratio),
                Size = 0.75,
                Orientation = Orientation.Horizontal,
                LineWidth = 0,
                FillColor = Color.FromHex(comparisons[i].Ratio < 1 ? "#CF4A4A" : "#2F9E44"),
                Label = Figures.Ratio(comparisons[i].Ratio),
            });
        var drawn = plot.Add.Bars(bars);
        drawn.Horizontal = true;
        drawn.ValueLabelStyle.ForeColor = Palette.InkColor;
        drawn.ValueLabelStyle.FontSize = 12;
        plot.Axes.Left.TickGenerator = new NumericManual([.. comparisons.Select(
            (c, i) => new Tick(count - i, $"{c.Workload} ({c.BestPeer})"))]);
        plot.Axes.Left.MajorTickStyle.Length = 0;
        var ticks = new NumericManual();
        for (int power = (int)-reach; power <= reach; power++)
            ticks.AddMajor(power, Figures.Ratio(Math.Pow(2, power)));
        plot.Axes.Bottom.TickGenerator = ticks;
        plot.Axes.SetLimits(-reach - 0.7, reach + 0.7, 0.4, count + 0.6);
        plot.Grid.YAxisStyle.IsVisible = false;
        return plot.GetSvgXml(Width, FramePixels + BarPixels * count);
    }
}
