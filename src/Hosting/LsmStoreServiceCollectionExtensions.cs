// Registers stores with the services of an application. A store is a singleton under its name as
// key; the one named "default" is also what a constructor gets that names no key.

using LsmMmap.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace LsmMmap;

/// <summary>Stores as services of a host.</summary>
/// <remarks>
/// The host opens its stores when it starts, before any other hosted service starts, and does not
/// start when an option is wrong, a store does not open, or two have one name or directory. When it
/// stops, and everything else of it has stopped, it flushes them, as long as its shutdown timeout
/// allows; the container disposes them after whatever was made with them. Nothing else should
/// dispose them.
/// </remarks>
public static class LsmStoreServiceCollectionExtensions
{
    /// <summary>The name of the store that is registered without one.</summary>
    public const string DefaultName = "default";

    /// <summary>Adds the store of an application that has one: a singleton <see cref="LsmStore"/>,
    /// configured in the section "LsmMmap:default".</summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="configure">Sets options, after the configuration has.</param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddLsmStore(
        this IServiceCollection services, Action<LsmStoreOptions>? configure = null) =>
        services.AddLsmStore(DefaultName, configure);

    /// <summary>Adds a store: a singleton <see cref="LsmStore"/> under its name as key, so that a
    /// parameter with [FromKeyedServices("orders")] gets it.</summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="name">The key, and the part of the configuration section after "LsmMmap:". Any
    /// text without a colon; case does not tell two names apart.</param>
    /// <param name="configure">Sets options, after the configuration has.</param>
    /// <returns>The services.</returns>
    /// <exception cref="ArgumentException">The name is empty or has a colon.</exception>
    public static IServiceCollection AddLsmStore(
        this IServiceCollection services, string name, Action<LsmStoreOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (name.Contains(':', StringComparison.Ordinal))
            throw new ArgumentException(
                $"\"{name}\" cannot name a store: a colon parts sections of the configuration",
                nameof(name));
        AddShared(services);
        services.AddSingleton(new StoreRegistration(name));
        OptionsBuilder<LsmStoreOptions> options = services.AddOptions<LsmStoreOptions>(name)
            .Configure<IServiceProvider>((its, provider) =>
            {
                if (provider.GetService<IConfiguration>() is { } configuration)
                    ConfigurationKeys.Read(
                        configuration.GetSection(ConfigurationKeys.SectionOf(name)), its);
            })
            .ValidateOnStart();
        if (configure != null)
            options.Configure(configure);
        services.AddKeyedSingleton(
            name, static (provider, key) =>
                provider.GetRequiredService<HostedStores>().Open((string)key!));
        if (name == DefaultName)
            services.AddSingleton(
                static provider => provider.GetRequiredKeyedService<LsmStore>(DefaultName));
        return services;
    }

    /// <summary>Adds a store that lies in a directory.</summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="name">As in the overload without a directory.</param>
    /// <param name="directory">Its directory, where configuration names none; a relative path
    /// begins at the content root of the host.</param>
    /// <param name="configure">Sets options, after the configuration has.</param>
    /// <returns>The services.</returns>
    /// <exception cref="ArgumentException">The name is empty or has a colon, or the directory is
    /// empty.</exception>
    public static IServiceCollection AddLsmStore(
        this IServiceCollection services, string name, string directory,
        Action<LsmStoreOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        return services.AddLsmStore(name, options =>
        {
            options.Directory ??= directory;
            configure?.Invoke(options);
        });
    }

    private static void AddShared(IServiceCollection services)
    {
        services.TryAddSingleton(static provider => new StoreLog(
            provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance,
            provider.GetService<TimeProvider>() ?? TimeProvider.System));
        services.TryAddSingleton<HostedStores>();
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IHostedService, StoreLifetime>());
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<
                IValidateOptions<LsmStoreOptions>, LsmStoreOptionsValidator>());
    }
}
