// Where a compaction is divided, so that several threads can merge it, or so that it can commit
// part by part: at the smallest keys of tables of its deepest input level, which share no key, so
// that about the same bytes of that level lie in each part. Newer inputs are taken to be spread as
// those are. A part holds all versions of its keys, and so it can be merged without looking at the
// others.
// Threads: any; pure.

using System.Diagnostics;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Compaction;

internal static class SubRanges
{
    /// <summary>Tables' worth of input that a thread is worth having for.</summary>
    public const int TablesOfThread = 4;

    /// <summary>Tables' worth of input that a commit is worth making for: what a compaction writes
    /// before it gives anything back.</summary>
    public const int TablesOfCommit = 2;

    /// <summary>The keys that the second part and those behind it begin with, ascending; none
    /// when the compaction is better left whole. A part has <paramref name="tables"/> tables'
    /// worth of input at least.</summary>
    public static byte[][] Cuts(CompactionPlan plan, int partsMax, int tables, long tableBytes)
    {
        int parts = (int)Math.Min(partsMax, plan.InputBytes / (tables * tableBytes));
        int deepest = plan.Inputs.Max(static input => input.Level);
        if (parts < 2 || deepest == 0 || plan.OutputLevel == 0)
            return [];
        Table[] deep = TreeVersion.Sorted(deepest, plan.Inputs
            .Where(input => input.Level == deepest).Select(static input => input.Table));
        long levelBytes = deep.Sum(static table => table.Info.FileBytes);
        var cuts = new List<byte[]>();
        long before = deep[0].Info.FileBytes;
        foreach (Table table in deep.AsSpan(1))
        {
            if (before >= levelBytes * (cuts.Count + 1) / parts)
                cuts.Add(table.Info.SmallestKey);
            before += table.Info.FileBytes;
        }
        Debug.Assert(cuts.Count < parts, "there are no more parts than were asked for");
        return [.. cuts];
    }
}
