// What listening costs: Put and Get with nobody listening, and with a MeterListener on every
// instrument, in a process of its own each. MeasureReads and the threshold for slow operations are
// options of the store, so a get that could be timed and is not is measured too.

using System.Diagnostics.Metrics;
using BenchmarkDotNet.Attributes;
using LsmMmap.Bench.Support;

namespace LsmMmap.Bench;

public class TelemetryBench
{
    private const ulong EntryCount = 100_000;

    private readonly KeyWalk _keys = new(0, EntryCount);
    private readonly byte[] _value = new byte[BenchData.ValueBytes];
    private BenchFolder _folder = null!;
    private LsmStore _store = null!;
    private MeterListener? _listener;
    private double _heard;

    public enum Listening
    {
        Nobody,

        /// <summary>Nobody, with MeasureReads and a threshold that is never reached.</summary>
        NobodyTimed,

        /// <summary>A MeterListener on a store with default options.</summary>
        Meter,

        /// <summary>The same with MeasureReads.</summary>
        MeterTimed,
    }

    [Params(Listening.Nobody, Listening.NobodyTimed, Listening.Meter, Listening.MeterTimed)]
    public Listening Who { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        bool isTimed = Who is Listening.NobodyTimed or Listening.MeterTimed;
        _folder = new BenchFolder();
        _store = LsmStore.Open(_folder.Path, new StoreOptions
        {
            MeasureReads = isTimed,
            SlowOperationMs = isTimed ? 60_000 : 0,
        });
        Span<byte> key = stackalloc byte[BenchData.KeyBytes];
        for (ulong number = 0; number < EntryCount; number++)
        {
            BenchData.WriteKey(key, number);
            BenchData.WriteValue(_value, number);
            _store.Put(key, _value);
        }
        _store.Compact();
        if (Who is Listening.Meter or Listening.MeterTimed)
            Listen();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _listener?.Dispose();
        _store.Dispose();
        _folder.Dispose();
    }

    [Benchmark]
    public long Put() => _store.Put(_keys.Next(), _value, Durability.Buffered);

    [Benchmark]
    public int GetPinned()
    {
        using PinnedValue value = _store.GetPinned(_keys.Next());
        return value.Span.Length;
    }

    private void Listen()
    {
        _listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == "LsmMmap")
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        _listener.SetMeasurementEventCallback<double>((_, value, _, _) => _heard += value);
        _listener.Start();
    }
}
