// What one compaction takes and where it puts the result. Immutable but for what of the result is
// in the tree already; made under the store's lock from one version. It stays right while others
// work, because the picker lets nothing start that would reach into it (CompactionClaims). Whoever
// runs it keeps the inputs alive.
//
// Invariants, each of which guards against losing data in silence (asserted when it is made):
// 1. An input of level 0 comes with every older table of level 0 that overlaps it, unless the
//    result stays on level 0; then the inputs are neighbours in age.
// 2. Every table of the output level that meets the hull of the inputs is an input.
// 3. No table between the topmost input's level and the output level meets the keys that come
//    from above it, unless it is an input.
// So no version ever lands below an older one, and a sorted level never overlaps itself.

using System.Diagnostics;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Engine.Compaction;

internal enum CompactionReason
{
    /// <summary>Level 0 has too many tables or bytes.</summary>
    Level0Count,

    /// <summary>Level 0 grows while a compaction of it runs: its newest tables become one.
    /// </summary>
    Level0Newest,

    /// <summary>A sorted level is above its target.</summary>
    LevelSize,

    /// <summary>Tables are mostly tombstones.</summary>
    Tombstones,

    /// <summary>Most entries of a table are over.</summary>
    Expired,

    /// <summary>The user asked.</summary>
    Manual,

    /// <summary>Too many sorted runs (tiered).</summary>
    TieredRuns,

    /// <summary>The newer runs outweigh the oldest one (tiered).</summary>
    TieredSpace,
}

internal sealed class CompactionPlan
{
    /// <summary>An output table overlaps at most this many full tables of the level below its
    /// own, so that moving it on stays cheap.</summary>
    public const int GrandparentTablesMax = 10;

    private readonly OlderTables _older;
    private readonly List<Table> _installed = [];

    private CompactionPlan(
        TreeVersion version, KeyspaceOptions options, CompactionReason reason, string why,
        int outputLevel, IReadOnlyList<(int Level, Table Table)> inputs)
    {
        Reason = reason;
        Why = why;
        OutputLevel = outputLevel;
        Inputs = inputs;
        Keys = KeyRange.Of(inputs);
        TopLevel = outputLevel;
        foreach ((int level, Table table) in inputs)
        {
            TopLevel = Math.Min(TopLevel, level);
            InputBytes += table.Info.FileBytes;
        }
        _older = OlderTables.Of(version, inputs, Keys);
        Grandparents = outputLevel is 0 or TreeVersion.LevelCount - 1
            ? []
            : [.. version.Overlapping(outputLevel + 1, Keys)];
        IsTrivialMove = MayMove(options);
        AssertInvariants(version);
    }

    public CompactionReason Reason { get; }

    /// <summary>One sentence with the figures that led to it.</summary>
    public string Why { get; }

    public int OutputLevel { get; }

    /// <summary>The tables to merge, with the level each lies on.</summary>
    public IReadOnlyList<(int Level, Table Table)> Inputs { get; }

    /// <summary>The hull of the inputs' keys; outputs lie inside.</summary>
    public KeyRange Keys { get; }

    /// <summary>The level of the topmost input.</summary>
    public int TopLevel { get; }

    public long InputBytes { get; }

    /// <summary>When the newest entry of the inputs was flushed; 0 when it is not known.</summary>
    /// <remarks>A table without a time is of an older version, and older than any that has one.
    /// </remarks>
    public long WrittenAtMs => Inputs.Max(static input => input.Table.Info.WrittenAtMs);

    /// <summary>Whether the result must be one table: level 0 orders whole tables by age, so a
    /// run there must not be cut.</summary>
    public bool SingleOutput => OutputLevel == 0;

    /// <summary>Whether the inputs may change level as they are, without being read.</summary>
    public bool IsTrivialMove { get; }

    /// <summary>Tables of the level below the output that meet the hull, in key order.</summary>
    public Table[] Grandparents { get; }

    /// <summary>Whether no table outside can hold an older version of any key of the
    /// inputs.</summary>
    public bool IsBottom => _older.IsEmpty;

    /// <summary>
    /// Whether a Put that nobody can need an older version of may lose its sequence. Not on
    /// level 0, whose tables are ordered by their sequences.
    /// </summary>
    public bool MayZeroSequences => OutputLevel > 0;

    /// <summary>Inputs must not be compacting; they are not marked here.</summary>
    public static CompactionPlan Of(
        TreeVersion version, KeyspaceOptions options, CompactionReason reason, string why,
        int outputLevel, IReadOnlyList<(int Level, Table Table)> inputs) =>
        new(version, options, reason, why, outputLevel, inputs);

    /// <summary>A walk that answers, for ascending keys, whether a table outside may hold an
    /// older version. Each merge takes its own.</summary>
    public OlderTables WalkOlder() => _older.NewWalk();

