// What the tests of one host share: a folder, hosts that end with the test, and what they logged.
// xunit makes one object per test, so nothing here outlives a test. Tests run one after the other,
// because the engine's event source is one for the process, and some ask whether anybody listens.

using LsmMmap.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace LsmMmap.Hosting.Tests;

public abstract class HostTest : IDisposable
{
    private readonly List<IHost> _hosts = [];

    protected TemporaryFolder Folder { get; } = new();

    private protected CollectedLog Log { get; } = new();

    public virtual void Dispose()
    {
        foreach (IHost host in _hosts)
            host.Dispose();
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>A host with these settings, and nothing of the surroundings of the test.</summary>
    private protected IHost Build(
        Action<IServiceCollection> register, params (string Key, string? Value)[] settings)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(
            new HostApplicationBuilderSettings { ContentRootPath = Folder.Path });
        builder.Configuration.AddInMemoryCollection(
            settings.Select(s => KeyValuePair.Create(s.Key, s.Value)));
        builder.Logging.AddProvider(Log).SetMinimumLevel(LogLevel.Debug);
        register(builder.Services);
        IHost host = builder.Build();
        _hosts.Add(host);
        return host;
    }

    private protected async Task<IHost> StartAsync(
        Action<IServiceCollection> register, params (string Key, string? Value)[] settings)
    {
        IHost host = Build(register, settings);
        await host.StartAsync();
        return host;
    }

    private protected static LsmStore StoreOf(IHost host, string name) =>
        host.Services.GetRequiredKeyedService<LsmStore>(name);
}
