// `lsm load FILE`: fills a keyspace from a file of lines, or from stdin (-). The formats stand in
// Loading/LineFormat.cs. Says on stdout what was loaded, how fast, and what the store weighs now.

using System.CommandLine;
using LsmMmap.Cli.Loading;
using LsmMmap.Cli.Output;

namespace LsmMmap.Cli.Commands;

internal static class LoadCommand
{
    private const int BatchMax = 1_000_000;

    public static Command Create(CliConsole console, SharedOptions shared)
    {
        var options = new LoadOptions();
        var command = new Command("load", "Stores every line of a file; makes the store when"
            + " it is missing.\n\n"
            + "  text   value = the line, key = its number (0000000001)\n"
            + "  tsv    key, tab, value\n"
            + "  jsonl  key = a field of the object, value = the line or another field")
        {
            options.File, shared.Database, shared.KeyspaceName, options.Format, options.KeyField,
            options.ValueField, options.Escaped, options.SkipBad, shared.Durability,
            options.Batch, shared.Json, shared.MemtableBytes,
        };
        command.Validators.Add(result =>
        {
            bool isJsonl = result.GetValue(options.Format) == "jsonl";
            bool isTsv = result.GetValue(options.Format) == "tsv";
            if (!isJsonl && (result.GetResult(options.ValueField) is not null
                || result.GetResult(options.KeyField) is { Implicit: false }))
                result.AddError("--key-field and --value-field need --format jsonl.");
            if (!isTsv && result.GetValue(options.Escaped))
                result.AddError("--escaped needs --format tsv.");
        });
        command.SetAction(parsed => Run(console, shared, options, parsed));
        return command;
    }

    private static int Run(
        CliConsole console, SharedOptions shared, LoadOptions options, ParseResult parsed)
    {
        string file = parsed.GetRequiredValue(options.File);
        LineFormat format = parsed.GetRequiredValue(options.Format) switch
        {
            "tsv" => LineFormat.Tsv(parsed.GetValue(options.Escaped)),
            "jsonl" => LineFormat.Jsonl(parsed.GetRequiredValue(options.KeyField),
                parsed.GetValue(options.ValueField)),
            _ => LineFormat.Text(),
        };
        using Stream source = file == "-" ? console.Input : OpenFile(file);
        using LsmStore store = shared.OpenForWriting(parsed, createIfMissing: true);
        Keyspace keyspace = shared.KeyspaceForWriting(parsed, store, shared.NameOf(parsed));
        using var loader = new LineLoader(
            store, keyspace, parsed.GetValue(shared.Durability),
            (int)parsed.GetValue(options.Batch)!.Value, parsed.GetValue(options.SkipBad));
        long start = console.Time.GetTimestamp();
        long total = source.CanSeek ? source.Length : 0;
        using (var progress = new ProgressLine(console, "loading", total, isSize: true))
            loader.Load(new LineReader(source), format, file == "-" ? "stdin" : file, console,
                progress.Report);
        TimeSpan time = console.Time.GetElapsedTime(start);
        Tell(console, parsed.GetValue(shared.Json), loader, time, store.GetStatistics());
        return ExitCode.Ok;
    }

    private static void Tell(
        CliConsole console, bool json, LineLoader loader, TimeSpan time,
        StoreStatistics statistics)
    {
        using var report = new ReportWriter(console, json);
        report.Sheet(
            Field.Number("lines", loader.LinesLoaded),
            Field.Number("skipped", loader.LinesSkipped),
            Field.Size("keyBytes", loader.KeyBytes),
            Field.Size("valueBytes", loader.ValueBytes),
            Field.Seconds("seconds", time),
            Field.Number("linesPerSecond",
                (long)Quantity.PerSecond(loader.LinesLoaded, time)),
            Field.Size("bytesPerSecond",
                (long)Quantity.PerSecond(loader.KeyBytes + loader.ValueBytes, time)),
            Field.Size("logBytesWritten", statistics.BytesWrittenToLog),
            Field.Size("tableBytesWritten", statistics.BytesWrittenToTables),
            Field.Number("tables", statistics.TableCount),
            Field.Size("tableBytes", statistics.TableBytes));
    }

    private static FileStream OpenFile(string file)
    {
        if (Directory.Exists(file))
            throw new FailureException($"{file} is a directory");
        return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite,
            bufferSize: 0, FileOptions.SequentialScan);
    }

    private sealed class LoadOptions
    {
        public Argument<string> File { get; } = new("FILE")
        {
            Description = "The file to read; - is stdin.",
        };

        public Option<string> Format { get; } = CreateFormat();

        public Option<string> KeyField { get; } = new("--key-field")
        {
            HelpName = "NAME",
            Description = "jsonl: the field whose text is the key.",
            DefaultValueFactory = _ => "key",
        };

        public Option<string?> ValueField { get; } = new("--value-field")
        {
            HelpName = "NAME",
            Description = "jsonl: the field whose text is the value; without it, the whole line.",
        };

        public Option<bool> Escaped { get; } = Flag.Create(
            "--escaped", @"tsv: \t \n \r \\ \xNN stand for bytes, as `lsm scan` writes them.");

        public Option<bool> SkipBad { get; } = Flag.Create(
            "--skip-bad", "Count lines that do not fit the format instead of stopping there.");

        public Option<long?> Batch { get; } = NumberOption.Create(
            "--batch", [], "N", "Lines in one atomic batch.", 1, BatchMax, standard: 1000);

        private static Option<string> CreateFormat()
        {
            var format = new Option<string>("--format", "-f")
            {
                Description = "What a line means.",
                DefaultValueFactory = _ => "text",
            };
            return format.AcceptOnlyFromAmong("text", "tsv", "jsonl");
        }
    }
}