    /// <summary>The same answer for one key in any order; for tests and tools.</summary>
    public bool MayHoldOlder(ReadOnlySpan<byte> userKey) => WalkOlder().MayHold(userKey);

    /// <summary>Outputs that are in the tree while the rest of the plan is merged. Under the
    /// store's lock.</summary>
    public IReadOnlyList<Table> Installed => _installed;

    /// <summary>A part's output is in the tree, and taken like an input: what it was merged from
    /// stands above it, and range tombstones there that it has outlived would have it dropped.
    /// Under the store's lock.</summary>
    public void TakeInstalled(Table output)
    {
        Debug.Assert(!output.IsCompacting, "nobody has seen it yet");
        output.IsCompacting = true;
        _installed.Add(output);
    }

    /// <summary>Marks the inputs as taken, or unmarks them and what was installed. Under the
    /// store's lock.</summary>
    public void MarkInputs(bool compacting)
    {
        foreach (Table table in _installed)
            table.IsCompacting = compacting;
        foreach ((_, Table table) in Inputs)
        {
            Debug.Assert(table.IsCompacting != compacting, "a table has one taker");
            table.IsCompacting = compacting;
        }
    }

    // Moving is right when nothing has to be merged, dropped or encoded anew. Tombstones that
    // reach their bottom are worth a rewrite, because nothing would look at them again.
    private bool MayMove(KeyspaceOptions options)
    {
        bool isOneLevel = Inputs.All(input => input.Level == TopLevel);
        if (!isOneLevel || TopLevel == OutputLevel
            || options.CompressionOf(TopLevel) != options.CompressionOf(OutputLevel))
        {
            return false;
        }
        bool isLast = OutputLevel == TreeVersion.LevelCount - 1;
        foreach ((_, Table table) in Inputs)
        {
            if (IsBottom && table.Info.TombstoneCount > 0)
                return false;
            if (Reason == CompactionReason.Manual && isLast && table.Info.LargestSequence > 0)
                return false;
            if (GrandparentBytes(table) > GrandparentTablesMax * options.TableBytes)
                return false;
        }
        return TopLevel > 0 || ShareNoKey();
    }

    private bool ShareNoKey()
    {
        Table[] sorted = TreeVersion.Sorted(1, Inputs.Select(static input => input.Table));
        for (int i = 1; i < sorted.Length; i++)
        {
            if (!sorted[i - 1].Info.Keys.EndsBefore(sorted[i].Info.SmallestKey))
                return false;
        }
        return true;
    }

    private long GrandparentBytes(Table table)
    {
        long bytes = 0;
        KeyRange keys = KeyRange.Of(table);
        foreach (Table grandparent in Grandparents)
        {
            if (keys.Overlaps(grandparent))
                bytes += grandparent.Info.FileBytes;
        }
        return bytes;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants(TreeVersion version)
    {
        var taken = new HashSet<Table>(Inputs.Select(static input => input.Table));
        Debug.Assert(taken.Count == Inputs.Count, "an input is taken once");
        Debug.Assert(taken.All(static t => !t.IsCompacting), "inputs are free");
        Debug.Assert(Inputs.All(i => i.Level <= OutputLevel), "data moves down only");
        AssertLevel0(version, taken);
        // What is taken so far comes from above; no table below it may stand in its way.
        KeyRange? above = null;
        foreach (Table table in version.Tables(0))
        {
            if (taken.Contains(table))
                above = above is { } keys ? keys.With(table) : KeyRange.Of(table);
        }
        for (int level = 1; level <= OutputLevel; level++)
        {
            KeyRange? blocked = level == OutputLevel ? Keys : above;
            foreach (Table table in version.Tables(level))
            {
                Debug.Assert(
                    blocked is not { } keys || taken.Contains(table) || !keys.Overlaps(table),
                    "no table is passed by or overlapped by the outputs");
            }
            foreach (Table table in version.Tables(level))
            {
                if (taken.Contains(table))
                    above = above is { } keys ? keys.With(table) : KeyRange.Of(table);
            }
        }
    }

    private void AssertLevel0(TreeVersion version, HashSet<Table> taken)
    {
        ReadOnlySpan<Table> tables = version.Tables(0);
        int first = tables.Length;
        int last = -1;
        for (int i = 0; i < tables.Length; i++)
        {
            if (!taken.Contains(tables[i]))
                continue;
            first = Math.Min(first, i);
            last = i;
            for (int older = i + 1; OutputLevel > 0 && older < tables.Length; older++)
            {
                KeyRange keys = KeyRange.Of(tables[i]);
                Debug.Assert(
                    taken.Contains(tables[older]) || !keys.Overlaps(tables[older]),
                    "no version passes below an older one of level 0");
            }
        }
        for (int i = first; OutputLevel == 0 && i <= last; i++)
            Debug.Assert(taken.Contains(tables[i]), "a run of level 0 is made of neighbours");
    }
}
