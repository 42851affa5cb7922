// The real data: the .NET API documentation is loaded member by member, then looked up by Zipf's
// law and listed by prefixes (all members of a type).

using LsmMmap.Workloads.Data;
using LsmMmap.Workloads.Engines;
using LsmMmap.Workloads.Measuring;

namespace LsmMmap.Workloads.Workloads;

internal static class ApiWorkloads
{
    private const double Theta = 0.99;

    public static Outcome Load(WorkloadContext context)
    {
        ApiMembers members = context.Members;
        Measured measured = context.Meter.Run(
            1, context.ForWrites(members.Count), _ => new ApiPutOperation(members));
        return new Outcome(measured)
        {
            UserBytes = members.Bytes,
            LiveBytes = members.Bytes,
            ExpectedEntries = measured.Operations,
            Note = members.Description,
        };
    }

    public static Outcome Get(WorkloadContext context)
    {
        ApiMembers members = context.Members;
        var ranks = new ZipfRanks(members.Count, Theta, context.Settings.Seed);
        Outcome warm = Warm(context);
        Measured measured = context.Meter.Run(
            1, context.ForReads, _ => new ApiGetOperation(members, ranks));
        return Checked(context, warm, measured)
            .Expect(measured.Totals.Wrong == 0, $"{measured.Totals.Wrong} wrong answers")
            .Expect(measured.Totals.Hits == measured.Operations, "a lookup missed");
    }

    public static Outcome Prefix(WorkloadContext context)
    {
        ApiMembers members = context.Members;
        Outcome warm = Warm(context);
        Measured measured = context.Meter.Run(
            1, context.ForScans, _ => new ApiPrefixOperation(
                members, new RandomSource(context.Settings.Seed)));
        Outcome outcome = Checked(context, warm, measured)
            .Expect(measured.Totals.Wrong == 0, $"{measured.Totals.Wrong} wrong answers");
        outcome.Extra["membersPerSecond"] =
            Math.Round(measured.Totals.Hits / measured.Seconds);
        return outcome;
    }

    private static Outcome Checked(WorkloadContext context, Outcome warm, Measured measured)
    {
        var outcome = new Outcome(measured)
        {
            LiveBytes = context.Members.Bytes,
            Note = context.Members.Description,
        };
        outcome.Problems.AddRange(warm.Problems);
        return outcome;
    }

    // Every member once, compared with the file it came from.
    private static Outcome Warm(WorkloadContext context)
    {
        var outcome = new Outcome(null!);
        ApiMembers members = context.Members;
        using IEngineSession session = context.Engine.OpenSession();
        ReadTotals totals = new() { Copy = new byte[1 << 20] };
        long wrong = 0;
        for (int i = 0; i < members.Count; i++)
        {
            bool found = session.Get(members.Key(i), ref totals);
            ReadOnlySpan<byte> value = members.Value(i);
            if (!found || totals.CopyLength != value.Length
                || !totals.Copy.AsSpan(0, value.Length).SequenceEqual(value))
                wrong++;
        }
        return outcome.Expect(wrong == 0, $"{wrong} members differ from their files");
    }
}

internal struct ApiPutOperation(ApiMembers members) : IOperation
{
    public readonly long Run(IEngineSession session, long index, ref ReadTotals totals)
    {
        session.Put(members.Key((int)index), members.Value((int)index));
        return 1;
    }
}

internal struct ApiGetOperation(ApiMembers members, ZipfRanks ranks) : IOperation
{
    public readonly long Run(IEngineSession session, long index, ref ReadTotals totals)
    {
        int member = (int)ranks.Scattered(index, members.Count);
        long before = totals.Bytes;
        if (!session.Get(members.Key(member), ref totals)
            || totals.Bytes - before != members.Value(member).Length)
            totals.Wrong++;
        return 1;
    }
}

internal struct ApiPrefixOperation(ApiMembers members, RandomSource random) : IOperation
{
    private RandomSource _random = random;

    public long Run(IEngineSession session, long index, ref ReadTotals totals)
    {
        (byte[] prefix, int count) = members.Prefixes[(int)_random.Below(members.Prefixes.Count)];
        if (session.ScanPrefix(prefix, ref totals) != count)
            totals.Wrong++;
        return 1;
    }
}
