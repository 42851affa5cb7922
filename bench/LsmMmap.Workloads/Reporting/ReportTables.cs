// The tables of the report. A figure is written as <td data-figure="where in results.json"
// data-value="exact">text</td>; what is not known is a dash.

using System.Net;
using System.Text;
using LsmMmap.Workloads.Results;

namespace LsmMmap.Workloads.Reporting;

internal sealed class ReportTables(ResultFile result)
{
    private readonly EngineInfo[] _engines =
        [.. result.Engines.Where(engine => engine.WhyNot == null)];

    /// <summary>Speeds of all rows, with the ratio to the best peer.</summary>
    public string Speed()
    {
        var page = new StringBuilder("<h2>Operations per second</h2>\n<p>The ratio is that of "
            + "LsmMmap to the best of the others; below 1 it loses. A star: the time was up before "
            + "all entries were written.</p>\n");
        Begin(page, [.. _engines.Select(engine => engine.Name), "to best peer"]);
        foreach (WorkloadInfo workload in result.Workloads)
        {
            if (!result.Rows.Any(row => row.Workload == workload.Name))
                continue;
            page.Append($"<tr><th>{Text(workload.Name)}</th>");
            foreach (EngineInfo engine in _engines)
                page.Append(SpeedCell(workload.Name, engine.Id));
            Comparison? best = Best(workload.Name);
            page.Append(best == null ? "<td>-</td>" : Cell(
                $"comparisons/{workload.Name}/ratio", best.Ratio, Figures.Ratio(best.Ratio),
                best.Ratio < 1 ? "lose" : "win"));
            page.Append("</tr>\n");
        }
        return End(page);
    }

    /// <summary>The ratio as a sentence under a chart.</summary>
    public string RatioText(string workload)
    {
        if (Best(workload) is not { } best)
            return "";
        string peer = result.Engines.First(engine => engine.Id == best.BestPeer).Name;
        return $"<span class=\"{(best.Ratio < 1 ? "lose" : "win")}\">LsmMmap <span "
            + $"data-figure=\"comparisons/{workload}/ratio\" data-value=\""
            + $"{Figures.Exact(best.Ratio)}\">{Figures.Ratio(best.Ratio)}</span> "
            + $"the best peer ({Text(peer)})</span>";
    }

    public string Latencies() => PerRow(
        "Latencies, microseconds",
        "Writes, batches and scans are timed one by one, of reads every eighth (of YCSB every "
            + "fourth); a row without figures is timed as a whole.",
        row => row.P50Us != null,
        ("p50", "p50Us", row => row.P50Us, Figures.Microseconds),
        ("p99", "p99Us", row => row.P99Us, Figures.Microseconds),
        ("p99.9", "p999Us", row => row.P999Us, Figures.Microseconds),
        ("max", "maxUs", row => row.MaxUs, Figures.Microseconds));

    public string Amplification() => PerRow(
        "Amplification and stalls",
        "Bytes written are those of the whole process until its background work had ended. Space "
            + "is what the file system gave to the files, per byte of live keys and values.",
        row => row.WriteAmplification != null || row.StallMs > 0,
        ("write amp.", "writeAmplification", row => row.WriteAmplification, Figures.Number),
        ("space amp.", "spaceAmplification", row => row.SpaceAmplification, Figures.Number),
        ("written, MiB", "writtenBytes", row => row.WrittenBytes, Figures.Mebibytes),
        ("on disk, MiB", "directoryBytes", row => row.DirectoryBytes, Figures.Mebibytes),
        ("stall, ms", "stallMs", row => row.StallMs, Figures.Number),
        ("in operations over 10 ms, ms", "longOperationMs", row => row.LongOperationMs,
            Figures.Number),
        ("settle, ms", "settleMs", row => row.SettleMs, Figures.Number));

    public string Memory() => PerRow(
        "Memory, collections, opening",
        "Anonymous memory is the process's own, file memory is mapped pages of the page cache. "
            + "Opening is the first one of a process.",
        _ => true,
        ("peak, MiB", "peakBytes", row => row.PeakBytes, Figures.Mebibytes),
        ("anonymous, MiB", "peakAnonymousBytes", row => row.PeakAnonymousBytes, Figures.Mebibytes),
        ("file, MiB", "peakFileBytes", row => row.PeakFileBytes, Figures.Mebibytes),
        ("managed B/op", "managedBytesPerOperation", row => row.ManagedBytesPerOperation,
            Figures.Number),
        ("gen 0", "gen0", row => row.Gen0, Figures.Count),
        ("gen 1", "gen1", row => row.Gen1, Figures.Count),
        ("gen 2", "gen2", row => row.Gen2, Figures.Count),
        ("GC pause, ms", "gcPauseMs", row => row.GcPauseMs, Figures.Number),
        ("open, ms", "openMs", row => row.OpenMs, Figures.Number));

