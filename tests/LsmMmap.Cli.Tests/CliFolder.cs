// A fresh directory for one test and the tool run inside this process on it: arguments in, exit
// code and both streams out. Nothing here knows a command.

using System.Text;
using LsmMmap.Cli.Output;

namespace LsmMmap.Cli.Tests;

/// <summary>What one run of the tool left behind.</summary>
internal sealed record CliResult(int Code, byte[] OutBytes, string Error)
{
    public string Out => Encoding.UTF8.GetString(OutBytes);

    public string[] Lines => Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}

internal sealed class CliFolder : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("lsm-cli-test-");

    /// <summary>Where the store of the test lies; made by the first command that writes.</summary>
    public string Store => Path.Combine(_root.FullName, "store");

    public string Root => _root.FullName;

    public static CliResult Run(params string[] args) => Run([], asTerminal: false, args);

    public static CliResult Run(byte[] input, bool asTerminal, params string[] args)
    {
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        int code;
        using (var console = new CliConsole(new MemoryStream(input), output, error)
        {
            OutIsTerminal = asTerminal,
        })
            code = Program.Run(args, console);
        return new CliResult(code, output.ToArray(), Encoding.UTF8.GetString(error.ToArray()));
    }

    /// <summary>A command on the store of this test.</summary>
    public CliResult OnStore(string command, params string[] args) =>
        Run([command, .. args, "--db", Store]);

    public CliResult OnStore(byte[] input, string command, params string[] args) =>
        Run(input, asTerminal: false, [command, .. args, "--db", Store]);

    /// <summary>A command that must succeed; gives its stdout.</summary>
    public CliResult Must(string command, params string[] args)
    {
        CliResult result = OnStore(command, args);
        Assert.True(result.Code == 0, $"{command} ended with {result.Code}: {result.Error}");
        return result;
    }

    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(Root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>The store's files of a pattern, in order of their numbers.</summary>
    public string[] FilesOf(string pattern) =>
        [.. Directory.GetFiles(Store, pattern).Order(StringComparer.Ordinal)];

    /// <summary>Damages one byte, or one counted from the end.</summary>
    public static void Flip(string file, Index index)
    {
        File.SetAttributes(file, FileAttributes.Normal);
        byte[] bytes = File.ReadAllBytes(file);
        bytes[index] ^= 0x40;
        File.WriteAllBytes(file, bytes);
    }

    public void Dispose() => _root.Delete(recursive: true);
}
