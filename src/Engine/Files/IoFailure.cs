// The one translation of what the runtime throws for a failed system call. The runtime maps
// errno to several unrelated types (a file too large is an ArgumentOutOfRangeException, a refused
// permission an UnauthorizedAccessException); above this room they are all LsmException with the
// original inside.

namespace LsmMmap.Engine.Files;

internal static class IoFailure
{
    // ENOSPC and EDQUOT, ENFILE, EMFILE and ENOMEM of Linux; ERROR_DISK_FULL,
    // ERROR_HANDLE_DISK_FULL and ERROR_TOO_MANY_OPEN_FILES of Windows.
    private static readonly int[] s_exhausted =
    [
        28, 122, 23, 24, 12,
        unchecked((int)0x80070070), unchecked((int)0x80070027), unchecked((int)0x80070004),
    ];

    public static bool IsIo(Exception e) =>
        e is (IOException and not LsmException) or UnauthorizedAccessException
            or ArgumentOutOfRangeException or NotSupportedException;

    public static LsmException Of(string what, string path, Exception e) =>
        new($"cannot {what} {path}: {e.Message}", e);

    /// <summary>The same for space that is there and must not be taken: waiting may help.
    /// </summary>
    public static LsmException WantOfSpace(string message) =>
        new(message, new IOException("no space that may be used", s_exhausted[0]));

    /// <summary>Whether the system has run out of something, space on the disk or file
    /// descriptors, so that waiting may help.</summary>
    public static bool IsExhausted(Exception e)
    {
        for (Exception? cause = e; cause != null; cause = cause.InnerException)
        {
            if (cause is IOException && Array.IndexOf(s_exhausted, cause.HResult) >= 0)
                return true;
        }
        return false;
    }
}
