// The packages of this tree, packed once for all tests of the assembly into a folder that
// serves as a feed. What is built on the way stays apart from the builds of the tree, so that
// neither disturbs the other.
//
// Invariant: the version is one that nothing else has, so that no packages folder can hold an
// older package under it; what the restores put into the user's own is taken out again.
// Threads: the tests that use it run one after the other.

using System.Globalization;
using LsmMmap.Testing;

namespace LsmMmap.Package.Tests;

[CollectionDefinition("Feed")]
public sealed class FeedDefinition : ICollectionFixture<PackedFeed>;

public sealed class PackedFeed : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _builds;

    public PackedFeed()
    {
        string unique = DateTime.UtcNow.Ticks.ToString(CultureInfo.InvariantCulture);
        Version = "0.0.0-test." + unique;
        // Inside the tree, whose root the compiler takes out of all paths.
        _builds = Tree.FullPath("artifacts", "package-tests", unique);
        try
        {
            Build("pack", "src/Engine", "-o", Path);
            Build("pack", "src/Hosting", "-o", Path);
            Build("pack", "src/Caching", "-o", Path);
            Build("pack", "tools/LsmMmap.Cli", "-o", Path);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Version { get; }

    /// <summary>The folder with the packages.</summary>
    public string Path => _folder["feed"];

    public string LibraryPackage => System.IO.Path.Combine(Path, $"LsmMmap.{Version}.nupkg");

    public string HostingPackage =>
        System.IO.Path.Combine(Path, $"LsmMmap.Extensions.Hosting.{Version}.nupkg");

    public string CachingPackage =>
        System.IO.Path.Combine(Path, $"LsmMmap.Extensions.Caching.{Version}.nupkg");

    public string ToolPackage => System.IO.Path.Combine(Path, $"LsmMmap.Cli.{Version}.nupkg");

    /// <summary>A path beside the feed; nothing is created.</summary>
    public string this[string name] => _folder[name];

    /// <summary>A new empty folder beside the feed.</summary>
    public string NewFolder(string name) => Directory.CreateDirectory(_folder[name]).FullName;

    /// <summary>Builds a project of the tree as a release is built.</summary>
    internal Ended Build(string verb, string project, params string[] arguments) => Command.Dotnet(
        Tree.Root,
        [
            verb, Tree.FullPath(project.Split('/')), "-c", "Release", "--nologo",
            "-p:Version=" + Version, "-p:ArtifactsPath=" + _builds, .. arguments,
        ]);

    public void Dispose()
    {
        _folder.Dispose();
        Remove(_builds);
        string? packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES");
        packages ??= System.IO.Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        Remove(System.IO.Path.Combine(packages, "lsmmmap", Version));
        Remove(System.IO.Path.Combine(packages, "lsmmmap.extensions.hosting", Version));
        Remove(System.IO.Path.Combine(packages, "lsmmmap.cli", Version));
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }
}
