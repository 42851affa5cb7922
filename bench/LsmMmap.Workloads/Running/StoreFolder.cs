// Folders of stores: their size on disk, copies, deletion.

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;

namespace LsmMmap.Workloads.Running;

internal static class StoreFolder
{
    private const int AdviceDontNeed = 4;

    /// <summary>Bytes that the file system has given to the folder's files. A file that is sparse,
    /// or larger than what was written, counts with what it takes.</summary>
    public static long BytesOnDisk(string folder)
    {
        if (OperatingSystem.IsLinux() && FromDu(folder) is long bytes)
            return bytes;
        return new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories)
            .Sum(file => file.Length);
    }

    public static void Copy(string source, string target)
    {
        Directory.CreateDirectory(target);
        foreach (string folder in Directory.EnumerateDirectories(
            source, "*", SearchOption.AllDirectories))
            Directory.CreateDirectory(Path.Combine(target, Path.GetRelativePath(source, folder)));
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
            File.Copy(file, Path.Combine(target, Path.GetRelativePath(source, file)));
    }

    public static void Delete(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    /// <summary>Reads every byte of the folder's files once.</summary>
    public static void ReadThrough(string folder)
    {
        byte[] buffer = new byte[1 << 20];
        foreach (string path in Directory.EnumerateFiles(
            folder, "*", SearchOption.AllDirectories))
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
            while (file.Read(buffer) > 0)
            {
            }
        }
    }

    /// <summary>Syncs the folder's files and asks the system to forget their pages. A page counts
    /// for the group that first touched it, and the loader has no limit.</summary>
    public static void DropFromCache(string folder)
    {
        if (!OperatingSystem.IsLinux())
            return;
        foreach (string path in Directory.EnumerateFiles(
            folder, "*", SearchOption.AllDirectories))
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite);
            file.Flush(flushToDisk: true);
            _ = posix_fadvise(
                (int)file.SafeFileHandle.DangerousGetHandle(), 0, 0, AdviceDontNeed);
        }
    }

    [DllImport("libc")]
    [SuppressMessage("Style", "IDE1006", Justification = "the name of a C function")]
    [SuppressMessage("Security", "CA5392", Justification = "the C library is loaded already")]
    private static extern int posix_fadvise(int file, long offset, long length, int advice);

    private static long? FromDu(string folder)
    {
        try
        {
            using Process? du = Process.Start(new ProcessStartInfo("du")
            {
                ArgumentList = { "-s", "-B", "1", folder },
                RedirectStandardOutput = true,
            });
            string text = du?.StandardOutput.ReadToEnd() ?? "";
            du?.WaitForExit();
            return long.TryParse(
                text.Split('\t')[0], CultureInfo.InvariantCulture, out long bytes) ? bytes : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
