// The report: one page that needs nothing beside itself, readable on a phone and in the dark. Every
// picture's figures stand in tables too; each figure carries where in results.json it comes from
// and its exact value, so that a test (or a reader) can compare.

using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text;
using LsmMmap.Workloads.Results;

namespace LsmMmap.Workloads.Reporting;

internal sealed class ReportPage
{
    private static readonly string[] s_curves =
    [
        "fillrandom", "fillsync1", "overwrite", "readrandom", "readwhilewriting", "ycsb-a",
        "ycsb-e", "readrandom-beyond", "sustained",
    ];

    private static readonly string[] s_timelines =
    [
        "fillseq", "fillrandom", "fillbatch", "overwrite", "deleterandom", "overwrite-4k",
        "sustained",
    ];

    private readonly ResultFile _result;
    private readonly ReportTables _tables;
    private readonly StringBuilder _page = new();

    private ReportPage(ResultFile result)
    {
        _result = result;
        _tables = new ReportTables(result);
    }

    public static string Write(ResultFile result) => new ReportPage(result).Compose();

    /// <summary>Where the bars of one workload come from, the fastest first.</summary>
    public static IReadOnlyList<BarValue> BarsOf(ResultFile result, string workload) =>
    [
        .. result.Rows
            .Where(row => row.Workload == workload && row.Valid
                && row.Median.OperationsPerSecond > 0)
            .OrderByDescending(row => row.Median.OperationsPerSecond)
            .Select(row => new BarValue(
                result.Engines.First(engine => engine.Id == row.Engine),
                row.Median.OperationsPerSecond)),
    ];

    private static string Style()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("page.css")
            ?? throw new InvalidOperationException("the style sheet is part of the program");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private string Compose()
    {
        _page.Append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n")
            .Append("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n")
            .Append("<meta name=\"color-scheme\" content=\"light dark\">\n")
            .Append("<title>LsmMmap beside its peers</title>\n<style>\n").Append(Style())
            .Append("</style></head>\n<body><main>\n");
        Head();
        _page.Append(_tables.Speed());
        foreach (IGrouping<string, WorkloadInfo> group in _result.Workloads.GroupBy(w => w.Group))
            Bars(group.Key, group);
        Curves();
        Timelines();
        _page.Append(_tables.Latencies()).Append(_tables.Amplification())
            .Append(_tables.Memory()).Append(_tables.Extras()).Append(_tables.Skipped())
            .Append(_tables.Settings());
        return _page.Append("</main></body></html>\n").ToString();
    }

    private void Head()
    {
        MachineInfo machine = _result.Machine;
        _page.Append("<h1>LsmMmap beside its peers</h1>\n<p>")
            .Append(CultureInfo.InvariantCulture, $"{Text(machine.Cpu)}, {machine.Cores} cores, ")
            .Append(CultureInfo.InvariantCulture,
                $"{machine.MemoryBytes >> 30} GiB, {Text(machine.FileSystem)}, ")
            .Append(CultureInfo.InvariantCulture,
                $"{Text(machine.OperatingSystem)}, {Text(machine.Runtime)}. ")
            .Append(CultureInfo.InvariantCulture,
                $"{_result.Settings.Entries:N0} entries of {_result.Settings.KeyBytes} + ")
            .Append(CultureInfo.InvariantCulture,
                $"{_result.Settings.ValueBytes} bytes, medians of {_result.Settings.Repeats}, ")
            .Append(CultureInfo.InvariantCulture,
                $"made {_result.Made:yyyy-MM-dd} in {_result.Minutes:0.0} minutes.</p>\n");
        if (_result.Settings.Repeats < 3 || _result.Settings.Quick)
            _page.Append("<p class=\"warn\">A quick run: too short and too few repeats to "
                + "decide anything by.</p>\n");
        _page.Append("<ul class=\"legend\">");
        foreach (EngineInfo engine in _result.Engines.Where(engine => engine.WhyNot == null))
            _page.Append($"<li><i style=\"background:{Palette.Of(engine)}\"></i>")
                .Append($"{Text(engine.Name)} {Text(engine.Version ?? "")}</li>");
        _page.Append("</ul>\n");
        foreach (EngineInfo engine in _result.Engines.Where(engine => engine.WhyNot != null))
            _page.Append($"<p>{Text(engine.Name)} took no part: {Text(engine.WhyNot!)}.</p>\n");
    }

