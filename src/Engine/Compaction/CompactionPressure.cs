// How far the tables are behind, for the throttle of writes. Figures only; what delay follows
// from them is the throttle's matter.

namespace LsmMmap.Engine.Compaction;

/// <param name="Level0Count">Tables on level 0, those being compacted included.</param>
/// <param name="Level0Trigger">The count at which a compaction is due: 1 x is normal.</param>
/// <param name="Level0Max">The count at which writers stop.</param>
/// <param name="DebtBytes">Bytes above what the levels should hold: what compactions still have
/// to move. Large after a change of style or options without harm to reads or writes.</param>
/// <param name="BaseBytes">The unit for the debt: bytes of one usual merge of level 0.</param>
internal readonly record struct CompactionPressure(
    int Level0Count, int Level0Trigger, int Level0Max, long DebtBytes, long BaseBytes)
{
    /// <summary>1 when a compaction of level 0 is due, n when n of them are.</summary>
    public double Level0Load => (double)Level0Count / Level0Trigger;

    /// <summary>The debt in units of one usual merge of level 0.</summary>
    public double DebtLoad => (double)DebtBytes / BaseBytes;
}
