// A worker outside the tree that knows the library for the host from its package alone: the C# of
// its README, built as it stands, trimmed, and as native code, the library kept whole, so that a
// warning of any line of it is seen. Warnings are errors.

namespace LsmMmap.Package.Tests;

[Collection("Feed")]
public sealed class HostingSampleTests(PackedFeed feed)
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
            <EventSourceSupport>true</EventSourceSupport>
            <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
            <TrimmerSingleWarn>false</TrimmerSingleWarn>
            <NuGetAudit>false</NuGetAudit>
            <RestoreAdditionalProjectSources>FEED</RestoreAdditionalProjectSources>
          </PropertyGroup>
          <ItemGroup>
            <PackageReference Include="LsmMmap.Extensions.Hosting" Version="[VERSION]" />
            <PackageReference Include="Microsoft.Extensions.Hosting" Version="HOST" />
            <TrimmerRootAssembly Include="LsmMmap.Extensions.Hosting" />
          </ItemGroup>
        </Project>
        """;

    [Fact]
    public void Worker_FromPackage_RunsAndLogs() => Expect(Build("worker", "build"));

    [TrimmedFact]
    public void Worker_Trimmed_RunsAndLogs() =>
        Expect(Build("trimmed-worker", "publish", Requirements.Trimmed));

    [NativeFact]
    public void Worker_Native_RunsAndLogs()
    {
        string output = Build("native-worker", "publish", Requirements.Native);
        Assert.Empty(Directory.GetFiles(output, "*.dll"));
        Expect(output);
    }

    private string Build(string name, string verb, params string[] arguments)
    {
        string folder = feed.NewFolder(name);
        string output = feed[name + "-output"];
        File.WriteAllText(
            Path.Combine(folder, "Program.cs"), Tree.Block("src/Hosting/README.md", "csharp"));
        File.WriteAllText(
            Path.Combine(folder, "Worker.csproj"),
            Project.Replace("FEED", feed.Path, StringComparison.Ordinal)
                .Replace("VERSION", feed.Version, StringComparison.Ordinal)
                .Replace(
                    "HOST", Tree.VersionOf("Microsoft.Extensions.Hosting.Abstractions"),
                    StringComparison.Ordinal));
        Ended built = Command.Dotnet(
            folder, [verb, "-c", "Release", "--nologo", "-o", output, .. arguments]);
        NoTrimWarning.In(built);
        return output;
    }

    private void Expect(string output)
    {
        string folder = feed.NewFolder(Path.GetFileName(output) + "-run");
        Ended ended = Command.Run(folder, Path.Combine(output, "Worker"));
        Assert.Contains("red\n", ended.Output, StringComparison.Ordinal);
        Assert.Contains("fruit is open", ended.Output, StringComparison.Ordinal);
        Assert.Contains("fruit is closed", ended.Output, StringComparison.Ordinal);
    }
}
