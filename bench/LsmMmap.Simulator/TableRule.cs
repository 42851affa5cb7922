// Rules for which table of a level goes down first, to compare with the engine's own.

using System.Buffers.Binary;
using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.Versions;

namespace LsmMmap.Simulator;

internal enum PickRule
{
    /// <summary>The engine's own.</summary>
    Engine,

    /// <summary>The table with the least overlap for its bytes.</summary>
    LeastOverlap,

    /// <summary>The table that was written first.</summary>
    Oldest,

    /// <summary>The next one by key after the one taken last.</summary>
    RoundRobin,
}

internal sealed class TableRule(PickRule rule)
{
    // By level: the first key of the table taken last.
    private readonly ulong[] _taken = new ulong[TreeVersion.LevelCount];

    /// <summary>null leaves it to the engine.</summary>
    public Func<int, TableInfo, long, double>? Cost => rule switch
    {
        PickRule.LeastOverlap =>
            static (_, table, overlapBytes) => (double)overlapBytes / table.FileBytes,
        PickRule.Oldest => static (_, table, _) => table.Number,
        // One behind the last one comes first, one at or before it after all others.
        PickRule.RoundRobin => (level, table, _) => FirstKey(table) - _taken[level] - 1,
        _ => null,
    };

    public void Took(CompactionPlan plan) =>
        _taken[plan.TopLevel] = FirstKey(plan.Inputs[0].Table.Info);

    private static ulong FirstKey(TableInfo table) =>
        BinaryPrimitives.ReadUInt64BigEndian(table.SmallestKey);
}
