// Hands the engine's events to the loggers of the host. The engine tells them to whoever listens
// to its EventSource, of all stores of the process; this listens for one host, and passes on what
// its own stores tell. Nobody listens to a category that no logger takes, so the engine does not
// even make the event.
//
// A store is known by the name that the engine gives it, which may differ from the one asked for
// where another store of the process has that. The name is learned from the first event of the
// store, which says its directory, or else when it is open; damage is known by its directory
// alone.
// Threads: events come on the engine's telemetry thread, in their order; the rest from any.

using System.Collections.Concurrent;
using System.Collections.ObjectModel;
using System.Diagnostics;
using System.Diagnostics.Tracing;
using Microsoft.Extensions.Logging;

namespace LsmMmap.Hosting;

internal sealed class StoreLog : EventListener
{
    private const int StoreOpened = 1;
    private const int StoreClosed = 2;
    private const int DamageFound = 14;

    // A level may be changed at any time, and no logger says so.
    private static readonly TimeSpan s_levelsAge = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly Dictionary<int, (LogLine Line, ILogger Logger)> _lines = [];
    private readonly ConcurrentDictionary<string, bool> _directories = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _stores = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _closed = new(0);
    private readonly ITimer _timer;
    private volatile EventSource? _source;
    private long _keywords;

    // The constructor of the base tells of the sources that exist, before this one's body runs.
    public StoreLog(ILoggerFactory loggers, TimeProvider clock)
    {
        var categories = LogLine.Keywords.Keys.ToDictionary(c => c, loggers.CreateLogger);
        foreach (LogLine line in LogLine.All)
            _lines.Add(line.Id.Id, (line, categories[line.Category]));
        Refresh();
        _timer = clock.CreateTimer(
            static log => ((StoreLog)log!).Refresh(), this, s_levelsAge, s_levelsAge);
    }

    /// <summary>A store is about to be opened there.</summary>
    public void Expect(string directory) => _directories.TryAdd(directory, true);

    /// <summary>A store of the host is open, and this is its name.</summary>
    public void Know(string store) => _stores.TryAdd(store, true);

    /// <summary>Waits a moment for the last events of stores that were closed, for they come on
    /// another thread.</summary>
    public override void Dispose()
    {
        _timer.Dispose();
        while (Interlocked.Read(ref _keywords) != 0 && !_stores.IsEmpty
            && _closed.Wait(s_patience))
        {
        }
        base.Dispose();
        _closed.Dispose();
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name != "LsmMmap")
            return;
        _source = eventSource;
        Listen();
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventSource != _source || eventData.Payload is not { Count: > 0 } payload
            || !_lines.TryGetValue(eventData.EventId, out (LogLine Line, ILogger Logger) its)
            || !IsOurs(eventData.EventId, payload))
            return;
        LogLine line = its.Line;
        if (its.Logger.IsEnabled(line.Level))
            its.Logger.Log(line.Level, line.Id, line.Message, [.. payload]);
        if (eventData.EventId == StoreClosed && _stores.TryRemove((string)payload[0]!, out _))
            _closed.Release();
    }

    private bool IsOurs(int id, ReadOnlyCollection<object?> payload)
    {
        string first = (string)payload[0]!;
        if (id == DamageFound)
            return _directories.ContainsKey(Path.GetDirectoryName(first) ?? "");
        if (id == StoreOpened && payload is [_, string directory, false, ..]
            && _directories.ContainsKey(directory))
            Know(first);
        return _stores.ContainsKey(first);
    }

    /// <summary>Asks the loggers again what they take.</summary>
    private void Refresh()
    {
        var wanted = EventKeywords.None;
        foreach ((LogLine line, ILogger logger) in _lines.Values)
        {
            if (logger.IsEnabled(line.Level))
                wanted |= LogLine.Keywords[line.Category];
        }
        // Names come and go with the events of this one.
        if (wanted != EventKeywords.None)
            wanted |= LogLine.Keywords[LogLine.Lifetime];
        if (Interlocked.Exchange(ref _keywords, (long)wanted) != (long)wanted)
            Listen();
    }

    /// <summary>Two threads may be here: who comes last has seen what is wanted last.</summary>
    private void Listen()
    {
        if (_source is not { } source)
            return;
        long wanted;
        do
        {
            wanted = Interlocked.Read(ref _keywords);
            // What is on can only grow; so it is turned off first.
            DisableEvents(source);
            // Without a keyword a listener would get them all.
            if (wanted != 0)
                EnableEvents(source, EventLevel.Informational, (EventKeywords)wanted);
        }
        while (wanted != Interlocked.Read(ref _keywords));
        Debug.Assert((wanted & ~63) == 0, "there are six keywords");
    }
}
