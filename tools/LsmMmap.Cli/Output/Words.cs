// Names of enumerations as dumps write them: camelCase, as everything else in their lines. A number
// that has no name is written as a number: dumps show what is there.

namespace LsmMmap.Cli.Output;

internal static class Words
{
    public static string Of<T>(T value)
        where T : struct, Enum
    {
        string name = value.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }
}
