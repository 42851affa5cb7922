// A program outside the tree that knows the library from its package alone: the C# of the README,
// built as it stands, trimmed, and as native code. Each must print what the README says.
//
// Trimmed and native, all three assemblies are kept whole, so that a warning of any line of them is
// seen, not only of the lines that the sample reaches. Warnings are errors.

namespace LsmMmap.Package.Tests;

[Collection("Feed")]
public sealed class SampleTests(PackedFeed feed)
{
    private const string Project =
        """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <TargetFramework>net10.0</TargetFramework>
            <OutputType>Exe</OutputType>
            <Nullable>enable</Nullable>
            <ImplicitUsings>enable</ImplicitUsings>
            <InvariantGlobalization>true</InvariantGlobalization>
            <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
            <TrimmerSingleWarn>false</TrimmerSingleWarn>
            <NuGetAudit>false</NuGetAudit>
            <RestoreAdditionalProjectSources>FEED</RestoreAdditionalProjectSources>
          </PropertyGroup>
          <ItemGroup>
            <PackageReference Include="LsmMmap" Version="[VERSION]" />
            <TrimmerRootAssembly Include="LsmMmap" />
            <TrimmerRootAssembly Include="LsmMmap.Sstable" />
            <TrimmerRootAssembly Include="LsmMmap.Wal" />
          </ItemGroup>
        </Project>
        """;

    [Fact]
    public void Sample_FromPackage_PrintsWhatTheReadmeSays()
    {
        string output = Build("sample", "build");
        Assert.True(File.Exists(Path.Combine(output, "LsmMmap.Sstable.dll")), "a leaf is missing");
        Expect(output);
    }

    [TrimmedFact]
    public void Sample_Trimmed_PrintsWhatTheReadmeSays()
    {
        string output = Build("trimmed-sample", "publish", Requirements.Trimmed);
        Expect(output);
    }

    [NativeFact]
    public void Sample_Native_PrintsWhatTheReadmeSays()
    {
        string output = Build("native-sample", "publish", Requirements.Native);
        Assert.Empty(Directory.GetFiles(output, "*.dll"));
        Expect(output);
    }

    private string Build(string name, string verb, params string[] arguments)
    {
        string folder = feed.NewFolder(name);
        string output = feed[name + "-output"];
        File.WriteAllText(Path.Combine(folder, "Program.cs"), Tree.ReadmeSample().Code);
        File.WriteAllText(
            Path.Combine(folder, "Sample.csproj"),
            Project.Replace("FEED", feed.Path, StringComparison.Ordinal)
                .Replace("VERSION", feed.Version, StringComparison.Ordinal));
        Ended built = Command.Dotnet(
            folder, [verb, "-c", "Release", "--nologo", "-o", output, .. arguments]);
        NoTrimWarning.In(built);
        return output;
    }

    private void Expect(string output)
    {
        string folder = feed.NewFolder(Path.GetFileName(output) + "-run");
        Ended ended = Command.Run(folder, Path.Combine(output, "Sample"));
        Assert.Equal(Tree.ReadmeSample().Output, ended.Output);
        Assert.True(Directory.Exists(Path.Combine(folder, "fruit")), "it made no store");
    }
}
