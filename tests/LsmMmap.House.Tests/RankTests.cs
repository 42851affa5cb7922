// The ranks of RankTable hold: every name in src is resolved to the type it means, and that type
// must lie in a room below. A `using` line counts even where nothing of it is used.

using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace LsmMmap.House.Tests;

public sealed class RankTests
{
    [Fact]
    public void Source_AsOneCompilation_HasNoErrors()
    {
        Findings findings = new();
        foreach (Diagnostic problem in SourceCompilation.Current.GetDiagnostics())
        {
            if (problem.Severity == DiagnosticSeverity.Error)
                findings.Add(problem.ToString());
        }
        findings.AssertNone("the ranks can only be judged where every name resolves");
    }

    [Fact]
    public void Room_UsesOfOthers_GoDownOnly()
    {
        Findings findings = new();
        HashSet<RankExemption> needed = [];
        foreach (SourceFile file in SourceTree.Source)
        {
            if (RankTable.RoomOf(file.Path) is { } room)
                Judge(file, room, needed, findings);
        }
        foreach (RankExemption stale in RankTable.Exemptions.Except(needed))
            findings.Add($"{stale.Path}: the exemption for {stale.UsedType} is stale: remove it");
        findings.AssertNone("a room uses only rooms of a lower rank (RankTable.cs)");
    }

    [Fact]
    public void Folder_OfSource_IsARoom()
    {
        Findings findings = new();
        foreach (SourceFile file in SourceTree.Source)
        {
            if (RankTable.RoomOf(file.Path) == null)
                findings.Add($"{file.Path}: its folder has no rank: give it one in RankTable.cs");
        }
        foreach (Room room in RankTable.Rooms)
        {
            if (!SourceTree.Source.Any(f => RankTable.RoomOf(f.Path) == room))
                findings.Add($"{room.Folder}: in RankTable.cs, but there is no source in it");
        }
        findings.AssertNone("the tree and the table of rooms are the same");
    }

    [Fact]
    public void Namespace_OfFile_IsThatOfItsRoom()
    {
        Findings findings = new();
        foreach (SourceFile file in SourceTree.Source)
        {
            if (RankTable.RoomOf(file.Path) is not { } room)
                continue;
            foreach (BaseNamespaceDeclarationSyntax node in
                file.Root.DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>())
            {
                string name = node.Name.ToString();
                bool isRegistration = room.Building == Building.Library
                    && name == RankTable.RegistrationNamespace;
                if (name != room.Namespace && name != RankTable.InternalNamespace(room)
                    && !isRegistration)
                    findings.Add(file, node, $"expected {room.Namespace}");
            }
        }
        findings.AssertNone("the namespace of a file is that of its folder");
    }

    [Fact]
    public void PublicType_InSource_LiesInApiOrRoof()
    {
        Findings findings = new();
        foreach (SourceFile file in SourceTree.Source)
        {
            Room? room = RankTable.RoomOf(file.Path);
            if (room?.Namespace == "LsmMmap" || room?.Building == Building.Library)
                continue;
            foreach (BaseTypeDeclarationSyntax type in
                file.Root.DescendantNodes().OfType<BaseTypeDeclarationSyntax>())
            {
                bool isPublic = type.Modifiers.Any(m => m.Text == "public");
                if (isPublic && type.Parent is BaseNamespaceDeclarationSyntax)
                    findings.Add(file, type, $"{type.Identifier} is public");
            }
        }
        findings.AssertNone("only src/Engine/Api, src/Engine/*.cs and libraries have public types");
    }

    [Fact]
    public void Leaf_ProjectFile_ReferencesNoProject()
    {
        Findings findings = new();
        foreach (string path in new[]
            { "src/Wal/LsmMmap.Wal.csproj", "src/Sstable/LsmMmap.Sstable.csproj" })
        {
            if (SourceTree.Read(path).Contains("<ProjectReference", StringComparison.Ordinal))
                findings.Add(path);
        }
        findings.AssertNone("the leaves know bytes only: they reference no project");
    }

    private static void Judge(
        SourceFile file, Room room, HashSet<RankExemption> needed, Findings findings)
    {
        SemanticModel model = SourceCompilation.Current.GetSemanticModel(file.Tree);
        foreach (SimpleNameSyntax name in file.Root.DescendantNodes().OfType<SimpleNameSyntax>())
        {
            ISymbol? symbol = model.GetSymbolInfo(name).Symbol;
            if (symbol == null || RoomOf(symbol) is not { } used || RankTable.MayUse(room, used))
                continue;
            string type = symbol is INamespaceOrTypeSymbol ? symbol.Name : OwnerName(symbol);
            RankExemption? exemption = RankTable.Exemptions
                .FirstOrDefault(e => e.Path == file.Path && e.UsedType == type);
            if (exemption != null)
                needed.Add(exemption);
            else
                findings.Add(file, name, $"{type} lies in {used.Folder}");
        }
    }

    private static string OwnerName(ISymbol symbol) => symbol.ContainingType?.Name ?? symbol.Name;

    private static Room? RoomOf(ISymbol symbol)
    {
        if (symbol is INamespaceSymbol space)
            return RankTable.RoomOfNamespace(space.ToDisplayString());
        if (symbol is ILocalSymbol or IParameterSymbol or ITypeParameterSymbol)
            return null;
        ISymbol type = symbol as INamedTypeSymbol ?? symbol.ContainingType ?? symbol;
        string? path = type.OriginalDefinition.DeclaringSyntaxReferences
            .FirstOrDefault()?.SyntaxTree.FilePath;
        return path != null && path.StartsWith("src/", StringComparison.Ordinal)
            ? RankTable.RoomOf(path)
            : null;
    }
}
