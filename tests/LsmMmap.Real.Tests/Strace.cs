// How a system call of the child is made to fail, to take long, or to be its last: the options of
// strace for one plan, and the plans of a sweep.
//
// Calls that name a file are narrowed to the files of the store, so that the runtime's own calls go
// through. Counting is by thread, as strace does it: "the third write" is the third one of each
// thread.
// Threads: pure functions.

using System.Globalization;

namespace LsmMmap.Real.Tests;

/// <summary>One thing to be done to the n-th call (from there on, when it repeats).</summary>
internal sealed record CallFault(string Call, string What, int N, bool Repeats)
{
    public override string ToString() =>
        $"inject={Call}:{What}:when={N}{(Repeats ? "+" : "")}";
}

internal static class Strace
{
    private const int FilesMax = 400;
    private const string Kill = "signal=KILL";

    private static readonly string[] s_errors =
        ["EIO", "ENOSPC", "EDQUOT", "EROFS", "EMFILE", "EFBIG", "EACCES", "ENOMEM", "EINTR"];

    // What the store's own work consists of, with the largest n that still hits something.
    private static readonly (string Call, int Most)[] s_calls =
    [
        ("fsync", 25), ("fdatasync", 60), ("pwrite64", 90), ("write", 20), ("rename", 16),
        ("openat", 70), ("unlink", 30), ("ftruncate", 3), ("mmap", 12), ("pread64", 40),
        ("fstat", 40), ("chmod,fchmod", 12), ("flock", 2), ("mkdir", 1), ("lseek", 10),
    ];

    /// <summary>The plan of a sweep's i-th run.</summary>
    public static CallFault Draw(Random random)
    {
        (string call, int most) = s_calls[random.Next(s_calls.Length)];
        // Small numbers more often: most calls of a kind are few.
        int n = 1 + (int)(most * random.NextDouble() * random.NextDouble());
        if (random.Next(4) == 0)
            return new CallFault(call, Kill, n, false);
        if (random.Next(12) == 0)
            return new CallFault("madvise", "error=EIO", 1 + random.Next(20), true);
        string error = s_errors[random.Next(s_errors.Length)];
        // The system may say EINTR once; saying it for ever is a hang that it does not do. A
        // sync is the only call that the store itself repeats.
        bool repeats = error != "EINTR" && random.Next(3) == 0;
        return new CallFault(call, "error=" + error, n, repeats);
    }

    /// <summary>The options for a fault on the files of a store in a directory.</summary>
    public static IEnumerable<string> Options(string directory, CallFault fault)
    {
        yield return "-o";
        yield return directory + ".strace";
        yield return "-e";
        yield return "trace=" + fault.Call;
        yield return "-e";
        yield return fault.ToString();
        // Advice is about addresses; nothing else can be told apart by its file then.
        if (fault.Call == "madvise")
            yield break;
        foreach (string path in Paths(directory))
        {
            yield return "-P";
            yield return path;
        }
    }

    private static IEnumerable<string> Paths(string directory)
    {
        yield return directory;
        foreach (string name in new[] { "CURRENT", "CURRENT.tmp", "LOCK", "LOCK.owner" })
            yield return Path.Combine(directory, name);
        for (int number = 1; number <= FilesMax; number++)
        {
            string digits = number.ToString("D6", CultureInfo.InvariantCulture);
            yield return Path.Combine(directory, digits + ".log");
            yield return Path.Combine(directory, digits + ".sst");
            yield return Path.Combine(directory, digits + ".sst.tmp");
            yield return Path.Combine(directory, "MANIFEST-" + digits);
        }
    }
}
