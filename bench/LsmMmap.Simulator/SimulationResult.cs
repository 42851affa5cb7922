// The figures of one run, and the line of a table that they become.

using System.Globalization;

namespace LsmMmap.Simulator;

/// <param name="SpaceLeft">Bytes of tables for each byte that they had before the deletes.</param>
/// <param name="WriteAmplification">For each byte of the deletes.</param>
/// <param name="WrittenPart">Bytes written for each byte that the tables had before.</param>
internal sealed record DeletedFigures(
    double SpaceLeft, double WriteAmplification, double WrittenPart);

internal sealed record SimulationResult
{
    public const string Header =
        "| style | keys | data | writes a key | WA | space, peak | space, rest | runs, mean | max "
        + "| flushes | compactions | moves | largest | levels (GB) |\n"
        + "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|";

    public required SimulationSettings Settings { get; init; }

    /// <summary>Bytes of all writes.</summary>
    public required double UserBytes { get; init; }

    /// <summary>What the tables would take if they held each live entry once.</summary>
    public required double LiveBytes { get; init; }

    public required IReadOnlyList<long> LevelBytes { get; init; }

    public required long WrittenBytes { get; init; }

    public required double SpacePeak { get; init; }

    /// <summary>After each flush and what it made due.</summary>
    public required double TableBytesMean { get; init; }

    public required double SpaceAtRest { get; init; }

    public required double RunsMean { get; init; }

    public required int RunsMax { get; init; }

    public required long FlushCount { get; init; }

    public required long CompactionCount { get; init; }

    public required long MoveCount { get; init; }

    public required long LargestCompactionBytes { get; init; }

    public required double StoppedSeconds { get; init; }

    public DeletedFigures? AfterDeletes { get; init; }

    public TimeSpan Elapsed { get; init; }

    /// <summary>Bytes written to tables for each byte of the user; the log is one more.</summary>
    public double WriteAmplification => WrittenBytes / UserBytes;

    public string ToRow()
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        string levels = string.Join(", ", LevelBytes.Select((bytes, level) => (bytes, level))
            .Where(static l => l.bytes > 0)
            .Select(l => string.Create(culture, $"L{l.level} {l.bytes / 1e9:0.00}")));
        string row = string.Create(culture,
            $"| {Settings.Style} | {Settings.Keys} | {Settings.DataBytes / 1e9:0.##} GB " +
            $"| {Settings.WritesPerKey:0.##} | {WriteAmplification:0.00} | {SpacePeak:0.00} " +
            $"| {SpaceAtRest:0.000} | {RunsMean:0.0} | {RunsMax} | {FlushCount} " +
            $"| {CompactionCount} | {MoveCount} | {LargestCompactionBytes / 1e9:0.00} GB " +
            $"| {levels} |");
        if (StoppedSeconds > 0)
            row += string.Create(culture, $" stopped {StoppedSeconds:0} s");
        if (AfterDeletes is { } deleted)
            row += string.Create(culture,
                $" after deletes: {deleted.SpaceLeft:0.000} of the space left, WA " +
                $"{deleted.WriteAmplification:0.00}, {deleted.WrittenPart:0.00} of it written");
        return row;
    }
}
