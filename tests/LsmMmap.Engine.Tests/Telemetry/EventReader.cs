// What an EventListener hears of the EventSource about one store, as "name" and payload by name.
// Events come from the telemetry thread, some time after what they tell. Stores that other tests
// have left open are not heard.
// Threads: any.

using System.Diagnostics.Tracing;
using LsmMmap.Engine.Telemetry;

namespace LsmMmap.Engine.Tests.Telemetry;

internal sealed record HeardEvent(
    string Name, EventLevel Level, IReadOnlyDictionary<string, object?> Payload);

internal sealed class EventReader : EventListener
{
    private readonly Lock _lock = new();
    private readonly List<HeardEvent> _events = [];
    private readonly string _store;

    public EventReader(string store, EventKeywords keywords = EventKeywords.All)
    {
        _store = store;
        EnableEvents(StoreEventSource.Log, EventLevel.Verbose, keywords);
    }

    /// <summary>Runs on the telemetry thread before an event is kept.</summary>
    public Action<string>? OnEvent { get; set; }

    /// <summary>Everything told so far, in order.</summary>
    public IReadOnlyList<HeardEvent> Events
    {
        get
        {
            TelemetryThread.WaitUntilIdle();
            lock (_lock)
                return [.. _events];
        }
    }

    public HeardEvent Single(string name) => Assert.Single(Events, e => e.Name == name);

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventSource != StoreEventSource.Log)
            return;
        var payload = new Dictionary<string, object?>();
        for (int i = 0; i < eventData.Payload!.Count; i++)
            payload.Add(eventData.PayloadNames![i], eventData.Payload[i]);
        if (payload.TryGetValue("store", out object? store) && !_store.Equals(store))
            return;
        OnEvent?.Invoke(eventData.EventName!);
        lock (_lock)
            _events.Add(new HeardEvent(eventData.EventName!, eventData.Level, payload));
    }
}
