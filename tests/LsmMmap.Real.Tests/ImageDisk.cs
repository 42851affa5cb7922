// A small ext4 file system in an image file, mounted by a loop device, so that a test can take
// blocks away from under it: what lies beyond the end of the image reads as an I/O error.
// Threads: one.

using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace LsmMmap.Real.Tests;

internal sealed class ImageDisk : IDisposable
{
    private const int ImageBytes = 24 << 20;
    private const int BlockBytes = 4096;

    private readonly string _image;
    private bool _isMounted;

    public ImageDisk(string folder)
    {
        _image = System.IO.Path.Combine(folder, "image");
        Path = System.IO.Path.Combine(folder, "disk");
        Directory.CreateDirectory(Path);
        using (FileStream file = File.Create(_image))
            file.SetLength(ImageBytes);
        Must("mkfs.ext4", "-q", "-F", "-b", $"{BlockBytes}", "-O", "^has_journal", _image);
        Mount();
    }

    /// <summary>Where it is mounted.</summary>
    public string Path { get; }

    /// <summary>Copies a folder by a process of its own: had this one files open on the disk, any
    /// process that it starts would have them too for a moment, and keep it mounted.</summary>
    public void CopyIn(string folder, string name) =>
        Must("cp", "-r", folder, System.IO.Path.Combine(Path, name));

    public void Remount()
    {
        Must("umount", Path);
        _isMounted = false;
        Mount();
    }

    /// <summary>The image ends behind the first quarter of a file.</summary>
    public void CutBehindQuarterOf(string file)
    {
        long start = FirstBlock(file) * BlockBytes;
        long kept = new FileInfo(file).Length / 4 / BlockBytes * BlockBytes;
        using FileStream image = File.Open(
            _image, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        image.SetLength(start + kept);
    }

    public void Dispose()
    {
        if (_isMounted)
            Requirements.Run("umount", "-l", Path);
        _isMounted = false;
    }

    private static void Must(string command, params string[] arguments) => Assert.True(
        Requirements.Run(command, arguments) == 0,
        $"{command} {string.Join(' ', arguments)} failed");

    private static long FirstBlock(string file)
    {
        using Process process = Process.Start(new ProcessStartInfo("filefrag", ["-v", file])
        { RedirectStandardOutput = true })!;
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        // "   0:        0..     119:       1025..      1144:    120:             last,eof"
        Match first = Regex.Match(
            text, @"^\s*0:\s+0\.\.\s*\d+:\s+(\d+)\.\.", RegexOptions.Multiline);
        Assert.True(first.Success, text);
        return long.Parse(first.Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private void Mount()
    {
        Must("mount", "-o", "loop", _image, Path);
        _isMounted = true;
    }
}
