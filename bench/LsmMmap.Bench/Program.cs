// The entry of the micro benchmarks: one class per hot file, chosen on the command line (see the
// README beside this file). Allocations are always measured. Of reports there are two: the table
// for people, and a CSV of plain nanoseconds, which bench/compare.sh reads.

using System.Globalization;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Exporters.Csv;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using Perfolizer.Horology;
using Perfolizer.Metrology;

var plain = new SummaryStyle(
    CultureInfo.InvariantCulture, printUnitsInHeader: true, SizeUnit.B, TimeUnit.Nanosecond,
    printUnitsInContent: false);
// Not the default configuration: its own CSV would take the name of ours.
IConfig config = ManualConfig.CreateMinimumViable()
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddExporter(MarkdownExporter.GitHub, new CsvExporter(CsvSeparator.Semicolon, plain));
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
