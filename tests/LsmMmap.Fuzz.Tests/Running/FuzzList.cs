// Every fuzz by name, with its share of the cases of a run. LSM_FUZZ_CASES says how many cases a
// run has in all; the short form is sized for about three minutes of one core. Immutable.

using LsmMmap.Testing;

namespace LsmMmap.Fuzz.Tests;

internal static class FuzzList
{
    /// <summary>Cases of a run that nobody sized.</summary>
    private const long CasesDefault = 200_000;

    private static readonly FuzzEntry[] s_entries =
    [
        new("log", 300, static (seed, _) => new LogFuzz(seed)),
        new("log-structure", 150, static (seed, _) => new LogStructureFuzz(seed)),
        new("manifest", 180, static (seed, _) => new ManifestFuzz(seed)),
        new("manifest-structure", 80, static (seed, _) => new ManifestStructureFuzz(seed)),
        new("table", 160, static (seed, _) => new TableFuzz(seed)),
        new("store", 15, static (seed, _) => new StoreFuzz(seed)),
        new("store-structure", 10, static (seed, _) => new StoreStructureFuzz(seed)),
        new("table-structure", 120, static (seed, _) => new TableStructureFuzz(seed)),
        new("guided-log", 40, static (seed, box) => new GuidedFuzz(new GuidedLog(seed), box)),
        new("guided-manifest", 40,
            static (seed, box) => new GuidedFuzz(new GuidedManifest(seed), box)),
        new("guided-table", 40, static (seed, box) => new GuidedFuzz(new GuidedTable(seed), box)),
    ];

    public static IFuzz Make(string name, int seed, BlackBox box) =>
        Find(name).Make(seed, box);

    /// <summary>How many cases the environment asks of a fuzz; at least one.</summary>
    public static long CasesOf(string name)
    {
        long all = Seeds.Number("LSM_FUZZ_CASES", CasesDefault);
        return Math.Max(1, all * Find(name).Share / 1000);
    }

    /// <summary>The test that runs a fuzz, as a filter names it.</summary>
    public static string TestOf(string name) =>
        name.StartsWith("store", StringComparison.Ordinal) ? "StoreFuzzTests"
        : name.StartsWith("guided", StringComparison.Ordinal) ? "GuidedFuzzTests"
        : "DecoderFuzzTests";

    private static FuzzEntry Find(string name) => Array.Find(s_entries, one => one.Name == name)
        ?? throw new ArgumentException($"there is no fuzz \"{name}\"");

    /// <summary>A fuzz and its share of a thousand cases.</summary>
    private sealed record FuzzEntry(string Name, int Share, Func<int, BlackBox, IFuzz> Make);
}
