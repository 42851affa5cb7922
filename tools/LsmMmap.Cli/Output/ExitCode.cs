// What the tool tells the shell. The numbers are a contract with scripts: 0 is "all is well",
// 1 is "looked, and found something wrong", 2 is "did not understand you". 130 is the shell's own
// number for a program that Ctrl-C ended.

namespace LsmMmap.Cli.Output;

internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>An absent key, damage, a locked store, an unreadable file.</summary>
    public const int Failed = 1;

    /// <summary>The command line itself is wrong; nothing was opened.</summary>
    public const int Usage = 2;

    /// <summary>Ended by Ctrl-C or SIGTERM, after the store was closed properly.</summary>
    public const int Cancelled = 130;
}

/// <summary>Thrown for what only the person at the keyboard can put right; ends with 2.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>Thrown for a plain failure that needs no stack trace; ends with 1.</summary>
internal sealed class FailureException(string message) : Exception(message);
