// Another program, run to its end: with a limit on its time, and with everything that it said in
// the message when it fails. The SDK's own servers are turned off, because one that outlives its
// command keeps files and pipes open.
// Threads: the runtime reads both streams; the caller waits.

using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace LsmMmap.Package.Tests;

/// <summary>How a program ended, and what it said.</summary>
internal sealed record Ended(string Line, int Code, string Output, string Error)
{
    public string Story => $"{Line}\nended with {Code} and said:\n{Output}\n{Error}";
}

internal static class Command
{
    // Both cores may be busy with other tests; alone, the longest command takes a minute.
    private static readonly TimeSpan s_never = TimeSpan.FromMinutes(10);

    // What `dotnet test` tells its own MSBuild, and what would change the commands under test.
    private static readonly string[] s_foreign =
    [
        "MSBuildSDKsPath", "MSBuildExtensionsPath", "MSBUILD_EXE_PATH",
        "MSBuildLoadMicrosoftTargetsReadOnly", "LSM_DB",
    ];

    private static readonly (string Name, string Value)[] s_settings =
    [
        ("DOTNET_CLI_UI_LANGUAGE", "en"), ("DOTNET_NOLOGO", "1"),
        ("DOTNET_CLI_TELEMETRY_OPTOUT", "1"), ("DOTNET_CLI_USE_MSBUILD_SERVER", "0"),
        ("MSBUILDDISABLENODEREUSE", "1"), ("MSBUILDTERMINALLOGGER", "off"),
        ("UseSharedCompilation", "false"), ("DOTNET_ROOT", InstallationRoot),
    ];

    private static string InstallationRoot =>
        Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));

    /// <summary>Runs `dotnet` with these arguments; its end must be a good one.</summary>
    public static Ended Dotnet(string folder, params string[] arguments) =>
        Run(folder, Host, arguments);

    /// <summary>Runs a program; its end must be a good one.</summary>
    public static Ended Run(string folder, string program, params string[] arguments)
    {
        Ended ended = TryRun(folder, program, arguments);
        Assert.True(ended.Code == 0, ended.Story);
        return ended;
    }

    public static Ended TryDotnet(string folder, params string[] arguments) =>
        TryRun(folder, Host, arguments);

    private static string Host =>
        Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    private static Ended TryRun(string folder, string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string name in s_foreign)
            start.Environment.Remove(name);
        foreach ((string name, string value) in s_settings)
            start.Environment[name] = value;
        string line = program + " " + string.Join(' ', arguments);
        var output = new StringBuilder();
        var error = new StringBuilder();
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, data) => Append(output, data.Data);
        process.ErrorDataReceived += (_, data) => Append(error, data.Data);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (!process.WaitForExit(s_never))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit(TimeSpan.FromSeconds(10));
            Assert.Fail($"{line}\nwas killed after {s_never} and had said:\n"
                + Text(output) + "\n" + Text(error));
        }
        process.WaitForExit();
        return new Ended(line, process.ExitCode, Text(output), Text(error));
    }

    private static void Append(StringBuilder text, string? line)
    {
        lock (text)
        {
            if (line != null)
                text.Append(line).Append('\n');
        }
    }

    private static string Text(StringBuilder text)
    {
        lock (text)
            return text.ToString();
    }
}
