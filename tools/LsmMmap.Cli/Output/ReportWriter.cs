// Results in the form their reader wants: a drawn table when a person looks, tab-separated lines
// in a pipe, JSON lines on request. Commands say what they found and nothing about how it looks.
//
// A sheet is one thing with many figures; rows are many things with the same figures. Rows are
// written as they come, except for a person, whose table is drawn when all rows are known.

using Spectre.Console;

namespace LsmMmap.Cli.Output;

internal sealed class ReportWriter : IDisposable
{
    private readonly CliConsole _console;
    private readonly JsonLine? _json;
    private Table? _table;

    public ReportWriter(CliConsole console, bool asJson)
    {
        _console = console;
        _json = asJson ? new JsonLine(console) : null;
    }

    private bool IsForPerson => _json is null && _console.OutIsTerminal;

    /// <summary>One thing: a line per figure, or one JSON object.</summary>
    public void Sheet(params IReadOnlyList<Field> fields)
    {
        if (_json is not null)
        {
            WriteJson(_json, fields);
            return;
        }
        if (!IsForPerson)
        {
            foreach (Field field in fields)
                _console.Out.WriteLine(field.Name + "\t" + field.Plain);
            return;
        }
        var grid = new Grid();
        grid.AddColumn(new GridColumn().NoWrap().PadRight(3));
        grid.AddColumn(new GridColumn());
        foreach (Field field in fields)
            grid.AddRow(new Markup("[grey]" + Markup.Escape(field.Title) + "[/]"),
                new Text(field.Human));
        _console.Rich().Write(grid);
    }

    /// <summary>One of many; every row of a report has the same names in the same order.</summary>
    public void Row(params IReadOnlyList<Field> fields)
    {
        if (_json is not null)
            WriteJson(_json, fields);
        else if (!IsForPerson)
            _console.Out.WriteLine(string.Join('\t', fields.Select(field => field.Plain)));
        else
            AddToTable(fields);
    }

    /// <summary>Draws the table of the rows so far, if there is one.</summary>
    public void EndRows()
    {
        if (_table is not null)
            _console.Rich().Write(_table);
        _table = null;
    }

    public void Dispose()
    {
        EndRows();
        _json?.Dispose();
    }

    private static void WriteJson(JsonLine json, IReadOnlyList<Field> fields)
    {
        System.Text.Json.Utf8JsonWriter writer = json.Begin();
        foreach (Field field in fields)
            field.WriteJson(writer);
        json.End();
    }

    private void AddToTable(IReadOnlyList<Field> fields)
    {
        if (_table is null)
        {
            _table = new Table().Border(TableBorder.Simple);
            foreach (Field field in fields)
            {
                var column = new TableColumn(Markup.Escape(field.Title));
                _table.AddColumn(field.IsNumber ? column.RightAligned() : column);
            }
        }
        _table.AddRow(fields.Select(field => new Text(field.Human)));
    }
}
