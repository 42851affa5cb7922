// What stands in the terminal: a line for each run while it goes on, and a table at the end.

using LsmMmap.Workloads.Reporting;
using LsmMmap.Workloads.Results;
using LsmMmap.Workloads.Running;
using LsmMmap.Workloads.Workloads;
using Spectre.Console;

namespace LsmMmap.Workloads.CommandLine;

/// <summary>One line for each child that has ended.</summary>
internal sealed class ProgressText(BenchSettings settings)
{
    private int _count;
    private int _done;

    public void Begin(int count)
    {
        _count = count;
        AnsiConsole.WriteLine($"{count} processes: {settings.Workloads.Count} workloads on up to "
            + $"{settings.Engines.Count} engines, {settings.Repeats} times");
    }

    public void Tell(RunResult run)
    {
        _done++;
        string speed = run.Operations == 0 || run.OperationsPerSecond <= 0
            ? "" : Figures.Rate(run.OperationsPerSecond) + "/s";
        string how = run.Valid ? speed : "INVALID: " + run.Note;
        AnsiConsole.WriteLine($"[{_done}/{_count}] {run.Workload,-20} {run.Engine,-12} {how}");
    }
}

internal static class ResultTable
{
    private const int PipeColumns = 220;

    public static void Print(ResultFile result)
    {
        // A pipe has no width of its own, and a table that is cut to pieces helps nobody.
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = PipeColumns;
        EngineInfo[] engines = [.. result.Engines.Where(engine => engine.WhyNot == null)];
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn(new TableColumn("operations/s").NoWrap());
        foreach (EngineInfo engine in engines)
            table.AddColumn(new TableColumn(Markup.Escape(engine.Name)).RightAligned().NoWrap());
        table.AddColumn(new TableColumn("to best peer").RightAligned().NoWrap());
        foreach (WorkloadInfo workload in result.Workloads)
        {
            var cells = new List<string> { workload.Name };
            cells.AddRange(engines.Select(engine => Cell(result, workload, engine)));
            Comparison? best = result.Comparisons.FirstOrDefault(c => c.Workload == workload.Name);
            cells.Add(best == null ? "" : $"{Figures.Ratio(best.Ratio)} {best.BestPeer}");
            table.AddRow([.. cells.Select(Markup.Escape)]);
        }
        AnsiConsole.Write(table);
        PrintExtras(result, engines);
        foreach (EngineInfo engine in result.Engines.Where(engine => engine.WhyNot != null))
            AnsiConsole.WriteLine($"{engine.Name} took no part: {engine.WhyNot}");
        foreach (Row row in result.Rows.Where(row => !row.Valid))
            AnsiConsole.WriteLine($"INVALID {row.Workload} {row.Engine}: {row.Note}");
    }

    // Rows that are run only by name are run for these figures; of the others a reader who asks
    // finds them in the report.
    private static void PrintExtras(ResultFile result, EngineInfo[] engines)
    {
        foreach (WorkloadInfo workload in result.Workloads.Where(
            workload => workload.Group == WorkloadCatalogue.Sustained))
        {
            Row[] rows = [.. result.Rows.Where(r => r.Workload == workload.Name && r.Valid)];
            var table = new Table().Border(TableBorder.Simple);
            table.AddColumn(new TableColumn(workload.Name).NoWrap());
            foreach (EngineInfo engine in engines)
                table.AddColumn(
                    new TableColumn(Markup.Escape(engine.Name)).RightAligned().NoWrap());
            foreach (string name in rows.SelectMany(row => row.Median.Extra.Keys).Distinct())
                table.AddRow([name, .. engines.Select(engine => Extra(engine, name))]);
            AnsiConsole.Write(table);

            string Extra(EngineInfo engine, string name) =>
                rows.FirstOrDefault(row => row.Engine == engine.Id) is { } row
                    && row.Median.Extra.TryGetValue(name, out double value)
                    ? Figures.Rate(value) : "-";
        }
    }

    private static string Cell(ResultFile result, WorkloadInfo workload, EngineInfo engine)
    {
        Row? row = result.Rows.FirstOrDefault(
            r => r.Workload == workload.Name && r.Engine == engine.Id);
        return row == null ? "-" : !row.Valid ? "invalid"
            : Figures.Rate(row.Median.OperationsPerSecond) + (row.Median.Complete ? "" : "*");
    }
}
