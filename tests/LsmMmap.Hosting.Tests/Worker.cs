// A hosted service that is told of nothing but starting and stopping, and holds the store by its
// constructor, as applications do.
// Threads: the host's.

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LsmMmap.Hosting.Tests;

internal sealed class Worker(
    IServiceProvider services, Action<LsmStore> onStart, Action<LsmStore> onStop) : IHostedService
{
    private readonly LsmStore _store = services.GetRequiredKeyedService<LsmStore>("orders");

    public Task StartAsync(CancellationToken cancellationToken)
    {
        onStart(_store);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        onStop(_store);
        return Task.CompletedTask;
    }
}
