// All source of the store as one compilation, so that a test can ask which type a name means.
// Wal, Sstable, Engine and the extensions compile together here: their internals then see each
// other as the real InternalsVisibleTo lets them, and the ranks are what keeps them apart.
// Threads: built once; Roslyn compilations are immutable.

using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace LsmMmap.House.Tests;

internal static class SourceCompilation
{
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    /// <summary>What the extensions see of the packages that they stand on.</summary>
    public static IReadOnlyList<string> ExtensionPackages { get; } =
    [
        "Microsoft.Extensions.Caching.Abstractions.dll",
        "Microsoft.Extensions.DependencyInjection.Abstractions.dll",
        "Microsoft.Extensions.Logging.Abstractions.dll",
        "Microsoft.Extensions.Options.dll",
        "Microsoft.Extensions.Primitives.dll",
    ];

    private static readonly Lazy<CSharpCompilation> s_compilation = new(Compile);

    public static CSharpCompilation Current => s_compilation.Value;

    public static SyntaxTree ImplicitUsingsTree { get; } =
        CSharpSyntaxTree.ParseText(ImplicitUsings, SourceTree.ParseOptions, "ImplicitUsings.cs");

    /// <summary>The framework's assemblies and those whose file name is given.</summary>
    public static IEnumerable<MetadataReference> References(params string[] packages)
    {
        string platform = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        string framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        return platform.Split(Path.PathSeparator)
            .Where(p => Path.GetDirectoryName(p) == framework
                || packages.Contains(Path.GetFileName(p), StringComparer.OrdinalIgnoreCase))
            .Select(p => MetadataReference.CreateFromFile(p));
    }

    private static CSharpCompilation Compile()
    {
        CSharpCompilationOptions options = new(
            OutputKind.DynamicallyLinkedLibrary,
            allowUnsafe: true,
            nullableContextOptions: NullableContextOptions.Enable);
        return CSharpCompilation.Create(
            "LsmMmap",
            [ImplicitUsingsTree, .. SourceTree.Source.Select(f => f.Tree)],
            References([
                "K4os.Compression.LZ4.dll", "System.IO.Hashing.dll", .. ExtensionPackages]),
            options);
    }
}
