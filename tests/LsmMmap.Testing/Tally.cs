// What the long runs count: each test adds what it did, and where LSM_TALLY names a file every
// addition is a line in it, "name number", which tests/long.sh adds up over many processes.
// Threads: any.

using System.Globalization;

namespace LsmMmap.Testing;

public static class Tally
{
    private static readonly Lock s_lock = new();
    private static readonly string? s_path = Environment.GetEnvironmentVariable("LSM_TALLY");

    public static void Add(string what, long count)
    {
        if (string.IsNullOrEmpty(s_path) || count == 0)
            return;
        lock (s_lock)
            File.AppendAllText(s_path, string.Create(
                CultureInfo.InvariantCulture, $"{what} {count}\n"));
    }
}
