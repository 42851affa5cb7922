// The registration, in the shape of the other providers of distributed caches.
// Threads: of the one that builds the container.

using LsmMmap.Extensions.Caching;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers a cache on disk with a container.</summary>
public static class LsmCacheServiceCollectionExtensions
{
    /// <summary>Adds an <see cref="LsmCache"/> as the container's
    /// <see cref="IDistributedCache"/>, in front of those that were added before. It is opened when
    /// it is first asked for, and closed with the container.</summary>
    /// <param name="services">The container's services.</param>
    /// <param name="setup">Sets the options; null when they are configured elsewhere.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddLsmCache(
        this IServiceCollection services, Action<LsmCacheOptions>? setup = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        OptionsBuilder<LsmCacheOptions> options =
            services.AddOptions<LsmCacheOptions>().ValidateOnStart();
        if (setup != null)
            options.Configure(setup);
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<LsmCacheOptions>, LsmCacheOptionsCheck>());
        services.TryAddSingleton<LsmCache>();
        services.AddSingleton<IDistributedCache>(
            static provider => provider.GetRequiredService<LsmCache>());
        return services;
    }
}
