// A C# block of a page as a program: compiled against what the test project is, and of this tree's
// own assemblies those named, and run inside this process, in a folder of the caller's, with what
// it prints kept.
// The benchmark's tests compile this file too, for the blocks that use other engines.
// Threads: running changes the process's working directory and console; callers run alone.

using System.Reflection;
using System.Runtime.ExceptionServices;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;

namespace LsmMmap.House.Tests;

internal static class PageProgram
{
    /// <summary>What a project with ImplicitUsings has without saying so.</summary>
    public const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    private static readonly CSharpParseOptions s_parseOptions = new(LanguageVersion.CSharp14);

    /// <summary>The assemblies of the frameworks and of packages; of this tree's own those that
    /// are given.</summary>
    public static IEnumerable<MetadataReference> References(params IEnumerable<string> libraries)
    {
        string platform = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        return platform.Split(Path.PathSeparator)
            .Where(p => Path.GetFileNameWithoutExtension(p) is var name
                && (!name.StartsWith("LsmMmap", StringComparison.Ordinal)
                    || libraries.Contains(name)))
            .Select(p => MetadataReference.CreateFromFile(p));
    }

    public static CSharpCompilation Compile(
        string place, string text, params IEnumerable<string> libraries) =>
        CSharpCompilation.Create(
            "Example",
            [
                CSharpSyntaxTree.ParseText(ImplicitUsings, s_parseOptions, "ImplicitUsings.cs"),
                CSharpSyntaxTree.ParseText(text, s_parseOptions, place),
            ],
            References(libraries),
            new CSharpCompilationOptions(
                OutputKind.ConsoleApplication,
                nullableContextOptions: NullableContextOptions.Enable));

    /// <summary>Runs it with the folder as its working directory; gives what it printed.</summary>
    public static string Run(CSharpCompilation program, string folder)
    {
        using MemoryStream image = new();
        EmitResult result = program.Emit(image);
        Assert.True(result.Success, string.Join(Environment.NewLine, result.Diagnostics));
        image.Position = 0;
        string previousFolder = Directory.GetCurrentDirectory();
        TextWriter previousOutput = Console.Out;
        using StringWriter output = new();
        AssemblyLoadContext context = new("Example", isCollectible: true);
        try
        {
            Directory.SetCurrentDirectory(folder);
            Console.SetOut(output);
            MethodInfo entry = context.LoadFromStream(image).EntryPoint!;
            object?[] arguments = entry.GetParameters().Length == 0 ? [] : [Array.Empty<string>()];
            entry.Invoke(null, arguments);
        }
        catch (TargetInvocationException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerException!);
        }
        finally
        {
            Console.SetOut(previousOutput);
            Directory.SetCurrentDirectory(previousFolder);
            context.Unload();
        }
        return output.ToString().ReplaceLineEndings("\n");
    }
}
