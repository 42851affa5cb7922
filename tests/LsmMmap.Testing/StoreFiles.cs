// The files of a store as a test sees them from outside: by name, by length, by content.
// Names: CURRENT, MANIFEST-NNNNNN, NNNNNN.log, NNNNNN.sst, LOCK.

using System.IO.Hashing;

namespace LsmMmap.Testing;

public static class StoreFiles
{
    public static string[] Tables(string directory) => Matching(directory, "*.sst");

    public static string[] Logs(string directory) => Matching(directory, "*.log");

    public static string[] Manifests(string directory) => Matching(directory, "MANIFEST-*");

    public static string Current(string directory) => Path.Combine(directory, "CURRENT");

    /// <summary>The one with the largest number: what is being written to, or was last.</summary>
    public static string NewestLog(string directory) => Logs(directory)[^1];

    public static string NewestManifest(string directory) => Manifests(directory)[^1];

    /// <summary>Every file, in ordinal order of the names.</summary>
    public static string[] All(string directory) => Matching(directory, "*");

    /// <summary>
    /// Copies what the operating system holds of a store now: for a store that is open and idle,
    /// what the kill of its process would leave.
    /// </summary>
    public static void Copy(string source, string target)
    {
        Directory.CreateDirectory(target);
        foreach (string file in All(source))
        {
            try
            {
                CopyFile(file, Path.Combine(target, Path.GetFileName(file)));
            }
            catch (FileNotFoundException)
            {
                // An obsolete file that the store deleted between the listing and the copy.
            }
        }
    }

    /// <summary>Name, length, time of the last write and content of every file.</summary>
    public static string[] Fingerprint(string directory)
    {
        string[] files = All(directory);
        string[] lines = new string[files.Length];
        for (int i = 0; i < files.Length; i++)
        {
            var info = new FileInfo(files[i]);
            // LOCK is held exclusively, and what it holds means nothing.
            byte[] content = info.Name == "LOCK" ? [] : ReadShared(files[i]);
            ulong hash = XxHash3.HashToUInt64(content);
            lines[i] = $"{info.Name} {info.Length} {info.LastWriteTimeUtc.Ticks} {hash:X16}";
        }
        return lines;
    }

    /// <summary>Reads a file that a store may have open for writing.</summary>
    public static byte[] ReadShared(string file)
    {
        using var stream = new FileStream(
            file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Replaces a file's content, whatever its permissions say.</summary>
    public static void Overwrite(string file, byte[] content)
    {
        MakeWritable(file);
        File.WriteAllBytes(file, content);
    }

    /// <summary>
    /// Flips bits of one byte in place. Never by rewriting: a store may have the file mapped, and
    /// a mapped file that shrinks ends the process.
    /// </summary>
    public static void Flip(string file, long offset, byte mask = 0x10)
    {
        MakeWritable(file);
        using var stream = new FileStream(
            file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        stream.Position = offset;
        int before = stream.ReadByte();
        stream.Position = offset;
        stream.WriteByte((byte)(before ^ mask));
    }

    /// <summary>Bytes up to the last one that is not zero: logs may be preallocated.</summary>
    public static int UsedBytes(string file) =>
        ReadShared(file).AsSpan().LastIndexOfAnyExcept((byte)0) + 1;

    /// <summary>The log with the most in it.</summary>
    public static string FullestLog(string directory) => Logs(directory).MaxBy(UsedBytes)!;

    private static void MakeWritable(string file)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static void CopyFile(string source, string target)
    {
        // As in Fingerprint.
        bool isLock = Path.GetFileName(source) == "LOCK";
        File.WriteAllBytes(target, isLock ? [] : ReadShared(source));
    }

    private static string[] Matching(string directory, string pattern)
    {
        string[] files = Directory.GetFiles(directory, pattern);
        Array.Sort(files, StringComparer.Ordinal);
        return files;
    }
}
