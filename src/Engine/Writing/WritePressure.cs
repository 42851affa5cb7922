// How close writers are to a stop, and what would have to be paid off: the worst of all that
// background work owes. Below a half nothing is done; from there to one writes are delayed.
//
// Only what background work can pay off counts: memtables not yet flushed, and level 0. A group
// larger than the whole budget is admitted alone, once nothing else is unflushed.
// Threads: under the store's lock.

using System.Diagnostics;
using LsmMmap.Engine.Compaction;
using LsmMmap.Engine.State;

namespace LsmMmap.Engine.Writing;

/// <param name="Load">0 nothing owed, 1 and above stop.</param>
/// <param name="Cause">What the load stems from; DiskSpace when that waits for space.</param>
internal readonly record struct WritePressure(double Load, StallReason Cause)
{
    public const double DelayFrom = 0.5;

    private const int FrozenMax = 4;
    private const double DebtLoadMax = 64;

    /// <summary>Why writers are held back; None when they are not.</summary>
    public StallReason Reason => Load < DelayFrom ? StallReason.None : Cause;

    /// <param name="state">Its lock is held.</param>
    /// <param name="groupBytes">What is about to be written.</param>
    /// <param name="owed">What compaction owes in a tree.</param>
    public static WritePressure Of(
        StoreState state, long groupBytes, Func<KeyspaceTree, CompactionPressure> owed)
    {
        Debug.Assert(state.Gate.IsHeld, "the trees are under the store's lock");
        long budgetBytes = state.Services.Options.MemtableBudgetBytes;
        long unflushedBytes = 0;
        bool anyFrozen = false;
        double memtables = 0;
        double level0 = 0;
        double debt = 0;
        foreach (KeyspaceTree tree in state.Trees)
        {
            unflushedBytes += tree.UnflushedBytes();
            anyFrozen |= tree.Frozen.Count > 0;
            memtables = Math.Max(memtables, (double)tree.Frozen.Count / FrozenMax);
            CompactionPressure pressure = owed(tree);
            level0 = Math.Max(level0, (double)pressure.Level0Count / pressure.Level0Max);
            // Deep debt slows writers but never stops them: it may stem from a change of
            // options and then harms nobody.
            debt = Math.Max(debt, Math.Min(0.9, pressure.DebtLoad / DebtLoadMax));
        }
        // With nothing frozen there is nothing to wait for: the group is admitted alone.
        if (anyFrozen)
            memtables = Math.Max(memtables, (double)(unflushedBytes + groupBytes) / budgetBytes);
        if (memtables >= level0 && memtables >= debt)
            return new(memtables, state.PauseCause != null
                ? StallReason.DiskSpace : StallReason.Memtables);
        bool waitsForSpace = state.PauseCause != null || state.CompactionPause != null;
        StallReason cause = waitsForSpace ? StallReason.DiskSpace
            : level0 >= debt ? StallReason.Level0 : StallReason.CompactionDebt;
        return new(Math.Max(level0, debt), cause);
    }
}
