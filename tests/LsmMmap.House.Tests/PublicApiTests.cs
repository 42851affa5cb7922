// The public surface is a text that reviewers read: PublicApi.txt, and one with its name for each
// other library. A change of the surface changes that file in the same commit (LSM_ACCEPT_API=1
// rewrites it). ReferenceApi.txt is the part that callers were promised: its lines may never leave.

using System.Reflection;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;

namespace LsmMmap.House.Tests;

public sealed class PublicApiTests
{
    private const string Folder = "tests/LsmMmap.House.Tests/";
    private const string PublicApi = Folder + "PublicApi.txt";
    private const string ReferenceApi = Folder + "ReferenceApi.txt";

    public static TheoryData<string> Libraries => [.. SourceCompilation.Libraries];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void PublicApi_OfAssembly_EqualsTheCheckedInText(string library)
    {
        string path = library == "LsmMmap" ? PublicApi : $"{Folder}PublicApi.{library}.txt";
        IReadOnlyList<string> actual = ApiText.Describe(Assembly.Load(library));
        if (Environment.GetEnvironmentVariable("LSM_ACCEPT_API") == "1")
            File.WriteAllText(SourceTree.FullPath(path), string.Join('\n', actual) + "\n");
        string[] expected = LinesOf(path);
        Findings findings = new();
        foreach (string line in expected.Except(actual))
            findings.Add($"gone: {line}");
        foreach (string line in actual.Except(expected))
            findings.Add($"new:  {line}");
        findings.AssertNone($"{path} differs; LSM_ACCEPT_API=1 rewrites it, then review it");
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void PublicType_OfAssembly_IsInTheOneNamespace(string library)
    {
        Findings findings = new();
        foreach (Type type in Assembly.Load(library).GetExportedTypes())
        {
            bool isRegistration = library != "LsmMmap"
                && type.Namespace == RankTable.RegistrationNamespace;
            if (type.Namespace != "LsmMmap" && type.Namespace != library && !isRegistration)
                findings.Add(type.FullName!);
        }
        findings.AssertNone("callers need one using");
    }

    [Fact]
    public void PublicApi_PromisedMembers_AreAllThere()
    {
        Findings findings = new();
        foreach (string line in LinesOf(ReferenceApi).Except(LinesOf(PublicApi)))
            findings.Add($"promised, but missing or changed: {line}");
        findings.AssertNone($"what {ReferenceApi} names stays as it is");
    }

    [Fact]
    public void PublicMember_Documentation_SaysWhatItIs()
    {
        HashSet<string> documented =
            [.. SourceCompilation.Libraries.SelectMany(DocumentedMembers)];
        Compilation store = SourceCompilation.Current;
        Findings findings = new();
        foreach (ISymbol symbol in PublicSymbols(store.Assembly.GlobalNamespace))
        {
            string? id = symbol.GetDocumentationCommentId();
            if (id != null && !documented.Contains(id))
                findings.Add($"{id}: no <summary> and no <inheritdoc/>");
        }
        findings.AssertNone("every public member has XML documentation");
    }

    private static string[] LinesOf(string path) =>
        SourceTree.Read(path).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static IEnumerable<string> DocumentedMembers(string library)
    {
        string path = Path.ChangeExtension(Assembly.Load(library).Location, ".xml");
        Assert.True(File.Exists(path), $"{path}: the build writes no XML documentation");
        IEnumerable<XElement> members = XDocument.Load(path).Descendants("member");
        return members.Where(IsFilled).Select(m => (string)m.Attribute("name")!);
    }

    private static bool IsFilled(XElement member)
    {
        bool hasSummary = member.Elements("summary").Any(s => s.Value.Trim().Length > 3);
        return hasSummary || member.Elements("inheritdoc").Any();
    }

    private static IEnumerable<ISymbol> PublicSymbols(INamespaceOrTypeSymbol parent)
    {
        foreach (ISymbol symbol in parent.GetMembers())
        {
            if (symbol is INamespaceSymbol space)
            {
                foreach (ISymbol inner in PublicSymbols(space))
                    yield return inner;
                continue;
            }
            if (!IsPublic(symbol) || symbol.IsImplicitlyDeclared || IsAccessor(symbol))
                continue;
            yield return symbol;
            if (symbol is INamedTypeSymbol { TypeKind: not TypeKind.Delegate } type)
            {
                foreach (ISymbol inner in PublicSymbols(type))
                    yield return inner;
            }
        }
    }

    private static bool IsPublic(ISymbol symbol) =>
        symbol.DeclaredAccessibility is Accessibility.Public or Accessibility.Protected;

    // Accessors belong to their property or event; explicit implementations to the contract.
    private static bool IsAccessor(ISymbol symbol) => symbol is IMethodSymbol
    {
        MethodKind: MethodKind.PropertyGet or MethodKind.PropertySet or MethodKind.EventAdd
            or MethodKind.EventRemove or MethodKind.ExplicitInterfaceImplementation,
    };
}
