// The points of one instrument over all open stores, while they are being collected.
// Threads: the collector's.

using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace LsmMmap.Engine.Telemetry;

internal sealed class Observed<T>
    where T : struct
{
    private readonly List<Measurement<T>> _points = [];
    private KeyValuePair<string, object?> _store;

    private Observed() { }

    /// <summary>Asks every open store. One that is being closed has nothing to say.</summary>
    public static IEnumerable<Measurement<T>> Of(Action<IMeteredStore, Observed<T>> read)
    {
        var observed = new Observed<T>();
        foreach (StoreTelemetry store in MeteredStores.ToArray())
        {
            if (store.Metered is not { } metered)
                continue;
            observed._store = StoreTags.Is(StoreTags.Store, store.Name);
            try
            {
                read(metered, observed);
            }
            catch (ObjectDisposedException)
            {
                // It is closed between the list and the question.
            }
        }
        return observed._points;
    }

    public void Add(T value)
    {
        Debug.Assert(_store.Key == StoreTags.Store, "a point says whose it is");
        _points.Add(new Measurement<T>(value, _store));
    }

    public void Add(T value, string tag, object tagValue)
    {
        Debug.Assert(_store.Key == StoreTags.Store, "a point says whose it is");
        _points.Add(new Measurement<T>(value, _store, new(tag, tagValue)));
    }
}
