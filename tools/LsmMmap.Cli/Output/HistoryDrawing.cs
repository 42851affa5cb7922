// What a tree cost since its MANIFEST began, as three lines below each other: write amplification,
// space amplification, and the tables that a get may ask. From left to right one step for each
// change of the tables, since what happens between two changes costs nothing.

using System.Globalization;
using System.Text;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Cli.Output;

internal static class HistoryDrawing
{
    private const int Width = 1_000;
    private const int Height = 80;
    private const int Left = 70;
    private const int StepsMax = 500;

    public static string Write(IReadOnlyList<TreePoint> points)
    {
        if (points.Count < 2)
            return "<p>No change since this MANIFEST began.</p>\n";
        var page = new StringBuilder();
        TreePoint end = points[^1];
        page.Append(CultureInfo.InvariantCulture,
            $"<p>{Quantity.Count(points.Count - 1, "change")} since this MANIFEST began; ")
            .Append(CultureInfo.InvariantCulture,
                $"{Quantity.Size(end.FlushedBytes)} flushed, {Quantity.Size(end.WrittenBytes)} ")
            .Append("written to tables.</p>\n");
        TreePoint[] shown = Thin(points);
        Line(page, "write amplification", shown, static point => point.WriteAmplification);
        Line(page, "space amplification", shown, static point => point.SpaceAmplification);
        Line(page, "sorted runs", shown, static point => point.RunCount);
        return page.ToString();
    }

    private static void Line(
        StringBuilder page, string what, TreePoint[] points, Func<TreePoint, double> value)
    {
        double most = Math.Max(1, points.Max(value));
        page.Append(CultureInfo.InvariantCulture,
            $"<svg class=\"history\" viewBox=\"0 0 {Width} {Height}\" role=\"img\" ")
            .Append(CultureInfo.InvariantCulture,
                $"aria-label=\"{what} over time, {value(points[^1]):0.00} at the end\">")
            .Append(CultureInfo.InvariantCulture,
                $"<text x=\"0\" y=\"12\">{what}: {value(points[^1]):0.00} at the end, ")
            .Append(CultureInfo.InvariantCulture, $"{most:0.00} at most</text>")
            .Append(CultureInfo.InvariantCulture,
                $"<path class=\"axis\" d=\"M{Left} 20V{Height - 2}H{Width}\"/>")
            .Append("<polyline points=\"");
        for (int i = 0; i < points.Length; i++)
        {
            double x = Left + (double)(Width - Left) * i / Math.Max(1, points.Length - 1);
            double y = Height - 2 - (Height - 22) * value(points[i]) / most;
            page.Append(CultureInfo.InvariantCulture, $"{x:0.0},{y:0.0} ");
        }
        page.Append("\"/></svg>\n");
    }

    // Of many, some at equal distances, the last among them.
    private static TreePoint[] Thin(IReadOnlyList<TreePoint> points)
    {
        int steps = Math.Min(points.Count, StepsMax);
        return [.. Enumerable.Range(1, steps)
            .Select(step => points[(int)((long)points.Count * step / steps) - 1])];
    }
}
