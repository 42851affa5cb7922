// The seed of this run's random tests: LSM_SEED repeats a failed one.

using System.Globalization;

namespace LsmMmap.Cli.Tests;

internal static class Seed
{
    public static int Value { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("LSM_SEED"), NumberStyles.Integer,
            CultureInfo.InvariantCulture, out int seed)
            ? seed : Environment.TickCount & int.MaxValue;
}
