// The exceptions of the store. Each says which file, where in it, what was expected and found.
// A miss is never an exception.

using System.Globalization;

namespace LsmMmap;

/// <summary>The root of everything that this library throws for reasons outside the caller's
/// arguments.</summary>
/// <remarks>HResult is that of the inner exception where there is one, so that filters for a
/// full disk keep working.</remarks>
public class LsmException : IOException
{
    /// <summary>Makes an exception with a message and, where there is one, its cause.</summary>
    public LsmException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
        if (innerException != null)
            HResult = innerException.HResult;
    }
}

/// <summary>Bytes on disk are not what was written there.</summary>
public sealed class CorruptionException : LsmException
{
    private int _isTold;

    /// <summary>Makes an exception that locates the damage.</summary>
    public CorruptionException(
        string fileName, long offset, string message, string? expected = null,
        string? found = null, Exception? innerException = null)
        : base(Compose(fileName, offset, message, expected, found), innerException)
    {
        FileName = fileName;
        Offset = offset;
        Expected = expected;
        Found = found;
    }

    /// <summary>The damaged file.</summary>
    public string FileName { get; }

    /// <summary>Where in the file, in bytes; 0 for a file that is missing.</summary>
    public long Offset { get; }

    /// <summary>What should stand there, when it can be said.</summary>
    public string? Expected { get; }

    /// <summary>What stands there, when it can be said.</summary>
    public string? Found { get; }

    /// <summary>True for the first who asks: one damage is told once.</summary>
    internal bool TryMarkTold() => Interlocked.Exchange(ref _isTold, 1) == 0;

    private static string Compose(
        string fileName, long offset, string message, string? expected, string? found)
    {
        string text = string.Create(
            CultureInfo.InvariantCulture, $"{fileName} at offset {offset}: {message}");
        if (expected != null)
            text += $"; expected {expected}";
        if (found != null)
            text += $"; found {found}";
        return text;
    }
}

/// <summary>Another owner has the store open for writing.</summary>
/// <param name="message">What is locked, and by whom.</param>
/// <param name="processId">The owner's process id, when it could be read.</param>
/// <param name="innerException">The failure of the lock call.</param>
public sealed class StoreLockedException(
    string message, int? processId = null, Exception? innerException = null)
    : LsmException(message, innerException)
{
    /// <summary>The process that holds the lock; null when it could not be found out.</summary>
    public int? ProcessId { get; } = processId;
}

/// <summary>An earlier write or sync failed; the store is read-only until it is reopened.</summary>
/// <param name="message">What failed.</param>
/// <param name="innerException">That first failure.</param>
public sealed class StoreFailedException(string message, Exception? innerException = null)
    : LsmException(message, innerException);

/// <summary>A file of a format that this version does not know; the message names both
/// versions.</summary>
/// <param name="message">The file, its version and the newest one known.</param>
/// <param name="fileName">The file.</param>
/// <param name="innerException">The cause, when there is one.</param>
public sealed class FormatVersionException(
    string message, string? fileName = null, Exception? innerException = null)
    : LsmException(message, innerException)
{
    /// <summary>The file.</summary>
    public string? FileName { get; } = fileName;
}