    /// <summary>Figures that only some workloads have, and remarks.</summary>
    public string Extras()
    {
        var page = new StringBuilder("<h2>Beside these</h2>\n");
        Begin(page, ["engine", "figure", "value"]);
        foreach (Row row in result.Rows)
        {
            foreach ((string name, double value) in row.Valid ? row.Median.Extra : [])
                page.Append($"<tr><th>{row.Workload}</th><td>{Name(row)}</td><td>{Text(name)}</td>")
                    .Append(Cell($"rows/{row.Workload}/{row.Engine}/median/extra/{name}", value,
                        Figures.Rate(value))).Append("</tr>\n");
            if (row.Note != null)
                page.Append($"<tr><th>{row.Workload}</th><td>{Name(row)}</td><td>")
                    .Append(row.Valid ? "remark" : "INVALID")
                    .Append($"</td><td class=\"note\">{Text(row.Note)}</td></tr>\n");
        }
        return End(page);
    }

    public string Skipped()
    {
        if (result.Skipped.Count == 0)
            return "";
        var page = new StringBuilder("<h2>Not run</h2>\n");
        Begin(page, ["engine", "reason"]);
        foreach (SkippedRow row in result.Skipped)
            page.Append($"<tr><th>{row.Workload}</th><td>{row.Engine}</td>")
                .Append($"<td class=\"note\">{Text(row.Reason)}</td></tr>\n");
        return End(page);
    }

    public string Settings()
    {
        var page = new StringBuilder("<h2>Settings</h2>\n<p>Options: <code>")
            .Append(Text(result.Command.Length == 0 ? "(none)" : result.Command))
            .Append("</code></p>\n<dl>\n");
        foreach (EngineInfo engine in result.Engines)
            page.Append($"<dt>{Text(engine.Name)} {Text(engine.Version ?? "")}</dt>")
                .Append($"<dd>{Text(engine.Settings)}</dd>\n");
        return page.Append("</dl>\n").ToString();
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private static void Begin(StringBuilder page, IEnumerable<string> columns)
    {
        page.Append("<div class=\"wide\"><table><thead><tr><th></th>");
        foreach (string column in columns)
            page.Append($"<th>{Text(column)}</th>");
        page.Append("</tr></thead><tbody>\n");
    }

    private static string End(StringBuilder page) =>
        page.Append("</tbody></table></div>\n").ToString();

    private static string Cell(string figure, double value, string text, string? kind = null) =>
        $"<td{(kind == null ? "" : $" class=\"{kind}\"")} data-figure=\"{figure}\" "
        + $"data-value=\"{Figures.Exact(value)}\">{text}</td>";

    private string PerRow(
        string title, string remark, Func<RunResult, bool> isShown,
        params (string Title, string Name, Func<RunResult, double?> Of, Func<double, string> Text)[]
            columns)
    {
        var page = new StringBuilder($"<h2>{Text(title)}</h2>\n<p>{Text(remark)}</p>\n");
        Begin(page, columns.Select(column => column.Title).Prepend("engine"));
        foreach (Row row in result.Rows.Where(row => row.Valid && isShown(row.Median)))
        {
            page.Append($"<tr><th>{row.Workload}</th><td>{Name(row)}</td>");
            foreach (var column in columns)
                page.Append(column.Of(row.Median) is double value
                    ? Cell($"rows/{row.Workload}/{row.Engine}/median/{column.Name}", value,
                        column.Text(value))
                    : "<td>-</td>");
            page.Append("</tr>\n");
        }
        return End(page);
    }

    private string SpeedCell(string workload, string engine)
    {
        Row? row = result.Rows.FirstOrDefault(
            row => row.Workload == workload && row.Engine == engine);
        if (row == null)
            return "<td>-</td>";
        if (!row.Valid)
            return "<td class=\"lose\">invalid</td>";
        double value = row.Median.OperationsPerSecond;
        return Cell($"rows/{workload}/{engine}/median/operationsPerSecond", value,
            Figures.Rate(value) + (row.Median.Complete ? "" : "*"),
            Best(workload)?.BestPeer == engine ? "best" : null);
    }

    private Comparison? Best(string workload) =>
        result.Comparisons.FirstOrDefault(c => c.Workload == workload);

    private string Name(Row row) =>
        Text(result.Engines.First(engine => engine.Id == row.Engine).Name);
}
