// What lies in the packages: the files, what they ask for, what they say of themselves, and
// that the assemblies are managed code with symbols that name no place of the machine that built.

using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace LsmMmap.Package.Tests;

[Collection("Feed")]
public sealed class PackageTests(PackedFeed feed)
{
    private const int LibraryBytesMax = 1_000_000;

    private const string Hosting = "LsmMmap.Extensions.Hosting";
    private const string Caching = "LsmMmap.Extensions.Caching";

    private static readonly string[] s_assemblies = ["LsmMmap", "LsmMmap.Sstable", "LsmMmap.Wal"];

    [Fact]
    public void Library_Files_AreThreeAssembliesAndTheirPages()
    {
        using ZipArchive package = ZipFile.OpenRead(feed.LibraryPackage);
        string[] expected =
        [
            "LICENSE", "LsmMmap.nuspec", "README.md",
            .. s_assemblies.Select(a => $"lib/net10.0/{a}.dll"),
            .. s_assemblies.Select(a => $"lib/net10.0/{a}.xml"),
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), Files(package));
        Assert.InRange(new FileInfo(feed.LibraryPackage).Length, 1, LibraryBytesMax);
    }

    [Fact]
    public void Library_Dependencies_AreTheTwoAgreed()
    {
        string[] agreed = ["K4os.Compression.LZ4", "System.IO.Hashing"];
        Assert.Equal(
            agreed.Select(name => $"{name} {Tree.VersionOf(name)}"),
            Dependencies(feed.LibraryPackage));
    }

    [Fact]
    public void Hosting_Package_HoldsOneAssemblyAndAsksForTheEngineAndAbstractions()
    {
        using ZipArchive package = ZipFile.OpenRead(feed.HostingPackage);
        string[] expected =
        [
            "LICENSE", $"{Hosting}.nuspec", "README.md",
            $"lib/net10.0/{Hosting}.dll", $"lib/net10.0/{Hosting}.xml",
        ];
        Assert.Equal(expected, Files(package));
        string[] agreed =
        [
            "Microsoft.Extensions.Diagnostics.HealthChecks",
            "Microsoft.Extensions.Hosting.Abstractions",
            "Microsoft.Extensions.Logging.Abstractions", "Microsoft.Extensions.Options",
        ];
        Assert.Equal(
            [$"LsmMmap {feed.Version}", .. agreed.Select(n => $"{n} {Tree.VersionOf(n)}")],
            Dependencies(feed.HostingPackage));
    }

    [Fact]
    public void Caching_Files_AreOneAssemblyAndItsPages()
    {
        using ZipArchive package = ZipFile.OpenRead(feed.CachingPackage);
        string[] expected =
        [
            "LICENSE", $"{Caching}.nuspec", "README.md",
            $"lib/net10.0/{Caching}.dll",
            $"lib/net10.0/{Caching}.xml",
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), Files(package));
    }

    [Fact]
    public void Caching_Dependencies_AreTheStoreAndAbstractions()
    {
        string[] agreed =
        [
            "Microsoft.Extensions.Caching.Abstractions",
            "Microsoft.Extensions.DependencyInjection.Abstractions",
            "Microsoft.Extensions.Logging.Abstractions",
            "Microsoft.Extensions.Options",
        ];
        Assert.Equal(
            ["LsmMmap " + feed.Version, .. agreed.Select(name => $"{name} {Tree.VersionOf(name)}")],
            Dependencies(feed.CachingPackage));
    }

    [Fact]
    public void Package_Metadata_SaysWhatItIs()
    {
        foreach (string package in
            new[] { feed.LibraryPackage, feed.HostingPackage, feed.CachingPackage,
                feed.ToolPackage })
        {
            XElement metadata = Metadata(package);
            Assert.Equal("MIT", Value("license"));
            Assert.Equal("README.md", Value("readme"));
            Assert.True(Value("description").Length > 40, Value("description"));
            Assert.Contains("key-value", Value("tags"), StringComparison.Ordinal);
            XElement repository = Assert.Single(Named(metadata, "repository"));
            Assert.Equal("git", (string?)repository.Attribute("type"));
            // An address is only written when a release asks for it: a clone's may be a folder.
            Assert.Null(repository.Attribute("url"));

            string Value(string name) => Assert.Single(Named(metadata, name)).Value;
        }
    }

    [Fact]
    public void Tool_Files_AreManagedAndNeeded()
    {
        using ZipArchive package = ZipFile.OpenRead(feed.ToolPackage);
        string[] files = Files(package);
        Assert.Contains("LICENSE", files);
        Assert.Contains("THIRD-PARTY.md", files);
        Assert.Contains("tools/net10.0/any/lsm.dll", files);
        Assert.DoesNotContain(files, f => f.EndsWith(".pdb", StringComparison.Ordinal));
        Assert.DoesNotContain(files, f => f.EndsWith(".resources.dll", StringComparison.Ordinal));
        XElement type = Assert.Single(Named(Metadata(feed.ToolPackage), "packageType"));
        Assert.Equal("DotnetTool", (string?)type.Attribute("name"));
    }

    [Fact]
    public void Assembly_OfPackages_IsManagedCodeOnly()
    {
        foreach (string path in
            new[] { feed.LibraryPackage, feed.HostingPackage, feed.CachingPackage,
                feed.ToolPackage })
        {
            using ZipArchive package = ZipFile.OpenRead(path);
            string[] files = Files(package);
            Assert.DoesNotContain(files, f => f.StartsWith("runtimes/", StringComparison.Ordinal));
            Assert.DoesNotContain(files, f => f.EndsWith(".so", StringComparison.Ordinal));
            foreach (ZipArchiveEntry entry in Assemblies(package))
            {
                using PEReader image = Read(entry);
                Assert.True(image.HasMetadata, entry.FullName);
                // What the runtime's own libraries bring compiled beforehand is managed code too.
                string[] ours = [.. s_assemblies, Hosting, Caching, "lsm"];
                bool isOurs = ours.Contains(Path.GetFileNameWithoutExtension(entry.Name));
                Assert.True(
                    !isOurs || image.PEHeaders.CorHeader!.Flags.HasFlag(CorFlags.ILOnly),
                    entry.FullName);
            }
        }
    }

    [Fact]
    public void Symbols_OfLibraries_LieInsideAndNameNoMachinePath()
    {
        using ZipArchive library = ZipFile.OpenRead(feed.LibraryPackage);
        using ZipArchive hosting = ZipFile.OpenRead(feed.HostingPackage);
        using ZipArchive caching = ZipFile.OpenRead(feed.CachingPackage);
        ZipArchiveEntry[] entries =
            [.. Assemblies(library), .. Assemblies(hosting), .. Assemblies(caching)];
        foreach (ZipArchiveEntry entry in entries)
        {
            using PEReader image = Read(entry);
            DebugDirectoryEntry[] debug = [.. image.ReadDebugDirectory()];
            Assert.Contains(debug, d => d.Type == DebugDirectoryEntryType.Reproducible);
            DebugDirectoryEntry embedded = Assert.Single(
                debug, d => d.Type == DebugDirectoryEntryType.EmbeddedPortablePdb);
            using MetadataReaderProvider provider =
                image.ReadEmbeddedPortablePdbDebugDirectoryData(embedded);
            MetadataReader symbols = provider.GetMetadataReader();
            string[] documents =
                [.. symbols.Documents.Select(d => symbols.GetString(symbols.GetDocument(d).Name))];
            Assert.NotEmpty(documents);
            Assert.All(
                documents, d => Assert.StartsWith("/_/", d, StringComparison.Ordinal));
            foreach (DebugDirectoryEntry view in debug)
            {
                if (view.Type == DebugDirectoryEntryType.CodeView)
                    Assert.DoesNotContain('/', image.ReadCodeViewDebugDirectoryData(view).Path);
            }
        }
    }

    private static string[] Dependencies(string path)
    {
        XElement group = Assert.Single(Named(Metadata(path), "group"));
        Assert.Equal("net10.0", (string?)group.Attribute("targetFramework"));
        return
        [
            .. Named(group, "dependency")
                .Select(d => $"{(string?)d.Attribute("id")} {(string?)d.Attribute("version")}")
                .Order(StringComparer.Ordinal),
        ];
    }

    private static string[] Files(ZipArchive package) =>
    [
        .. package.Entries.Select(e => e.FullName)
            .Where(f => f is not ("_rels/.rels" or "[Content_Types].xml")
                && !f.StartsWith("package/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal),
    ];

    private static IEnumerable<ZipArchiveEntry> Assemblies(ZipArchive package) =>
        package.Entries.Where(e => e.Name.EndsWith(".dll", StringComparison.Ordinal));

    private static PEReader Read(ZipArchiveEntry entry)
    {
        var bytes = new MemoryStream();
        using (Stream stream = entry.Open())
            stream.CopyTo(bytes);
        bytes.Position = 0;
        return new PEReader(bytes);
    }

    private static XElement Metadata(string path)
    {
        using ZipArchive package = ZipFile.OpenRead(path);
        ZipArchiveEntry entry = package.Entries.Single(
            e => e.FullName.EndsWith(".nuspec", StringComparison.Ordinal));
        using Stream stream = entry.Open();
        return XDocument.Load(stream).Root!.Elements().Single();
    }

    // The namespace of a nuspec changes with what it uses.
    private static IEnumerable<XElement> Named(XElement root, string name) =>
        root.Descendants().Where(e => e.Name.LocalName == name);
}
