// What running compactions have laid hands on: their inputs, and the levels and keys that their
// outputs will appear in. A new plan is allowed when it shares no table with them and, where
// keys meet, lies wholly above or wholly below.
//
// Wholly above: its outputs stay above everything the other takes. Wholly below: its inputs lie
// below everything the other writes. Both keep newer versions above older ones whichever ends
// first, and both leave the other's knowledge of older tables on the safe side, because a
// compaction's inputs stay in the version until its outputs replace them.
//
// A table that is marked as compacting but belongs to no plan that was named is taken as part of
// one unknown compaction that may write to any level below it.
// Threads: under the store's lock.

using System.Diagnostics;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Compaction;

internal sealed class CompactionClaims
{
    private readonly List<Claim> _claims = [];

    // Index of the newest compacting table of level 0; the table count when there is none.
    private readonly int _newestLevel0;
    private readonly TreeVersion _version;

    private CompactionClaims(TreeVersion version)
    {
        _version = version;
        ReadOnlySpan<Table> tables = version.Tables(0);
        int at = 0;
        while (at < tables.Length && !tables[at].IsCompacting)
            at++;
        _newestLevel0 = at;
    }

    public static CompactionClaims Of(
        TreeVersion version, IReadOnlyList<CompactionPlan>? running)
    {
        var claims = new CompactionClaims(version);
        var named = new HashSet<Table>();
        foreach (CompactionPlan plan in running ?? [])
        {
            claims._claims.Add(new Claim(plan.Keys, plan.TopLevel, plan.OutputLevel));
            foreach ((_, Table table) in plan.Inputs)
                named.Add(table);
            named.UnionWith(plan.Installed);
        }
        Claim? unknown = null;
        for (int level = 0; level < TreeVersion.LevelCount; level++)
        {
            foreach (Table table in version.Tables(level))
            {
                if (!table.IsCompacting || named.Contains(table))
                    continue;
                unknown = unknown is { } claim
                    ? claim with { Keys = claim.Keys.With(table) }
                    : new Claim(KeyRange.Of(table), level, TreeVersion.LevelCount - 1);
            }
        }
        if (unknown is { } found)
            claims._claims.Add(found);
        return claims;
    }

    /// <summary>Whether tables of level 0 are on their way down and none are being merged among
    /// themselves.</summary>
    public bool Level0GoesDown =>
        _claims.Exists(static claim => claim.TopLevel == 0 && claim.OutputLevel > 0)
        && !_claims.Exists(static claim => claim.OutputLevel == 0);

    /// <summary>Whether a compaction of these inputs may run beside the others.</summary>
    public bool Allow(IReadOnlyList<(int Level, Table Table)> inputs, int outputLevel)
    {
        int topLevel = outputLevel;
        foreach ((int level, Table table) in inputs)
        {
            if (table.IsCompacting)
                return false;
            topLevel = Math.Min(topLevel, level);
        }
        return _claims.Count == 0
            || AllowKeys(KeyRange.Of(inputs), topLevel, outputLevel)
            || (outputLevel == 0 && IsNewerThanAll(inputs));
    }

    /// <summary>The same for inputs that are known to be free and not all of level 0.</summary>
    public bool AllowKeys(KeyRange keys, int topLevel, int outputLevel)
    {
        Debug.Assert(topLevel <= outputLevel, "data moves down only");
        foreach (Claim claim in _claims)
        {
            bool isAbove = outputLevel < claim.TopLevel;
            bool isBelow = topLevel > claim.OutputLevel;
            if (!isAbove && !isBelow && claim.Keys.Overlaps(keys))
                return false;
        }
        return true;
    }

    // A merge of level-0 tables that stays on level 0 and is newer than all that is taken there.
    private bool IsNewerThanAll(IReadOnlyList<(int Level, Table Table)> inputs)
    {
        ReadOnlySpan<Table> tables = _version.Tables(0);
        foreach ((int level, Table table) in inputs)
        {
            Debug.Assert(level == 0, "what ends on level 0 began there");
            if (tables.IndexOf(table) > _newestLevel0)
                return false;
        }
        return true;
    }

    private readonly record struct Claim(KeyRange Keys, int TopLevel, int OutputLevel);
}
