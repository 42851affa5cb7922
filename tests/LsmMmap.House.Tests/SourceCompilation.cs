// All source of the store as one compilation, so that a test can ask which type a name means.
// Wal, Sstable and Engine compile together here, and the libraries over them: their internals then
// see each other as the real InternalsVisibleTo lets them, and the ranks are what keeps them apart.
// Threads: built once; Roslyn compilations are immutable.

using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace LsmMmap.House.Tests;

internal static class SourceCompilation
{
    private static readonly Lazy<CSharpCompilation> s_compilation = new(Compile);

    public static CSharpCompilation Current => s_compilation.Value;

    public static SyntaxTree ImplicitUsingsTree { get; } =
        CSharpSyntaxTree.ParseText(
            PageProgram.ImplicitUsings, SourceTree.ParseOptions, "ImplicitUsings.cs");

    /// <summary>The assemblies that have public types, and are packages: each has a text of its
    /// public API.</summary>
    public static IReadOnlyList<string> Libraries { get; } =
        ["LsmMmap", "LsmMmap.Extensions.Hosting", "LsmMmap.Extensions.Caching"];

    private static CSharpCompilation Compile()
    {
        CSharpCompilationOptions options = new(
            OutputKind.DynamicallyLinkedLibrary,
            allowUnsafe: true,
            nullableContextOptions: NullableContextOptions.Enable);
        return CSharpCompilation.Create(
            "LsmMmap",
            [ImplicitUsingsTree, .. SourceTree.Source.Select(f => f.Tree)],
            PageProgram.References(),
            options);
    }
}
