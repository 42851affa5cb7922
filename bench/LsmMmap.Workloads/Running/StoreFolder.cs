// Folders of stores: their size on disk, copies, deletion.

using System.Diagnostics;
using System.Globalization;

namespace LsmMmap.Workloads.Running;

internal static class StoreFolder
{
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
