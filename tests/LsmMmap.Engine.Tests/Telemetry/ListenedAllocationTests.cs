// Puts and gets allocate nothing while somebody listens to the meter, either: what a listener
// itself takes is its own matter, so this one takes nothing.

using System.Diagnostics.Metrics;
using LsmMmap.Engine.Telemetry;
using LsmMmap.Testing;

namespace LsmMmap.Engine.Tests.Telemetry;

[Collection("Telemetry")]
public sealed class ListenedAllocationTests : StoreTest
{
    private const int Entries = 2_000;
    private const int WarmRounds = 3;

    private static readonly byte[][] s_keys =
        [.. Enumerable.Range(0, Entries).Select(static i => Bytes.Number(i))];

    [Fact]
    public void PutAndGet_WithAMeterListener_AllocateNothing()
    {
        LsmStore store = Open(new StoreOptions { MeasureReads = true });
        using MeterListener listener = Listen(out Func<long> heard);
        byte[] value = Bytes.Value(1, 100);
        byte[] target = new byte[200];
        int rounds = 0;
        Action round = () =>
        {
            rounds++;
            for (int i = 0; i < Entries; i++)
            {
                store.Put(s_keys[i], value);
                if (!store.TryGet(s_keys[i], target, out _))
                    Assert.Fail($"key {i} is missing");
            }
        };
        for (int i = 0; i < WarmRounds; i++)
            round();
        Assert.Equal(0, Allocated.FewestBytes(round));
        Assert.Equal(2 * rounds * Entries, heard());
    }

    private static MeterListener Listen(out Func<long> heard)
    {
        long count = 0;
        var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == StoreMeter.Name)
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => count++);
        listener.Start();
        heard = () => count;
        return listener;
    }
}
