// Where random tests get their numbers from. A run is a pure function of one integer, so every
// failure message carries it and LSM_SEED=<seed> repeats the run.

using System.Globalization;

namespace LsmMmap.Testing;

public static class Seeds
{
    /// <summary>The seed of a run that nobody chose: fixed, so that CI repeats itself.</summary>
    public const int Default = 1_123_017;

    /// <summary>LSM_SEED, or <see cref="Default"/>.</summary>
    public static int Base { get; } = (int)Number("LSM_SEED", Default);

    /// <summary>A number from the environment, or the fallback where it is unset.</summary>
    public static long Number(string variable, long fallback)
    {
        string? text = Environment.GetEnvironmentVariable(variable);
        if (string.IsNullOrWhiteSpace(text))
            return fallback;
        if (long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out long found))
            return found;
        throw new FormatException($"{variable} is '{text}', which is not a whole number");
    }

    /// <summary>What a failure message says about its seed.</summary>
    public static string Describe(int seed) => $"repeat with LSM_SEED={seed}";
}
