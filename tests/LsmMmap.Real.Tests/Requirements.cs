// What a test of real processes needs from the machine. A test that lacks it is reported as
// skipped, with the reason; it never passes silently.
// Threads: everything is found out once.

using System.Diagnostics;
using System.Runtime.InteropServices;

namespace LsmMmap.Real.Tests;

/// <summary>A test that needs Linux.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = Requirements.NoLinux;
}

/// <summary>As <see cref="LinuxFactAttribute"/>, with cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LinuxTheoryAttribute : TheoryAttribute
{
    public LinuxTheoryAttribute() => Skip = Requirements.NoLinux;
}

/// <summary>A test that needs strace, and may trace.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class StraceFactAttribute : FactAttribute
{
    public StraceFactAttribute() => Skip = Requirements.NoStrace;
}

/// <summary>A test that mounts a file system in memory.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MountFactAttribute : FactAttribute
{
    public MountFactAttribute() => Skip = Requirements.NoMount;
}

/// <summary>A test that mounts a file system from an image.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LoopFactAttribute : FactAttribute
{
    public LoopFactAttribute() => Skip = Requirements.NoLoop;
}

/// <summary>As <see cref="LoopFactAttribute"/>, with cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LoopTheoryAttribute : TheoryAttribute
{
    public LoopTheoryAttribute() => Skip = Requirements.NoLoop;
}

internal static class Requirements
{
    public static string? NoLinux { get; } =
        !OperatingSystem.IsLinux() ? "needs Linux"
        : !Environment.Is64BitProcess || RuntimeInformation.ProcessArchitecture
            is not (Architecture.X64 or Architecture.Arm64) ? "needs x64 or arm64" : null;

    public static string? NoStrace { get; } = NoLinux
        ?? (Run("strace", "-f", "-qq", "-o", "/dev/null", "true") == 0
            ? null : "needs strace, and the right to trace");

    public static string? NoMount { get; } = NoLinux ?? TryMount();

    public static string? NoLoop { get; } = NoMount
        ?? (Run("mkfs.ext4", "-V") != 0 ? "needs mkfs.ext4"
        : Run("losetup", "-f") != 0 ? "needs a free loop device" : null);

    /// <summary>Runs a command of the system to its end; its exit code, or -1 when there is no
    /// such command.</summary>
    public static int Run(string command, params string[] arguments)
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using Process process = Process.Start(start)!;
            process.OutputDataReceived += static (_, _) => { };
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }

    private static string? TryMount()
    {
        string point = Directory.CreateTempSubdirectory("lsm-mount-").FullName;
        try
        {
            if (Run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", point) != 0)
                return "needs the right to mount (root)";
            Run("umount", point);
            return null;
        }
        finally
        {
            Directory.Delete(point);
        }
    }
}
