// The core workloads of YCSB (Cooper et al. 2010), one client thread, on records of one field:
//   A  half reads, half updates      B  95 % reads, 5 % updates     C  reads
//   D  95 % reads of the latest, 5 % inserts                        E  95 % scans, 5 % inserts
//   F  half reads, half read-modify-writes
// Keys by Zipf's law with 0.99, scattered over all entries, except D, where the newest are the most
// frequent. Scans are of 1 to 100 entries.

using LsmMmap.Workloads.Data;
using LsmMmap.Workloads.Engines;
using LsmMmap.Workloads.Measuring;

namespace LsmMmap.Workloads.Workloads;

/// <summary>Percentages of the kinds of operations; what is left over reads.</summary>
internal readonly record struct YcsbMix(
    int Update, int Insert, int Scan, int ReadModifyWrite, bool Latest)
{
    public static YcsbMix Of(char letter) => letter switch
    {
        'a' => new YcsbMix(50, 0, 0, 0, false),
        'b' => new YcsbMix(5, 0, 0, 0, false),
        'c' => new YcsbMix(0, 0, 0, 0, false),
        'd' => new YcsbMix(0, 5, 0, 0, true),
        'e' => new YcsbMix(0, 5, 95, 0, false),
        'f' => new YcsbMix(0, 0, 0, 50, false),
        _ => throw new ArgumentOutOfRangeException(nameof(letter)),
    };
}

/// <summary>What the operations did; shared with the workload, which checks it.</summary>
internal sealed class YcsbCounts
{
    public long Reads { get; set; }

    public long Writes { get; set; }

    public long Inserts { get; set; }

    public long Scanned { get; set; }
}

internal static class YcsbWorkloads
{
    private const double Theta = 0.99;

    public static Outcome Run(WorkloadContext context, char letter)
    {
        Outcome warm = ReadWorkloads.Warm(context);
        var ranks = new ZipfRanks(context.Entries, Theta, context.Settings.Seed + letter);
        var counts = new YcsbCounts();
        Measured measured = context.Meter.Run(
            1, context.ForReads with { TimeEvery = 4 },
            _ => new YcsbOperation(
                context.Source, context.Entries, YcsbMix.Of(letter), ranks, counts,
                new RandomSource(context.Settings.Seed * 31 + letter)));
        long entries = context.Entries + counts.Inserts;
        Outcome outcome = ReadWorkloads.Checked(context, warm, measured)
            .ExpectHits(counts.Reads + counts.Scanned, context.Source.ValueBytes);
        outcome.UserBytes = (counts.Writes + counts.Inserts) * context.Source.EntryBytes;
        outcome.LiveBytes = entries * context.Source.EntryBytes;
        outcome.ExpectedEntries = entries;
        return outcome;
    }
}

internal struct YcsbOperation(
    EntrySource source, long count, YcsbMix mix, ZipfRanks ranks, YcsbCounts counts,
    RandomSource random) : IOperation
{
    private const int ScanEntriesMax = 100;

    private readonly byte[] _key = new byte[source.KeyBytes];
    private RandomSource _random = random;
    private long _count = count;

    public long Run(IEngineSession session, long index, ref ReadTotals totals)
    {
        int dice = (int)_random.Below(100);
        if ((dice -= mix.Insert) < 0)
            Insert(session);
        else if ((dice -= mix.Update) < 0)
            Update(session, Draw(index));
        else if ((dice -= mix.Scan) < 0)
            Scan(session, Draw(index), ref totals);
        else if ((dice - mix.ReadModifyWrite) < 0)
        {
            long number = Draw(index);
            Read(session, number, ref totals);
            Update(session, number);
        }
        else
            Read(session, Draw(index), ref totals);
        return 1;
    }

    private readonly long Draw(long index) => mix.Latest
        ? _count - 1 - ranks.Rank(index) : ranks.Scattered(index, _count);

    private readonly void Read(IEngineSession session, long number, ref ReadTotals totals)
    {
        source.Key(_key, number);
        counts.Reads++;
        if (!session.Get(_key, ref totals))
            totals.Wrong++;
    }

    private readonly void Update(IEngineSession session, long number)
    {
        source.Key(_key, number);
        counts.Writes++;
        session.Put(_key, source.Value(number, version: 1));
    }

    private void Insert(IEngineSession session)
    {
        long number = _count++;
        source.Key(_key, number);
        counts.Inserts++;
        session.Put(_key, source.Value(number));
    }

    private void Scan(IEngineSession session, long number, ref ReadTotals totals)
    {
        int entries = 1 + (int)_random.Below(ScanEntriesMax);
        source.Key(_key, number);
        int seen = session.Scan(_key, entries, ref totals);
        counts.Scanned += seen;
        if (seen != Math.Min(entries, _count - number))
            totals.Wrong++;
    }
}
