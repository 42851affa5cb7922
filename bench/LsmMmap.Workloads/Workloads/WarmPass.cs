// What comes before a timed read: one pass over all data, so that it lies where the engine caches
// it; random reads until the compiler has seen the hot code; and a sample of values compared with
// what was loaded.

using System.Diagnostics;
using LsmMmap.Workloads.Data;
using LsmMmap.Workloads.Engines;

namespace LsmMmap.Workloads.Workloads;

internal sealed class WarmPass(WorkloadContext context)
{
    private const int SampleCount = 1_000;
    private const double ReadSeconds = 0.3;

    public Outcome Outcome { get; } = new(null!);

    public void Run()
    {
        using IEngineSession session = context.Engine.OpenSession();
        ReadTotals totals = default;
        long seen = session.ScanAll(backward: false, ref totals);
        Outcome.Expect(seen == context.Entries,
            $"the store holds {seen} entries instead of {context.Entries}");
        Sample(session);
        Read(session);
    }

    private void Sample(IEngineSession session)
    {
        byte[] copy = new byte[context.Source.ValueBytes];
        ReadTotals totals = new() { Copy = copy };
        byte[] key = new byte[context.Source.KeyBytes];
        var random = new RandomSource(context.Settings.Seed + 3);
        long wrong = 0;
        for (int i = 0; i < SampleCount; i++)
        {
            long number = random.Below(context.Entries);
            context.Source.Key(key, number);
            bool found = session.Get(key, ref totals);
            if (!found || totals.CopyLength != copy.Length
                || !copy.AsSpan().SequenceEqual(context.Source.Value(number)))
                wrong++;
        }
        Outcome.Expect(wrong == 0, $"{wrong} of {SampleCount} values differ from what was loaded");
    }

    private void Read(IEngineSession session)
    {
        ReadTotals totals = default;
        byte[] key = new byte[context.Source.KeyBytes];
        var random = new RandomSource(context.Settings.Seed + 4);
        double seconds = Math.Min(ReadSeconds, context.Settings.Seconds);
        for (long start = Stopwatch.GetTimestamp();
            Stopwatch.GetElapsedTime(start).TotalSeconds < seconds;)
        {
            for (int i = 0; i < 100; i++)
            {
                context.Source.Key(key, random.Below(context.Entries));
                session.Get(key, ref totals);
            }
        }
    }
}