    private void Bars(string title, IEnumerable<WorkloadInfo> workloads)
    {
        WorkloadInfo[] drawn = [.. workloads.Where(w => BarsOf(_result, w.Name).Count > 0)];
        if (drawn.Length == 0)
            return;
        _page.Append($"<h2>{Text(title)}</h2>\n<div class=\"grid\">\n");
        foreach (WorkloadInfo workload in drawn)
            _page.Append($"<figure data-chart=\"bars/{workload.Name}\"><figcaption>")
                .Append($"<b>{Text(workload.Name)}</b> {Text(workload.Title)}, ")
                .Append($"{Text(workload.Unit)}/s {_tables.RatioText(workload.Name)}")
                .Append("</figcaption>")
                .Append(SvgText.Inline(
                    Charts.Bars(BarsOf(_result, workload.Name)), "bars of " + workload.Name))
                .Append("</figure>\n");
        _page.Append("</div>\n");
    }

    private void Curves()
    {
        string[] drawn = [.. s_curves.Where(name => Lines(name).Count > 0)];
        if (drawn.Length == 0)
            return;
        _page.Append("<h2>Latency by percentile</h2>\n<p>The last point is the maximum.</p>\n")
            .Append("<div class=\"grid\">\n");
        foreach (string name in drawn)
            Figure("latency", name, Charts.Latencies(Lines(name)));
        _page.Append("</div>\n");

        List<LineValues> Lines(string name) => [.. RowsOf(name)
            .Where(row => row.Median.LatencyCurve.Length > 0)
            .Select(row => new LineValues(
                EngineOf(row), [.. row.Median.LatencyCurve.Select(point => point[0])],
                [.. row.Median.LatencyCurve.Select(point => Math.Max(point[1], 0.001))]))];
    }

    private void Timelines()
    {
        string[] drawn = [.. s_timelines.Where(name => TimeLines(name).Count > 0)];
        if (drawn.Length == 0)
            return;
        _page.Append("<h2>Throughput over time</h2>\n<p>Operations in each 100 ms. Marks are those")
            .Append(" of LsmMmap: triangle flush, square compaction, circle stall.</p>\n")
            .Append("<div class=\"grid\">\n");
        foreach (string name in drawn)
        {
            Row? own = RowsOf(name).FirstOrDefault(row => row.Engine == "lsm");
            Figure("timeline", name, Charts.Throughput(TimeLines(name), own?.Median.Marks ?? []));
        }
        _page.Append("</div>\n");
    }

    // The last slice of time is not a whole one and would look like a stall.
    private List<LineValues> TimeLines(string name) => [.. RowsOf(name)
        .Where(row => row.Median.Timeline.Length > 2)
        .Select(row => new LineValues(
            EngineOf(row),
            [.. row.Median.Timeline[..^1].Select((_, i) => (i + 0.5) / 10)],
            [.. row.Median.Timeline[..^1].Select(count => count * 10.0)]))];

    private void Figure(string kind, string workload, string svg) =>
        _page.Append($"<figure data-chart=\"{kind}/{workload}\"><figcaption><b>{workload}</b>")
            .Append("</figcaption>").Append(SvgText.Inline(svg, $"{kind} of {workload}"))
            .Append("</figure>\n");

    private IEnumerable<Row> RowsOf(string workload) =>
        _result.Rows.Where(row => row.Workload == workload && row.Valid);

    private EngineInfo EngineOf(Row row) =>
        _result.Engines.First(engine => engine.Id == row.Engine);
}
