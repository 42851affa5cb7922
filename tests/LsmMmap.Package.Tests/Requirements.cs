// What publishing for one system needs beside the SDK: packages of the runtime that the configured
// feeds must have, and for native code a linker. A test that lacks it is reported as skipped, with
// the reason; it never passes silently. That the packages are there is found out by restoring a
// project that holds nothing of this tree, so that a fault of the tree never looks like a lack.
// Threads: everything is found out once.

using System.Runtime.InteropServices;
using LsmMmap.Testing;

namespace LsmMmap.Package.Tests;

/// <summary>A test that publishes trimmed programs.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TrimmedFactAttribute : FactAttribute
{
    public TrimmedFactAttribute() => Skip = Requirements.NoTrimming;
}

/// <summary>A test that publishes native programs.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NativeFactAttribute : FactAttribute
{
    public NativeFactAttribute() => Skip = Requirements.NoNative;
}

/// <summary>A test that types into a shell.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ShellFactAttribute : FactAttribute
{
    public ShellFactAttribute() =>
        Skip = OperatingSystem.IsWindows() ? "the quickstart's lines are for a Unix shell" : null;
}

internal static class Requirements
{
    private const string EmptyProject =
        """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <TargetFramework>net10.0</TargetFramework>
            <OutputType>Exe</OutputType>
          </PropertyGroup>
        </Project>
        """;

    private static readonly Lazy<string?> s_noTrimming = new(FindNoTrimming);
    private static readonly Lazy<string?> s_noNative = new(FindNoNative);

    /// <summary>The arguments of a publish that makes a trimmed program.</summary>
    public static string[] Trimmed { get; } =
        ["-r", RuntimeIdentifier, "--self-contained", "-p:PublishTrimmed=true"];

    /// <summary>The arguments of a publish that makes a native program.</summary>
    public static string[] Native { get; } =
        ["-r", RuntimeIdentifier, "-p:PublishAot=true", .. Linker];

    public static string? NoTrimming => s_noTrimming.Value;

    public static string? NoNative => s_noNative.Value;

    private static string? FindNoTrimming() => NoLinux ?? Lacks(Trimmed);

    private static string? FindNoNative() => NoLinux ?? NoLinker ?? Lacks(Native);

    private static string RuntimeIdentifier =>
        "linux-" + RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant();

    private static string? NoLinux =>
        OperatingSystem.IsLinux() ? null : "needs Linux: nowhere else has it been tried";

    private static string? NoLinker =>
        OnPath("clang") || OnPath("gcc") ? null : "needs clang or gcc as linker";

    // The SDK looks for clang unless it is told of another.
    private static string[] Linker =>
        OnPath("clang") || !OnPath("gcc") ? [] : ["-p:CppCompilerAndLinker=gcc"];

    private static bool OnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Any(folder => File.Exists(Path.Combine(folder, program)));

    private static string? Lacks(string[] publish)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["Empty.csproj"], EmptyProject);
        // Whether the program brings its runtime is a property like any other to a restore.
        string[] arguments =
            [.. publish.Select(a => a == "--self-contained" ? "-p:SelfContained=true" : a)];
        Ended ended = Command.TryDotnet(folder.Path, ["restore", .. arguments]);
        if (ended.Code == 0)
            return null;
        string reason = ended.Output.Split('\n')
            .FirstOrDefault(l => l.Contains("error ", StringComparison.Ordinal)) ?? ended.Story;
        return "needs packages of the runtime that cannot be restored: " + reason.Trim();
    }
}
