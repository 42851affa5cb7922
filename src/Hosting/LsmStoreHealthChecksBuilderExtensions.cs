// Registers the health check of a store with those of an application.

using LsmMmap.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LsmMmap;

/// <summary>Health checks of stores.</summary>
public static class LsmStoreHealthChecksBuilderExtensions
{
    /// <summary>Adds a check of a store, named "lsm-" and the store's name. It fails when the store
    /// has failed, and so only reads, or is closed; it is Degraded while writes are held back,
    /// background work waits for space, little of the disk is free, or the scrub has found damage.
    /// It writes nothing.</summary>
    /// <param name="builder">The health checks of the application.</param>
    /// <param name="name">The name given to AddLsmStore.</param>
    /// <param name="failureStatus">What failing is; null means Unhealthy.</param>
    /// <param name="tags">For those who choose checks by tags.</param>
    /// <returns>The builder.</returns>
    public static IHealthChecksBuilder AddLsmStore(
        this IHealthChecksBuilder builder,
        string name = LsmStoreServiceCollectionExtensions.DefaultName,
        HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return builder.Add(new HealthCheckRegistration(
            "lsm-" + name,
            provider => new StoreHealthCheck(
                provider.GetRequiredKeyedService<LsmStore>(name),
                provider.GetRequiredService<HostedStores>().PlaceOf(name)),
            failureStatus, tags));
    }
}
