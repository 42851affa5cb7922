// The one translation of what the runtime throws for a failed system call. The runtime maps
// errno to several unrelated types (a file too large is an ArgumentOutOfRangeException, a refused
// permission an UnauthorizedAccessException); above this room they are all LsmException with the
// original inside.

namespace LsmMmap.Engine.Files;

internal static class IoFailure
{
    // ENOSPC and EDQUOT of Linux, and ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL of Windows.
    private static readonly int[] s_diskFull =
        [28, 122, unchecked((int)0x80070070), unchecked((int)0x80070027)];

    public static bool IsIo(Exception e) =>
        e is (IOException and not LsmException) or UnauthorizedAccessException
            or ArgumentOutOfRangeException or NotSupportedException;

    public static LsmException Of(string what, string path, Exception e) =>
        new($"cannot {what} {path}: {e.Message}", e);

    /// <summary>Whether the cause is want of space, so that waiting may help.</summary>
    public static bool IsDiskFull(Exception e)
    {
        for (Exception? cause = e; cause != null; cause = cause.InnerException)
        {
            if (cause is IOException && Array.IndexOf(s_diskFull, cause.HResult) >= 0)
                return true;
        }
        return false;
    }
}
