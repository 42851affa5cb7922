// Whether a store holds the values it must after entries were overwritten in a random order that
// can be drawn again. Outside of anything that is timed.

using LsmMmap.Workloads.Data;
using LsmMmap.Workloads.Engines;

namespace LsmMmap.Workloads.Workloads;

internal sealed class VersionCheck(WorkloadContext context)
{
    private const int SampleCount = 1_000;

    private readonly byte[] _key = new byte[context.Source.KeyBytes];
    private ReadTotals _totals = new() { Copy = new byte[context.Source.ValueBytes] };

    /// <summary>Expects the first values of a sample of entries.</summary>
    public void Loaded(Outcome outcome)
    {
        using IEngineSession session = context.Engine.OpenSession();
        var random = new RandomSource(context.Settings.Seed + 3);
        long wrong = 0;
        for (int i = 0; i < SampleCount; i++)
            wrong += Has(session, random.Below(context.Entries), version: 0) ? 0 : 1;
        outcome.Expect(wrong == 0, $"{wrong} of {SampleCount} values differ from what was loaded");
    }

    /// <summary>Expects the second value of what was overwritten first, and one of both of a sample
    /// of everything. <paramref name="drawn"/> is where the overwriting began to draw.</summary>
    public void Overwritten(Outcome outcome, RandomSource drawn, long count)
    {
        using IEngineSession session = context.Engine.OpenSession();
        int sample = (int)Math.Min(SampleCount, count);
        long old = 0;
        for (int i = 0; i < sample; i++)
            old += Has(session, drawn.Below(context.Entries), version: 1) ? 0 : 1;
        outcome.Expect(old == 0, $"{old} of {sample} overwritten entries have another value");
        var random = new RandomSource(context.Settings.Seed + 3);
        long wrong = 0;
        for (int i = 0; i < SampleCount; i++)
        {
            long number = random.Below(context.Entries);
            wrong += Has(session, number, version: 0) || Has(session, number, version: 1) ? 0 : 1;
        }
        outcome.Expect(wrong == 0, $"{wrong} of {SampleCount} values were never written");
    }

    private bool Has(IEngineSession session, long number, int version)
    {
        context.Source.Key(_key, number);
        return session.Get(_key, ref _totals) && _totals.CopyLength == _totals.Copy!.Length
            && _totals.Copy.AsSpan().SequenceEqual(context.Source.Value(number, version));
    }
}
