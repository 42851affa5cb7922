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
        new("log", 300, static seed => new LogFuzz(seed)),
        new("log-structure", 150, static seed => new LogStructureFuzz(seed)),
        new("manifest", 180, static seed => new ManifestFuzz(seed)),
        new("manifest-structure", 80, static seed => new ManifestStructureFuzz(seed)),
        new("table", 160, static seed => new TableFuzz(seed)),
        new("store", 15, static seed => new StoreFuzz(seed)),
        new("store-structure", 10, static seed => new StoreStructureFuzz(seed)),
        new("table-structure", 120, static seed => new TableStructureFuzz(seed)),
    ];

    public static IFuzz Make(string name, int seed) => Find(name).Make(seed);

    /// <summary>How many cases the environment asks of a fuzz; at least one.</summary>
    public static long CasesOf(string name)
    {
        long all = Seeds.Number("LSM_FUZZ_CASES", CasesDefault);
        return Math.Max(1, all * Find(name).Share / 1000);
    }

    /// <summary>The test that runs a fuzz, as a filter names it.</summary>
    public static string TestOf(string name) =>
        name.StartsWith("store", StringComparison.Ordinal) ? "StoreFuzzTests" : "DecoderFuzzTests";

    private static FuzzEntry Find(string name) => Array.Find(s_entries, one => one.Name == name)
        ?? throw new ArgumentException($"there is no fuzz \"{name}\"");

    /// <summary>A fuzz and its share of a thousand cases.</summary>
    private sealed record FuzzEntry(string Name, int Share, Func<int, IFuzz> Make);
}
