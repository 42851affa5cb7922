// What a MeterListener hears of one store: the last value of every point of an observable
// instrument, by "instrument{attribute=value,...}", and how many durations came.
// Threads: durations come from any.

using System.Diagnostics.Metrics;
using System.Globalization;
using LsmMmap.Engine.Telemetry;

namespace LsmMmap.Engine.Tests.Telemetry;

/// <summary>Listeners are of the process, so these tests run alone.</summary>
[CollectionDefinition("Telemetry", DisableParallelization = true)]
public sealed class TelemetryAlone;

internal sealed class MeterReader : IDisposable
{
    private readonly Lock _lock = new();
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, double> _points = [];
    private readonly Dictionary<string, int> _durations = [];
    private readonly string? _store;

    /// <param name="store">Its name; null hears all.</param>
    public MeterReader(string? store)
    {
        _store = store;
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == StoreMeter.Name)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>(
            (instrument, value, tags, _) => Hear(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>(
            (instrument, value, tags, _) => Hear(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>Asks every observable instrument.</summary>
    public MeterReader Collect()
    {
        lock (_lock)
            _points.Clear();
        _listener.RecordObservableInstruments();
        return this;
    }

    public double this[string point]
    {
        get
        {
            lock (_lock)
                return _points.TryGetValue(point, out double value) ? value : Missing(point);
        }
    }

    public bool Has(string point)
    {
        lock (_lock)
            return _points.ContainsKey(point);
    }

    public int PointCount
    {
        get
        {
            lock (_lock)
                return _points.Count;
        }
    }

    /// <summary>The sum over all points of an instrument.</summary>
    public double Sum(string instrument)
    {
        lock (_lock)
            return _points.Where(p => p.Key.StartsWith(instrument + "{", StringComparison.Ordinal))
                .Sum(static p => p.Value);
    }

    /// <summary>How many durations came with these attributes.</summary>
    public int Durations(string point)
    {
        lock (_lock)
            return _durations.GetValueOrDefault(point);
    }

    public void Dispose() => _listener.Dispose();

    private double Missing(string point)
    {
        Assert.Fail($"no {point} among {string.Join(" ", _points.Keys)}");
        return 0;
    }

    private void Hear(
        Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        bool isOurs = _store == null;
        List<string> others = [];
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            if (tag.Key == StoreTags.Store)
                isOurs |= (string?)tag.Value == _store;
            else
                others.Add(string.Create(CultureInfo.InvariantCulture, $"{tag.Key}={tag.Value}"));
        }
        if (!isOurs && instrument.Name is not "lsm.damages" and not "lsm.process.major_faults")
            return;
        string point = others.Count == 0
            ? instrument.Name : $"{instrument.Name}{{{string.Join(",", others)}}}";
        lock (_lock)
        {
            if (instrument.IsObservable)
                _points[point] = value;
            else
                _durations[point] = _durations.GetValueOrDefault(point) + 1;
        }
    }
}
