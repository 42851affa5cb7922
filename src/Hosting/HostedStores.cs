// The stores of one host: where each lies, and opening it. All of them are looked at before the
// first is opened, so two that would share a name or a directory are found however they are asked
// for.
//
// Invariant: names are unique, and so are directories.
// Threads: read-only once it is made; the container calls Open once for each name.

using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace LsmMmap.Hosting;

/// <summary>What AddLsmStore leaves in the services.</summary>
internal sealed record StoreRegistration(string Name);

/// <summary>A store that is registered, its directory as a full path.</summary>
internal sealed record StorePlace(string Name, string Directory, LsmStoreOptions Options);

internal sealed class HostedStores
{
    private readonly Dictionary<string, StorePlace> _places =
        new(StringComparer.OrdinalIgnoreCase);

    private readonly ConcurrentQueue<LsmStore> _opened = [];
    private readonly StoreLog _log;

    public HostedStores(
        IEnumerable<StoreRegistration> registrations, IOptionsMonitor<LsmStoreOptions> options,
        StoreLog log, IServiceProvider services)
    {
        _log = log;
        string root = services.GetService<IHostEnvironment>()?.ContentRootPath
            ?? Environment.CurrentDirectory;
        var names = new Dictionary<string, string>(
            OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase);
        foreach (StoreRegistration registration in registrations)
        {
            string name = registration.Name;
            // The first time that options are asked for they are validated.
            LsmStoreOptions its = options.Get(name);
            string directory = Path.TrimEndingDirectorySeparator(
                Path.GetFullPath(its.Directory!, root));
            if (!_places.TryAdd(name, new StorePlace(name, directory, its)))
                throw new InvalidOperationException(
                    $"AddLsmStore was called twice for the store \"{name}\"");
            if (!names.TryAdd(directory, name))
                throw new InvalidOperationException(
                    $"the stores \"{names[directory]}\" and \"{name}\" have the same directory, "
                    + directory);
        }
    }

    /// <summary>Those opened so far, in that order.</summary>
    public IReadOnlyCollection<LsmStore> Opened => _opened;

    public StorePlace PlaceOf(string name) => _places[name];

    /// <summary>Opens a store; the container keeps it, and disposes it after what was made with
    /// it.</summary>
    public LsmStore Open(string name)
    {
        StorePlace place = _places[name];
        Debug.Assert(place.Name == name, "the container knows a store by the name it was given");
        place.Options.Store.Name ??= name;
        _log.Expect(place.Directory);
        LsmStore store = place.Options.Open(place.Directory, place.Options.Store);
        _log.Know(store.Name);
        _opened.Enqueue(store);
        return store;
    }
}
