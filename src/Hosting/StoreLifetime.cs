// Opens the stores before anything of the host starts, and settles them after everything of it has
// stopped. Disposing is left to the container, which disposes what uses a store before the store.
//
// Settled means: every commit is on disk and in tables, so that Dispose has nothing left to write
// and the next opening nothing to recover. It is work of unknown length, and the host gives only
// so much time; what is not settled by then stays in the logs, which lose nothing.
// Threads: the host calls one method after the other.

using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LsmMmap.Hosting;

internal sealed class StoreLifetime(
    IServiceProvider services, IEnumerable<StoreRegistration> registrations,
    ILoggerFactory loggers) : IHostedLifecycleService
{
    private readonly ILogger _logger = loggers.CreateLogger(LogLine.Lifetime);
    private HostedStores? _stores;

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        _stores = services.GetRequiredService<HostedStores>();
        Debug.Assert(_stores.Opened.Count <= registrations.Count(), "a store is opened once");
        foreach (StoreRegistration registration in registrations)
        {
            cancellationToken.ThrowIfCancellationRequested();
            services.GetRequiredKeyedService<LsmStore>(registration.Name);
        }
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.WhenAll(
        (_stores?.Opened ?? []).Select(store => SettleAsync(store, cancellationToken)));

    /// <summary>Throws when acknowledged commits are lost, and then only.</summary>
    private async Task SettleAsync(LsmStore store, CancellationToken cancellationToken)
    {
        string name = store.Name;
        // A disk that does not answer must not hold the host back, so it waits on another thread.
        var settling = Task.Run(() => Settle(store, cancellationToken), CancellationToken.None);
        try
        {
            await settling.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _logger.LogWarning(
                LogLine.NotSettled, "{Store} was not flushed in the time that the host gives to "
                + "stop; its logs hold what its tables do not", name);
        }
    }

    private void Settle(LsmStore store, CancellationToken cancellationToken)
    {
        try
        {
            store.FlushLog();
            store.Flush(cancellationToken);
        }
        catch (ObjectDisposedException)
        {
            // The application has closed it.
        }
        catch (LsmException e)
        {
            Close(store, e);
        }
    }

    /// <summary>Closes a store that cannot be flushed, so that the container, which would do the
    /// same, has nothing to throw.</summary>
    private void Close(LsmStore store, LsmException why)
    {
        string name = store.Name;
        _logger.LogWarning(
            LogLine.NotSettled, why, "{Store} could not be flushed; its logs hold what its tables "
            + "do not", name);
        try
        {
            store.Dispose();
        }
        catch (LsmException e) when (e is not StoreFailedException)
        {
            // Its flush failed for the reason that was logged, and everything is in the logs.
        }
    }
}
