// Finds the API documentation that comes with every .NET SDK: XML files beside the reference
// assemblies, packs/<pack>/<version>/ref/net*/<assembly>.xml under the root of the installation.
// Of each pack the newest version is taken.
//
// The root is looked for where the running program points: DOTNET_ROOT, the `dotnet` that started
// us, the runtime's own directory (<root>/shared/<framework>/<version>), the `dotnet` that a shell
// would find: a native program has no runtime beside it. No fixed paths.

using System.Runtime.InteropServices;

namespace LsmMmap.Cli.Demo;

/// <summary>One pack: its name, its version, its documentation files in ordinal order.</summary>
internal sealed record ReferencePack(string Name, string Version, IReadOnlyList<string> Files);

internal static class ReferencePacks
{
    /// <summary>The packs of the first root that has any, by name; empty when none is.</summary>
    public static IReadOnlyList<ReferencePack> Find() => Roots()
        .Select(root => In(Path.Combine(root, "packs")))
        .FirstOrDefault(packs => packs.Count > 0) ?? [];

    /// <summary>The packs in one `packs` directory.</summary>
    public static IReadOnlyList<ReferencePack> In(string packsDirectory)
    {
        if (!Directory.Exists(packsDirectory))
            return [];
        return [.. Directory.GetDirectories(packsDirectory, "Microsoft.*.App.Ref")
            .Order(StringComparer.Ordinal)
            .Select(Newest)
            .OfType<ReferencePack>()];
    }

    private static ReferencePack? Newest(string packDirectory) =>
        Directory.GetDirectories(packDirectory)
            .OrderByDescending(VersionOf)
            .Select(version => Read(Path.GetFileName(packDirectory), version))
            .FirstOrDefault(pack => pack is not null);

    private static ReferencePack? Read(string name, string versionDirectory)
    {
        string reference = Path.Combine(versionDirectory, "ref");
        if (!Directory.Exists(reference))
            return null;
        string[] files = [.. Directory.GetDirectories(reference, "net*")
            .OrderByDescending(VersionOf)
            .Take(1)
            .SelectMany(target => Directory.GetFiles(target, "*.xml"))
            .Order(StringComparer.Ordinal)];
        return files.Length == 0
            ? null : new ReferencePack(name, Path.GetFileName(versionDirectory), files);
    }

    // "10.0.12", "11.0.0-preview.1", "net10.0": the number decides, a suffix comes before it.
    private static (Version Number, bool IsRelease) VersionOf(string directory)
    {
        string name = Path.GetFileName(directory);
        string number = (name.StartsWith("net", StringComparison.Ordinal) ? name[3..] : name)
            .Split('-')[0];
        return (Version.TryParse(number, out Version? version) ? version : new Version(0, 0),
            !name.Contains('-', StringComparison.Ordinal));
    }

    private static IEnumerable<string> Roots()
    {
        string[] variables = ["DOTNET_ROOT", "DOTNET_ROOT_X64", "DOTNET_ROOT_ARM64"];
        IEnumerable<string?> named = variables.Select(Environment.GetEnvironmentVariable);
        string?[] hosts =
            [Environment.GetEnvironmentVariable("DOTNET_HOST_PATH"), Environment.ProcessPath];
        IEnumerable<string?> started = hosts
            .Where(host => Path.GetFileNameWithoutExtension(host) == "dotnet")
            .Select(host => Path.GetDirectoryName(Resolve(host!)));
        return named.Concat(started).Concat(Above(RuntimeEnvironment.GetRuntimeDirectory()))
            .Concat(OnPath())
            .OfType<string>()
            .Where(Directory.Exists)
            .Distinct(StringComparer.Ordinal);
    }

    private static IEnumerable<string?> OnPath()
    {
        string name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        string path = Environment.GetEnvironmentVariable("PATH") ?? "";
        return path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, name))
            .Where(File.Exists)
            .Select(host => Path.GetDirectoryName(Resolve(host)));
    }

    // A `dotnet` on the PATH is often a link into the installation.
    private static string Resolve(string file) =>
        File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? file;

    private static IEnumerable<string> Above(string directory)
    {
        for (DirectoryInfo? at = new(directory); at is not null; at = at.Parent)
            yield return at.FullName;
    }
}
