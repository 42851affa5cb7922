// The colours of the pictures. Engines keep theirs in light and in dark; ink, lines and ground are
// drawn in marker colours that the style sheet replaces, so that one drawing serves both.

using LsmMmap.Workloads.Results;
using ScottPlot;

namespace LsmMmap.Workloads.Reporting;

internal static class Palette
{
    /// <summary>Marker colours; the style sheet knows them by these values.</summary>
    public const string Ink = "#010203";
    public const string Line = "#D1D2D3";

    private static readonly Dictionary<string, string> s_engines = new(StringComparer.Ordinal)
    {
        ["lsm"] = "#E8590C",
        ["lsm-lz4"] = "#F59F00",
        ["lsm-tiered"] = "#C2255C",
        ["rocksdb"] = "#1C7ED6",
        ["rocksdb-raw"] = "#66B2F0",
        ["zonetree"] = "#2F9E44",
        ["lmdb"] = "#9C36B5",
        ["sqlite"] = "#868E96",
        ["leveldb"] = "#0CA678",
        ["leveldb-raw"] = "#4FD1A5",
    };

    public static string Of(EngineInfo engine) =>
        s_engines.GetValueOrDefault(engine.Id, "#A0522D");

    public static Color Color(EngineInfo engine) => ScottPlot.Color.FromHex(Of(engine));

    public static Color InkColor => ScottPlot.Color.FromHex(Ink);

    public static Color LineColor => ScottPlot.Color.FromHex(Line);
}
